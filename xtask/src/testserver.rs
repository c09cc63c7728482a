//! The test servers, started for as long as this value lives.

use crate::context::Context;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// A running test server.
pub(crate) struct TestServer {
    child: Child,
    line: String,
}

impl TestServer {
    /// Starts it and reads the line with the ports.
    pub(crate) fn start(context: &Context) -> Result<Self, String> {
        let mut command = context.command(context.test_server());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("testserver: {error}"))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            let read = BufReader::new(output).read_line(&mut line);
            read.map_err(|error| format!("testserver: {error}"))?;
        }
        Ok(Self { child, line })
    }

    /// A value of the line of JSON: a number or a text, as text.
    pub(crate) fn value(&self, key: &str) -> Result<String, String> {
        value(&self.line, key).ok_or_else(|| format!("testserver has no {key}: {}", self.line))
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Its standard input closes, and it ends by itself.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn value(line: &str, key: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{key}\":"))?;
    let end = rest.find([',', '}'])?;
    Some(rest[..end].trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn values_are_found() {
        let line = r#"{"ws":1,"wss":23,"ca":"/tmp/ca.pem"}"#;
        assert_eq!(value(line, "wss").as_deref(), Some("23"));
        assert_eq!(value(line, "ca").as_deref(), Some("/tmp/ca.pem"));
        assert_eq!(value(line, "none"), None);
    }
}
