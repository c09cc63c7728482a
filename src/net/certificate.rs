//! Why a certificate or a handshake was refused, in words that help.

use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::error::{Error, ErrorKind};
use crate::net::server_hello::Seen;

/// The error for a failed handshake: `text` is what the TLS library says, `seen` what passed by.
pub(crate) fn handshake_failure(host: &str, text: &str, seen: &Seen) -> Error {
    if let Some(start) = &seen.stranger {
        return stranger(host, start);
    }
    let lower = text.to_lowercase();
    if lower.contains("certificate verify failed") || cause(&lower).is_some() {
        return refused_certificate(host, text, &lower, seen);
    }
    let old = seen.version.is_some_and(|version| version < 0x0303);
    if old || seen.alert == Some(70) || lower.contains("protocol version") {
        return no_common_version(host, text, seen);
    }
    if lower.contains("peer did not return a certificate") {
        let message = format!("The server {host} sent no certificate.");
        return Error::new(ErrorKind::TlsNoCertificate, message);
    }
    let reason = seen.alert.map_or_else(|| text.to_owned(), alert);
    let message = format!("The TLS handshake with {host} failed: {reason}.");
    Error::new(ErrorKind::TlsHandshake, message).advise(match seen.alert {
        Some(40) => "The server found no cipher suite, key or signature type in common.",
        Some(112) => "The server does not serve this host name; check the name.",
        Some(42 | 116) => "The server asks for a client certificate.",
        _ => "Check the host and port; a proxy or firewall in between may also interfere.",
    })
}

/// The error for an answer that is not TLS.
fn stranger(host: &str, start: &[u8]) -> Error {
    let message = format!("{host} does not answer with TLS but with \"{}\".", excerpt(start));
    Error::new(ErrorKind::TlsHandshake, message).advise(
        "This port expects a connection without TLS: connect with tls off, or use the TLS port.",
    )
}

fn no_common_version(host: &str, text: &str, seen: &Seen) -> Error {
    let message = match seen.version {
        Some(version) if version < 0x0303 => {
            format!("{host} speaks only {}, which is not secure.", seen.version_name())
        }
        _ => format!("{host} and openck have no TLS version in common: {text}."),
    };
    Error::new(ErrorKind::TlsVersion, message)
        .advise("TLS 1.2 or 1.3 is needed; the server must be updated.")
}

/// What is wrong with a certificate, and what helps.
struct Cause {
    what: &'static str,
    advice: &'static str,
}

const UNKNOWN_CA: Cause = Cause {
    what: "was issued by a certificate authority (CA) that this system does not know",
    advice: "If it is your own CA, add its certificate with AddTrustedCaPem; if the server sends \
             an incomplete chain, its intermediate certificates must be installed there. \
             RequireSslCertVerify = false switches verification off.",
};

/// Tells the causes apart by the words of OpenSSL, SChannel and Secure Transport.
fn cause(lower: &str) -> Option<Cause> {
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let name = has(&["hostname mismatch", "host name mismatch", "ip address mismatch"])
        || has(&["name does not match", "cn name", "no match"]);
    Some(if has(&["has expired", "certificate expired", "was expired", "within its validity"]) {
        Cause {
            what: "has expired",
            advice: "The server needs a new certificate; check this computer's date too. \
                     RequireSslCertVerify = false switches verification off.",
        }
    } else if has(&["not yet valid"]) {
        Cause {
            what: "is not valid yet",
            advice: "Check this computer's date and time. \
                     RequireSslCertVerify = false switches verification off.",
        }
    } else if name {
        Cause {
            what: "belongs to another host name",
            advice: "Connect by the name that is in the certificate. \
                     RequireSslCertVerify = false switches verification off.",
        }
    } else if has(&["certificate in certificate chain", "issuer", "not trusted", "untrusted"])
        || has(&["unable to verify the first certificate", "unknown ca"])
    {
        UNKNOWN_CA
    } else if has(&["self-signed", "self signed"]) {
        Cause {
            what: "is self-signed: no certificate authority stands behind it",
            advice: "If you trust it, add it with AddTrustedCaPem. \
                     RequireSslCertVerify = false switches verification off.",
        }
    } else {
        return None;
    })
}

fn refused_certificate(host: &str, text: &str, lower: &str, seen: &Seen) -> Error {
    let cause = cause(lower).unwrap_or(Cause {
        what: "could not be verified",
        advice: "AddTrustedCaPem adds a trusted CA; RequireSslCertVerify = false switches \
                 verification off.",
    });
    let detail = seen.certificate.as_deref().and_then(describe).unwrap_or_default();
    let message = format!("The certificate of {host} {}.{detail} ({text})", cause.what);
    Error::new(ErrorKind::TlsCertificate, message).advise(cause.advice)
}

/// Whose certificate it is, who issued it and until when it is valid, with a space before.
pub(crate) fn describe(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names: Vec<String> =
        names.iter().flat_map(|names| &names.value.general_names).take(8).map(name).collect();
    let names = if names.is_empty() { String::new() } else { format!(" for {}", names.join(", ")) };
    let text = format!(
        " It is {}{names}, issued by {}, valid from {} to {}.",
        certificate.subject(),
        certificate.issuer(),
        certificate.validity().not_before,
        certificate.validity().not_after,
    );
    Some(text.chars().filter(|c| !c.is_control()).collect())
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let v6 = <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from);
            v4.or(v6).map_or_else(|_| "an IP address".to_owned(), |address| address.to_string())
        }
        other => other.to_string(),
    }
}

/// RFC 8446 6 and RFC 5246 7.2.
fn alert(description: u8) -> String {
    let name = match description {
        10 => "unexpected message",
        40 => "handshake failure",
        42 => "bad certificate",
        43 => "unsupported certificate",
        44 => "certificate revoked",
        45 => "certificate expired",
        46 => "certificate unknown",
        47 => "illegal parameter",
        48 => "unknown CA",
        49 => "access denied",
        50 => "decode error",
        51 => "decrypt error",
        70 => "protocol version",
        71 => "insufficient security",
        80 => "internal error",
        109 => "missing extension",
        112 => "unrecognized name",
        116 => "certificate required",
        120 => "no application protocol",
        _ => return format!("the server sent the TLS alert {description}"),
    };
    format!("the server sent the TLS alert \"{name}\" ({description})")
}

/// The start of a foreign answer, printable and short.
fn excerpt(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(40)
        .flat_map(|byte| std::ascii::escape_default(*byte))
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_and_text(text: &str) -> (ErrorKind, String) {
        let error = handshake_failure("example.test", text, &Seen::default());
        (error.kind(), format!("{} {}", error.message(), error.advice().unwrap_or_default()))
    }

    #[test]
    fn each_certificate_failure_is_told_apart() {
        let words = [
            ("certificate verify failed (certificate has expired)", "has expired"),
            ("certificate verify failed (certificate is not yet valid)", "not valid yet"),
            ("certificate verify failed (self-signed certificate)", "is self-signed"),
            ("certificate verify failed (hostname mismatch)", "another host name"),
            ("certificate verify failed (IP address mismatch)", "another host name"),
            ("certificate verify failed (unable to get local issuer certificate)", "authority"),
            (
                "certificate verify failed (self-signed certificate in certificate chain)",
                "does not know",
            ),
            ("certificate verify failed (EE certificate key too weak)", "could not be verified"),
        ];
        for (library, ours) in words {
            let (kind, text) = kind_and_text(library);
            assert_eq!(kind, ErrorKind::TlsCertificate, "{library}");
            assert!(text.contains(ours) && text.contains("example.test"), "{text}");
            assert!(text.contains("RequireSslCertVerify"), "{text}");
        }
    }

    #[test]
    fn versions_alerts_and_strangers_have_their_own_errors() {
        let seen = Seen { version: Some(0x0301), ..Seen::default() };
        let error = handshake_failure("h", "unsupported protocol", &seen);
        assert_eq!(error.kind(), ErrorKind::TlsVersion);
        assert!(error.message().contains("TLS 1.0"));

        let seen = Seen { alert: Some(40), ..Seen::default() };
        let error = handshake_failure("h", "x", &seen);
        assert_eq!(error.kind(), ErrorKind::TlsHandshake);
        assert!(error.message().contains("handshake failure"));

        let seen = Seen { stranger: Some(b"SSH-2.0\r\n".to_vec()), ..Seen::default() };
        let error = handshake_failure("h", "x", &seen);
        assert!(error.message().contains("\"SSH-2.0\\r\\n\""), "{}", error.message());
    }
}
