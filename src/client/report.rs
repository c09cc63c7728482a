//! LastErrorText, LastErrorXml and LastErrorHtml: one call, what it tried, why it failed.

use std::fmt::Write;

use crate::error::Error;
use crate::log::{Entry, Log};

/// What is known about one finished call.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The class, such as `WebSocket`.
    pub class: &'static str,
    /// The method, such as `SendFrame`; empty when nothing was called yet.
    pub method: &'static str,
    /// What the call tried.
    pub log: Log,
    /// Why it failed; `None` after success.
    pub error: Option<Error>,
}

impl Report {
    /// As text for a person: two blanks of indentation a level.
    pub fn to_text(&self) -> String {
        self.render(&mut Text::default())
    }

    /// As XML: an element a level and a fact.
    pub fn to_xml(&self) -> String {
        self.render(&mut Xml::default())
    }

    /// As HTML: nested lists.
    pub fn to_html(&self) -> String {
        self.render(&mut Html::default())
    }

    fn render(&self, out: &mut impl Render) -> String {
        if self.method.is_empty() {
            return String::new();
        }
        out.begin(&format!("{}.{}", self.class, self.method));
        out.fact("version", env!("CARGO_PKG_VERSION"));
        let mut open = 0_usize;
        for entry in self.log.entries() {
            match entry {
                Entry::Enter(name) => {
                    out.enter(name);
                    open += 1;
                }
                Entry::Info(key, value) => out.fact(key, value),
                Entry::Leave if open > 0 => {
                    out.leave();
                    open -= 1;
                }
                Entry::Leave => {}
            }
        }
        for _ in 0..open {
            out.leave();
        }
        match &self.error {
            None => out.fact("result", "Success."),
            Some(error) => {
                out.fact("error", error.message());
                if let Some(advice) = error.advice() {
                    out.fact("what to do", advice);
                }
                out.fact("result", "Failed.");
            }
        }
        out.end()
    }
}

trait Render {
    fn begin(&mut self, call: &str);
    fn enter(&mut self, name: &str);
    fn leave(&mut self);
    fn fact(&mut self, key: &str, value: &str);
    fn end(&mut self) -> String;
}

#[derive(Default)]
struct Text {
    out: String,
    depth: usize,
}

impl Text {
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.out, "{:1$}{text}", "", self.depth * 2);
    }
}

impl Render for Text {
    fn begin(&mut self, call: &str) {
        self.enter(call);
    }

    fn enter(&mut self, name: &str) {
        self.line(format_args!("{name}:"));
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn fact(&mut self, key: &str, value: &str) {
        self.line(format_args!("{key}: {}", value.trim_end()));
    }

    fn end(&mut self) -> String {
        std::mem::take(&mut self.out)
    }
}

#[derive(Default)]
struct Xml {
    out: String,
    open: Vec<String>,
}

impl Render for Xml {
    fn begin(&mut self, call: &str) {
        let _ = writeln!(self.out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        let _ = writeln!(self.out, "<log call=\"{}\">", escape(call));
        self.open.push("log".into());
    }

    fn enter(&mut self, name: &str) {
        let _ =
            writeln!(self.out, "{:1$}<part name=\"{2}\">", "", self.open.len() * 2, escape(name));
        self.open.push("part".into());
    }

    fn leave(&mut self) {
        if let Some(name) = self.open.pop() {
            let _ = writeln!(self.out, "{:1$}</{name}>", "", self.open.len() * 2);
        }
    }

    fn fact(&mut self, key: &str, value: &str) {
        let (key, value) = (escape(key), escape(value));
        let indent = self.open.len() * 2;
        let _ = writeln!(self.out, "{:indent$}<info name=\"{key}\">{value}</info>", "");
    }

    fn end(&mut self) -> String {
        while !self.open.is_empty() {
            self.leave();
        }
        std::mem::take(&mut self.out)
    }
}

#[derive(Default)]
struct Html {
    out: String,
    depth: usize,
}

impl Render for Html {
    fn begin(&mut self, call: &str) {
        let _ = writeln!(self.out, "<div class=\"openck-log\"><b>{}</b>\n<ul>", escape(call));
        self.depth = 1;
    }

    fn enter(&mut self, name: &str) {
        let _ = writeln!(self.out, "<li>{}\n<ul>", escape(name));
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.out.push_str("</ul></li>\n");
        self.depth -= 1;
    }

    fn fact(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.out, "<li>{}: {}</li>", escape(key), escape(value));
    }

    fn end(&mut self) -> String {
        self.out.push_str("</ul></div>\n");
        std::mem::take(&mut self.out)
    }
}

/// Escapes markup. Characters that XML 1.0 cannot hold become U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c < ' ' || c == '\u{FFFE}' || c == '\u{FFFF}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn report() -> Report {
        let mut log = Log::new();
        log.enter("connect");
        log.info("host", "a<b&\"c\u{1}");
        Report {
            class: "Rest",
            method: "Connect",
            log,
            error: Some(Error::new(ErrorKind::Dns, "No such host.").advise("Check the name.")),
        }
    }

    #[test]
    fn text_shows_the_tree_the_cause_and_the_advice() {
        let text = report().to_text();
        assert!(text.starts_with("Rest.Connect:\n  version: "), "{text}");
        assert!(text.contains("\n  connect:\n    host: a<b&"), "{text}");
        assert!(
            text.contains("\n  error: No such host.\n  what to do: Check the name.\n"),
            "{text}"
        );
        assert!(text.ends_with("  result: Failed.\n"), "{text}");
    }

    #[test]
    fn xml_and_html_escape_and_close_every_part() {
        let xml = report().to_xml();
        assert!(xml.contains("a&lt;b&amp;&quot;c\u{FFFD}"), "{xml}");
        assert_eq!(xml.matches("<part").count(), xml.matches("</part>").count());
        assert!(xml.trim_end().ends_with("</log>"), "{xml}");
        let html = report().to_html();
        assert_eq!(html.matches("<ul>").count(), html.matches("</ul>").count());
    }

    #[test]
    fn nothing_called_yet_is_empty_text() {
        assert_eq!(Report::default().to_text(), "");
    }
}
