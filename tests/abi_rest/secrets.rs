//! What must not be told, and the files that logs go to. R-60.

use openck_test_support::scenarios;
use openck_test_support::script::{Action, ScriptServer};

use crate::common::{Rest, TestFile, Ws, expect_words, invoke};

const SECRETS: [&str; 5] =
    ["pass-w0rd", "dXNlci1uYW1l", "bearer-t0ken", "cust0m-key", "proxy-s3cret"];

/// All that the object says about its last call.
fn says(rest: &Rest) -> String {
    [rest.error(), rest.error_xml(), rest.error_html()].concat()
}

#[track_caller]
fn silent(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
}

#[test]
fn r60_secrets_never_appear_in_last_error_text() {
    let log = TestFile::new("secrets.log");
    let saved = TestFile::new("secrets.xml");
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::new();
    rest.set_debug_log(log.as_str());
    let hosts =
        ["wss://user:pass-w0rd@example.com", "user:pass-w0rd@example.com", "u:pass-w0rd@h/path"];
    for host in hosts {
        assert!(!rest.connect(host, 80, false));
        silent(host, &says(&rest));
    }
    assert!(rest.set_basic("user-name", "pass-w0rd"));
    silent("SetAuthBasic", &says(&rest));
    for (user, password) in [("a:b", "pass-w0rd"), ("pass-w0rd\n", "x"), ("x", "pass-w0rd\r")] {
        assert!(!rest.set_basic(user, password));
        silent("SetAuthBasic", &says(&rest));
    }
    for value in ["bearer-t0ken\n", "\rbearer-t0ken", "cust0m-key\r\nx: y"] {
        rest.set_authorization(value);
        silent("Authorization", &says(&rest));
        assert!(!rest.add_header("Authorization", value));
        silent("AddHeader", &says(&rest));
        assert!(!invoke(rest.h(), "Rest", "AddHeader", &["Proxy-Authorization", "proxy-s3cret\0"]));
        silent("AddHeader", &says(&rest));
    }
    assert!(rest.connect("127.0.0.1", server.port(), false));
    let ways: [&dyn Fn(); 3] = [&|| (), &|| rest.set_authorization("Bearer bearer-t0ken"), &|| {
        assert!(rest.add_header("X-Api-Key", "cust0m-key"))
    }];
    for way in ways {
        way();
        let ws = Ws::new();
        ws.set_debug_log(log.path());
        // "/request" is a page that repeats the request.
        for path in [
            "/status/200",
            "/status/401",
            "/request",
            "/bad path",
            "/garbage",
            "/wrong-accept",
            "/cut?at=40",
        ] {
            assert!(rest.connect("127.0.0.1", server.port(), false));
            ws.use_connection(&rest);
            assert!(ws.add_client_headers());
            rest.full("GET", path);
            silent(path, &says(&rest));
            assert!(rest.save_error(saved.as_str()));
            silent(path, &std::fs::read_to_string(saved.path()).unwrap());
            assert!(!ws.validate(), "{path}");
            silent(path, &[ws.error(), ws.error_xml(), ws.error_html()].concat());
            let hidden = ws.error().contains("(not shown");
            assert_eq!(hidden, path == "/request", "{}", ws.error());
        }
    }
    let written = std::fs::read_to_string(log.path()).unwrap();
    expect_words(&written, &["Rest.Connect:", "Rest.FullRequestNoBody:", "WebSocket.Validate"]);
    silent("DebugLogFilePath", &written);
    // What the program itself set is its own to read.
    expect_words(&rest.last_header(), &["Bearer bearer-t0ken", "cust0m-key"]);
}

#[test]
fn r60_the_key_of_the_handshake_is_not_repeated_by_a_wrong_answer() {
    let server = ScriptServer::start(vec![
        Action::ExpectRequest,
        Action::Send(b"HTTP/1.1 101 x\r\nUpgrade: <b>markup</b>\r\n\r\n".to_vec()),
        Action::Stall,
    ]);
    let rest = Rest::connected(server.port());
    let ws = Ws::new();
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    rest.get("/");
    assert!(!ws.validate());
    expect_words(&ws.error(), &["<b>markup</b>"]);
    expect_words(&ws.error_html(), &["&lt;b&gt;markup"]);
    expect_words(&ws.error_xml(), &["&lt;b&gt;markup"]);
    assert!(!ws.error_html().contains("<b>markup") && !ws.error_xml().contains("<b>markup"));
}

#[test]
fn a_debug_log_that_cannot_be_written_harms_no_call() {
    let rest = Rest::new();
    rest.set_debug_log("/no/such/directory/file.log");
    expect_words(&rest.error(), &["DebugLogFilePath", "/no/such/directory/file.log", "what to do"]);
    assert_eq!(rest.debug_log(), "", "the old value stays");
    let log = TestFile::new("vanishing");
    std::fs::create_dir(log.path()).unwrap();
    let inside = log.path().join("file.log");
    rest.set_debug_log(inside.to_str().unwrap());
    assert!(rest.add_header("X", "1"));
    assert!(std::fs::read_to_string(&inside).unwrap().contains("Rest.AddHeader:"));
    std::fs::remove_dir_all(log.path()).unwrap();
    assert!(rest.add_header("X", "2"), "{}", rest.error());
    expect_words(&rest.error(), &["DebugLogFilePath", "could not write", "Success."]);
    rest.set_debug_log("");
    assert!(rest.add_header("X", "3"));
    assert!(!rest.error().contains("could not write"));
}
