//! Documentation texts: composed from the parts that `api/` gives, and wrapped as comments.

use crate::model::{Class, Common, Method, Property, Returns};

/// The text above a method: purpose, arguments, result, failure, ownership, threads.
pub(crate) fn method(method: &Method) -> String {
    let mut parts = vec![split_summary(&method.common.doc)];
    let args: Vec<_> =
        method.args.iter().map(|arg| format!("- `{}`: {}", arg.name, one_line(&arg.doc))).collect();
    if !args.is_empty() {
        parts.push(args.join("\n"));
    }
    let mut common = method.common.clone();
    // A method without a result needs no sentence that says so.
    common.result = common.result.filter(|_| method.returns != Returns::Void);
    push_facts(&mut parts, &common);
    parts.join("\n\n")
}

/// The text above a getter.
pub(crate) fn getter(property: &Property) -> String {
    let mut parts = vec![split_summary(&property.common.doc)];
    if let Some(default) = default_text(property) {
        parts.push(format!("Default: {default}."));
    }
    push_facts(&mut parts, &property.common);
    parts.join("\n\n")
}

/// A text without its paragraph on ownership, for languages that copy every result.
pub(crate) fn without_ownership(text: &str) -> String {
    let kept = text.split("\n\n").filter(|part| !part.starts_with("Ownership: "));
    kept.collect::<Vec<_>>().join("\n\n")
}

/// The text above a class.
pub(crate) fn class(class: &Class) -> String {
    split_summary(&class.doc)
}

/// The first sentence of a text.
pub(crate) fn summary(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default().trim()
}

/// Everything after the first line.
pub(crate) fn details(text: &str) -> &str {
    text.trim().split_once('\n').map_or("", |(_, rest)| rest.trim())
}

/// The default of a property as documents show it; an empty text as `""`.
pub(crate) fn default_text(property: &Property) -> Option<String> {
    let default = property.default.as_deref()?;
    Some(if default.is_empty() { "\"\"".into() } else { default.trim_end_matches('.').to_owned() })
}

/// Joins lines.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Prefixes each wrapped line, without leaving blanks at the end of empty ones.
pub(crate) fn comment(text: &str, prefix: &str, width: usize) -> String {
    let lines = wrap(text, width.saturating_sub(prefix.len()));
    lines.iter().map(|line| format!("{prefix}{line}").trim_end().to_owned() + "\n").collect()
}

/// Wraps paragraphs and list items; keeps fenced, indented and table lines as they are.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut block = Block::default();
    let mut fenced = false;
    for line in text.trim().lines() {
        let is_fence = line.trim_start().starts_with("```");
        if fenced || is_fence || line.starts_with("    ") || line.starts_with('|') {
            block.flush(width, &mut out);
            out.push(line.trim_end().to_owned());
            fenced ^= is_fence;
        } else if line.trim().is_empty() {
            block.flush(width, &mut out);
            out.push(String::new());
        } else {
            if let Some(marker) = list_marker(line) {
                block.flush(width, &mut out);
                block.indent = marker;
            }
            block.words.extend(line.split_whitespace().map(str::to_owned));
        }
    }
    block.flush(width, &mut out);
    out
}

/// A paragraph or list item being collected.
#[derive(Default)]
struct Block {
    words: Vec<String>,
    indent: usize,
}

impl Block {
    fn flush(&mut self, width: usize, out: &mut Vec<String>) {
        let mut line = String::new();
        for word in self.words.drain(..) {
            let empty = line.trim().is_empty();
            if !empty && line.chars().count() + 1 + word.chars().count() > width {
                out.push(std::mem::replace(&mut line, " ".repeat(self.indent)));
            } else if !empty {
                line.push(' ');
            }
            line.push_str(&word);
        }
        if !line.trim().is_empty() {
            out.push(line);
        }
        self.indent = 0;
    }
}

/// The width of a list marker at the start of a line: `- ` or `12. `.
fn list_marker(line: &str) -> Option<usize> {
    let (marker, _) = line.split_once(' ')?;
    let number = marker.strip_suffix('.').is_some_and(|n| n.parse::<u32>().is_ok());
    (marker == "-" || number).then_some(marker.len() + 1)
}

/// Sets the first line apart as the summary.
fn split_summary(text: &str) -> String {
    let (first, rest) = (summary(text), details(text));
    if rest.is_empty() { first.to_owned() } else { format!("{first}\n\n{rest}") }
}

fn push_facts(parts: &mut Vec<String>, common: &Common) {
    let facts = [
        ("Result", &common.result),
        ("Errors", &common.errors),
        ("Ownership", &common.ownership),
        ("Threads", &common.threads),
    ];
    for (label, text) in facts {
        if let Some(text) = text {
            parts.push(format!("{label}: {}", text.trim()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_wrap_and_lists_hang() {
        let text = "one two three\nfour\n\n- first item goes on\n- second\n    code   stays";
        let expected = vec![
            "one two",
            "three four",
            "",
            "- first",
            "  item goes",
            "  on",
            "- second",
            "    code   stays",
        ];
        assert_eq!(wrap(text, 11), expected);
    }

    #[test]
    fn comments_have_no_trailing_blanks() {
        assert_eq!(comment("a\n\nb", "/// ", 80), "/// a\n///\n/// b\n");
    }
}
