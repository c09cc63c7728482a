//! The server that a program names: a host and a port.

use crate::error::{Error, ErrorKind, Result};

/// a host, not a URL.
pub(super) fn check_host(hostname: &str) -> Result<&str> {
    let host = hostname.trim();
    if host.is_empty() {
        return Err(Error::new(ErrorKind::EmptyHost, "The host name is empty.")
            .advise("Pass a name such as \"example.com\", or an address."));
    }
    let wrong = |c: char| c.is_whitespace() || c.is_control() || "/?#@\\\"<>".contains(c);
    // An IPv6 address has more colons, or brackets.
    let port = |(name, port): (&str, &str)| {
        (name.ends_with(']') || !name.contains(':')) && !port.contains(']')
    };
    if host.contains(wrong) || host.rsplit_once(':').is_some_and(port) {
        return Err(Error::new(
            ErrorKind::Argument,
            format!("{:?} is not a host name.", without_secrets(host)),
        )
        .advise(
            "Pass the host alone, such as \"example.com\"; the port, TLS and the path are \
             arguments of their own.",
        ));
    }
    Ok(host)
}

/// a URL given by mistake may hold a password, and a token in its query.
fn without_secrets(host: &str) -> String {
    let (host, query) = host.split_once('?').map_or((host, ""), |(host, _)| (host, "?..."));
    format!("{}{query}", without_userinfo(host))
}

fn without_userinfo(host: &str) -> String {
    let Some((userinfo, rest)) = host.rsplit_once('@') else { return host.to_owned() };
    match userinfo.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://...@{rest}"),
        None => format!("...@{rest}"),
    }
}

pub(super) fn check_port(port: i32) -> Result<u16> {
    u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| {
        Error::new(ErrorKind::Argument, format!("{port} is not a port."))
            .advise("Pass 1 to 65535; usually 80, or 443 with TLS.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r01_only_a_host_is_a_host() {
        for good in
            ["example.com", " example.com ", "127.0.0.1", "::1", "[::1]", "b\u{fc}cher.example"]
        {
            assert!(check_host(good).is_ok(), "{good}");
        }
        for bad in [
            "ws://example.com",
            "example.com/path",
            "a b",
            "a\r\nb",
            "u@h",
            "h#f",
            "h?q",
            "example.com:80",
            "[::1]:80",
        ] {
            let error = check_host(bad).unwrap_err();
            assert_eq!(error.kind().connect_fail_reason(), 7, "{bad}");
        }
        assert_eq!(check_host(" ").unwrap_err().kind().connect_fail_reason(), 1);
    }

    #[test]
    fn r60_a_password_in_a_url_is_not_repeated() {
        for host in [
            "wss://me:secret@example.com",
            "me:secret@example.com",
            "me:sec@ret@h",
            "ws://example.com/?t=secret",
        ] {
            let error = check_host(host).unwrap_err();
            assert!(!error.message().contains("sec"), "{error}");
        }
    }
}
