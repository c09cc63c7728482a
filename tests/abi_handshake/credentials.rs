//! nothing is followed or answered by itself, and credentials stay where they belong.

use openck_test_support::scenarios;
use openck_test_support::script::Action::{ExpectRequest, Send, Stall};
use openck_test_support::script::ScriptServer;

use crate::common::{Rest, asked, expect_words};

/// CVE-2025-14524 (curl): a token that went along with a redirect.
#[test]
fn r20_a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let other = ScriptServer::start(vec![ExpectRequest, Stall]);
        let answer = format!(
            "HTTP/1.1 {status} Go\r\nLocation: http://127.0.0.1:{}/else\r\nContent-Length: 0\r\n\
             Set-Cookie: theirs=1\r\n\r\n",
            other.port()
        );
        let (server, rest, ws) = asked(&[Send(answer.clone().into()), Stall]);
        rest.set_authorization("Bearer t0ken");
        assert!(rest.add_header("Cookie", "mine=s3cret"));
        assert_eq!(rest.get("/"), "");
        assert_eq!(rest.status(), status);
        assert!(rest.header_by_name("Location").unwrap().ends_with("/else"));
        assert!(!ws.validate());
        expect_words(&ws.error(), &[&status.to_string(), "redirects", "Location"]);
        assert!(!ws.error().contains("t0ken") && !ws.error().contains("s3cret"));
        drop((rest, ws));
        assert_eq!(server.transcript().dropped, 0, "one request was sent, and nothing more");
        assert!(other.so_far().request.is_none() && other.so_far().notes.is_empty());
    }
}

#[test]
fn r20_a_challenge_is_not_answered() {
    for (status, name) in [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")] {
        let answer = format!(
            "HTTP/1.1 {status} Who\r\n{name}: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
        );
        let (server, rest, ws) = asked(&[Send(answer.into()), Stall]);
        assert!(rest.set_basic("user", "pass"));
        assert_eq!(rest.get("/"), "");
        assert_eq!(rest.status(), status);
        assert!(!ws.validate());
        expect_words(&ws.error(), &[&status.to_string(), "credentials"]);
        drop((rest, ws));
        let transcript = server.transcript();
        assert_eq!(transcript.dropped, 0, "{transcript}");
        let request = transcript.request.unwrap();
        assert_eq!(request.field("Authorization"), Some("Basic dXNlcjpwYXNz"));
        assert_eq!(request.field("Proxy-Authorization"), None);
    }
}

/// Cookies are the program's affair: none is kept and sent back.
#[test]
fn r20_cookies_of_an_answer_are_not_sent_back() {
    let script = vec![
        ExpectRequest,
        Send(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n".to_vec()),
        ExpectRequest,
        Send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Stall,
    ];
    let server = ScriptServer::start(script);
    let rest = Rest::connected(server.port());
    rest.get("/one");
    rest.get("/two");
    drop(rest);
    let request = server.transcript().request.unwrap();
    assert_eq!((request.path(), request.field("Cookie")), ("/two", None));
}

/// What ClearAuth and ClearAllHeaders forgot is sent to nobody any more.
#[test]
fn r20_credentials_that_were_cleared_are_gone() {
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    assert!(rest.set_basic("user", "pass") && rest.add_header("Cookie", "mine=s3cret"));
    expect_words(&rest.get("/request"), &["dXNlcjpwYXNz", "mine=s3cret"]);
    assert!(rest.clear_auth() && rest.clear_headers());
    assert!(rest.connect("localhost", server.port(), false));
    let request = rest.get("/request");
    assert!(!request.contains("Authorization") && !request.contains("Cookie"), "{request}");
}
