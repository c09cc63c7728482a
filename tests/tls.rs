//! TLS through the exported functions: what is verified, what is told, what fails how.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::ffi::CString;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use openck_test_support::pki::{Kind, Pki};
use openck_test_support::script::{Action, ScriptServer};
use openck_test_support::{echo, scenarios, wire};
use rustls::version::{TLS12, TLS13};

use self::common::{Rest, TestFile, after_upgrade, expect_advice, expect_words, upgrade};

/// Connecting fails with this ConnectFailReason and all these words.
#[track_caller]
fn refused(rest: &Rest, host: &str, port: u16, reason: i32, words: &[&str]) {
    assert!(!rest.connect(host, port, true), "{host} was accepted");
    assert_eq!(rest.connect_reason(), reason, "{}", rest.error());
    assert!(!rest.success());
    expect_words(&rest.error(), words);
    expect_advice(&rest.error());
    assert_eq!((rest.tls_version(), rest.tls_cipher()), Default::default());
    assert_eq!(rest.full("GET", "/"), None);
}

#[test]
fn r10_r64_h19_certificates_are_verified_by_default() {
    let pki = Pki::default();
    let rest = Rest::new();
    assert!(rest.verify());
    let server = echo::start(0, Some(pki.identity(Kind::Good).server_config())).unwrap();
    refused(&rest, "localhost", server.port(), 106, &["localhost", "AddTrustedCaPem"]);
    for (kind, why, details) in [
        (Kind::Expired, "has expired", "Jan  1 00:00:00 2021"),
        (Kind::SelfSigned, "is self-signed", "openck test selfsigned"),
        (Kind::WrongName, "belongs to another host name", "wrong.example"),
        (
            Kind::UnknownCa,
            "certificate authority (CA) that this system does not know",
            "Unknown CA",
        ),
    ] {
        let identity = pki.identity(kind);
        let rest = Rest::new();
        assert!(rest.trust(&pki.ca_pem()), "{}", rest.error());
        // In TLS 1.3 the certificate is encrypted; what is wrong with it is known all the same.
        for (version, details) in [(&TLS13, ""), (&TLS12, details)] {
            let server = echo::start(0, Some(identity.server_config_for(&[version]))).unwrap();
            let words = ["localhost", why, details, "RequireSslCertVerify"];
            refused(&rest, "localhost", server.port(), 106, &words);
        }
    }
}

#[test]
fn r64_verification_can_be_switched_off_and_is_noted() {
    let pki = Pki::default();
    for kind in Kind::ALL {
        let server = echo::start(0, Some(pki.identity(kind).server_config())).unwrap();
        let rest = Rest::new();
        rest.set_verify(false);
        assert!(rest.connect("localhost", server.port(), true), "{kind:?}: {}", rest.error());
        assert_eq!(rest.connect_reason(), 0);
        expect_words(&rest.error(), &["certificate verification: OFF"]);
        let ws = upgrade(&rest, "/");
        assert!(ws.send("encrypted", true));
        ws.expect_text("encrypted");
        rest.set_verify(true);
        refused(&rest, "localhost", server.port(), 106, &["localhost"]);
        assert!(!rest.error().contains("OFF"), "{}", rest.error());
    }
}

/// Also: the switch and the CA count from the next Connect.
#[test]
fn a_private_ca_can_be_trusted() {
    let pki = Pki::default();
    let server = echo::start(0, Some(pki.identity(Kind::Good).server_config())).unwrap();
    let file = TestFile::new("ca.pem");
    std::fs::write(file.path(), pki.ca_pem()).unwrap();
    for pem in [pki.ca_pem(), file.as_str().to_owned()] {
        let rest = Rest::new();
        refused(&rest, "localhost", server.port(), 106, &[]);
        assert!(rest.trust(&pem), "{}", rest.error());
        for host in ["localhost", "127.0.0.1"] {
            assert!(rest.connect(host, server.port(), true), "{}", rest.error());
            expect_words(&rest.error(), &["certificate:", "Test CA"]);
            assert!(!rest.error().contains("OFF"));
        }
        let ws = upgrade(&rest, "/");
        assert!(ws.send("verified", true));
        ws.expect_text("verified");
    }
    let rest = Rest::new();
    let broken =
        "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    for (pem, word) in [("/no/such/file.pem", "/no/such/file.pem"), (broken, "certificate")] {
        assert!(!rest.trust(pem));
        expect_words(&rest.error(), &[word]);
        expect_advice(&rest.error());
    }
    refused(&rest, "localhost", server.port(), 106, &[]);
}

#[test]
fn version_and_cipher_suite_are_told() {
    let pki = Pki::default();
    let identity = pki.identity(Kind::Good);
    for (version, name, prefix) in
        [(&TLS12, "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_"), (&TLS13, "TLS 1.3", "TLS_")]
    {
        let server = echo::start(0, Some(identity.server_config_for(&[version]))).unwrap();
        let rest = Rest::new();
        assert!(rest.trust(&pki.ca_pem()));
        assert!(rest.connect("localhost", server.port(), true), "{}", rest.error());
        assert_eq!(rest.tls_version(), name);
        let cipher = rest.tls_cipher();
        assert!(cipher.starts_with(prefix) && !cipher.contains("0x"), "{cipher}");
        expect_words(&rest.error(), &["tls:", name, &cipher]);
        assert!(rest.disconnect(100));
        assert_eq!(rest.tls_version(), "");
    }
}

/// The name goes out in the ClientHello, an address does not (RFC 6066 3).
#[test]
fn r10_the_server_name_is_sent() {
    for (host, sent) in [("localhost", true), ("127.0.0.1", false)] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let mut hello = vec![0; 16 * 1024];
            let n = listener.accept().unwrap().0.read(&mut hello).unwrap();
            hello.truncate(n);
            hello
        });
        assert!(!Rest::new().connect(host, port, true));
        let hello = server.join().unwrap();
        assert_eq!(hello[0], 22, "a handshake record");
        let named = hello.windows(host.len()).any(|window| window == host.as_bytes());
        assert_eq!(named, sent, "{host}");
    }
}

/// The server hears an orderly end, not one that an attacker could make.
#[test]
fn r49_the_end_is_told_by_close_notify() {
    let pki = Pki::default();
    let tls = pki.identity(Kind::Good).server_config();
    let connected = |port| {
        let rest = Rest::new();
        assert!(rest.trust(&pki.ca_pem()));
        assert!(rest.connect("localhost", port, true), "{}", rest.error());
        rest
    };
    let close = wire::close(Some(1000), "");
    let steps = [Action::ExpectFrame, Action::Send(close), Action::ExpectFrame];
    let server = ScriptServer::start_tls(after_upgrade(&steps), tls.clone());
    let ws = upgrade(&connected(server.port()), "/");
    assert!(ws.send_close(true, 1000, ""));
    ws.expect_frame("Close");
    assert!(server.transcript().client_left, "{}", server.transcript());

    let server = ScriptServer::start_tls(vec![Action::ExpectRequest], tls);
    assert!(connected(server.port()).disconnect(5_000));
    let error = server.transcript().error.unwrap();
    assert!(error.contains("the client sent no request"), "{error}");
}

/// A server that reads the ClientHello and then does as told.
fn foreign(serve: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut hello = [0; 4096];
        let _ = socket.read(&mut hello);
        serve(socket);
    });
    port
}

/// The server's answer, and that it then listens until the client leaves.
fn answers(bytes: &'static [u8]) -> u16 {
    foreign(move |mut socket| {
        let _ = socket.write_all(bytes);
        let _ = socket.read_to_end(&mut Vec::new());
    })
}

#[test]
fn r64_h19_a_tls_1_1_server_is_refused_with_reason_107() {
    // A ServerHello of TLS 1.1, and one of 1.0: version, random, no session,
    // TLS_RSA_WITH_AES_128_CBC_SHA.
    const HELLO_1_1: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02\
        0123456789abcdef0123456789abcdef\x00\x00\x2f\x00";
    const HELLO_1_0: &[u8] = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01\
        0123456789abcdef0123456789abcdef\x00\x00\x2f\x00";
    refused(&Rest::new(), "127.0.0.1", answers(HELLO_1_1), 107, &["TLS 1.1"]);
    refused(&Rest::new(), "127.0.0.1", answers(HELLO_1_0), 107, &["TLS 1.0"]);
    // The alert protocol_version.
    let alert = answers(b"\x15\x03\x02\x00\x02\x02\x46");
    refused(&Rest::new(), "127.0.0.1", alert, 107, &["version"]);
}

#[test]
fn r10_h19_a_handshake_that_breaks_off_is_reason_102() {
    let failure_alert = answers(b"\x15\x03\x03\x00\x02\x02\x28");
    refused(&Rest::new(), "127.0.0.1", failure_alert, 102, &["handshake failure"]);
    let http = answers(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    refused(&Rest::new(), "127.0.0.1", http, 102, &["HTTP/1.1 400", "without TLS"]);
    let closed = foreign(drop);
    refused(&Rest::new(), "127.0.0.1", closed, 102, &["during the TLS handshake"]);
    let damaged = answers(b"\x16\x03\x03\x00\x05\xff\xff\xff\xff\xff");
    refused(&Rest::new(), "127.0.0.1", damaged, 102, &["127.0.0.1"]);
    let rest = Rest::new();
    rest.set_idle_ms(300);
    let begun = Instant::now();
    refused(&rest, "127.0.0.1", answers(b""), 102, &["silent", "300 ms"]);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
}

/// R-18 over TLS, and a connection that ends by FIN without a close_notify.
#[test]
fn scenarios_over_tls_are_the_same() {
    let pki = Pki::default();
    let server = scenarios::start(0, Some(pki.identity(Kind::Good).server_config())).unwrap();
    let connected = || {
        let rest = Rest::new();
        assert!(rest.trust(&pki.ca_pem()));
        assert!(rest.connect("localhost", server.port(), true), "{}", rest.error());
        rest
    };
    let ws = upgrade(&connected(), "/two-messages-with-101");
    assert!(ws.poll());
    ws.expect_text("first");
    assert!(ws.poll(), "bytes that are decrypted already count");
    ws.expect_text("second");
    let ws = upgrade(&connected(), "/fragments");
    for kind in ["Text", "Continuation", "Continuation"] {
        ws.expect_frame(kind);
    }
    assert_eq!(ws.data().as_deref(), Some("one two three"));
    let ws = upgrade(&connected(), "/close?code=4000&reason=over");
    ws.expect_frame("Close");
    assert_eq!((ws.close_code(), ws.close_reason().as_str()), (4000, "over"));
    let whole = 129 + "cut off".len() + 2;
    let ws = upgrade(&connected(), &format!("/cut?at={whole}"));
    ws.expect_text("cut off");
    ws.expect_read_failure(3, &["1006"]);
    let ws = upgrade(&connected(), "/partial");
    ws.set_idle_ms(100);
    ws.expect_read_failure(1, &[]);
    assert!(ws.ping("") && ws.is_connected());
    ws.set_idle_ms(10_000);
    ws.expect_text("early and late");
}

#[test]
fn r27_long_text_over_tls_goes_whole_or_not_at_all() {
    let pki = Pki::default();
    let server = echo::start(0, Some(pki.identity(Kind::Good).server_config())).unwrap();
    let rest = Rest::new();
    assert!(rest.trust(&pki.ca_pem()));
    assert!(rest.connect("localhost", server.port(), true), "{}", rest.error());
    let ws = upgrade(&rest, "/");
    let long = "\u{436}\u{4e16}\u{1f600}".repeat(30_000);
    let bad = CString::new([long.as_bytes(), b"\xff"].concat()).unwrap();
    for _ in 0..3 {
        assert!(!ws.send_c(&bad, true));
        expect_words(&ws.error(), &["stringToSend", &format!("0xFF at offset {}", long.len())]);
        assert!(ws.send(&long, true), "{}", ws.error());
        ws.expect_text(&long);
    }
}

#[test]
fn keys_may_change_at_any_time() {
    let pki = Pki::default();
    let server = echo::start(0, Some(pki.identity(Kind::Good).server_config())).unwrap();
    let rest = Rest::new();
    assert!(rest.trust(&pki.ca_pem()));
    assert!(rest.connect("localhost", server.port(), true), "{}", rest.error());
    assert_eq!(rest.tls_version(), "TLS 1.3");
    let ws = upgrade(&rest, "/?keyupdate=3");
    let big = vec![9; 300_000];
    for n in 0..40 {
        assert!(ws.send(&n.to_string(), true), "{}", ws.error());
        assert!(ws.send_bytes(&big, true), "{}", ws.error());
        ws.expect_text(&n.to_string());
        ws.expect_frame("Binary");
        assert!(ws.bytes() == big);
    }
}
