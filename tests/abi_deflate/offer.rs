//! What is offered, which answers are taken, what the properties refuse. RFC 7692 5, 7.1.

use openck_test_support::script::{Action, ScriptServer, Upgrade};

use crate::common::{Rest, Ws, expect_advice, expect_words, upgrade};
use crate::{EXTENSIONS, agreeing, compressed, handshake};

/// The Sec-WebSocket-Extensions of the request of this WebSocket on a Rest that is kept.
fn offered_again(ws: &Ws, rest: &Rest) -> Option<String> {
    let server = ScriptServer::start(vec![Action::ExpectRequest]);
    assert!(rest.connect("127.0.0.1", server.port(), false), "{}", rest.error());
    assert!(ws.use_connection(rest) && ws.add_client_headers());
    assert!(rest.send_req("GET", "/"));
    server.transcript().request.unwrap().field(EXTENSIONS).map(str::to_owned)
}

fn offered(prepare: impl FnOnce(&Ws)) -> Option<String> {
    let ws = Ws::new();
    prepare(&ws);
    offered_again(&ws, &Rest::new())
}

#[test]
fn r91_compression_is_off_by_default() {
    assert!(!Ws::new().deflate());
    assert_eq!(offered(|_| {}), None);
    assert_eq!(offered(|ws| ws.set_level(9)), None);
}

#[test]
fn r80_the_properties_make_the_offer() {
    let on = |prepare: &dyn Fn(&Ws)| {
        offered(|ws| {
            ws.set_deflate(true);
            prepare(ws);
        })
    };
    let offer = |parameters: &str| Some(format!("permessage-deflate{parameters}"));
    assert_eq!(on(&|_| {}), offer("; client_max_window_bits"));
    assert_eq!(on(&|ws| ws.set_client_bits(9)), offer("; client_max_window_bits=9"));
    assert_eq!(
        on(&|ws| ws.set_server_bits(8)),
        offer("; server_max_window_bits=8; client_max_window_bits")
    );
    assert_eq!(
        on(&|ws| ws.set_client_takeover(false)),
        offer("; client_no_context_takeover; client_max_window_bits")
    );
    assert_eq!(
        on(&|ws| ws.set_server_takeover(false)),
        offer("; server_no_context_takeover; client_max_window_bits")
    );
}

#[test]
fn an_offer_is_taken_back_when_compression_is_switched_off() {
    let (ws, rest) = (Ws::new(), Rest::new());
    for round in 0..2 {
        ws.set_deflate(true);
        assert!(offered_again(&ws, &rest).is_some(), "{round}");
        ws.set_deflate(false);
        assert_eq!(offered_again(&ws, &rest), None, "{round}");
    }
    // What the program added itself stays.
    assert!(rest.add_header(EXTENSIONS, "permessage-deflate"));
    assert_eq!(offered_again(&ws, &rest).as_deref(), Some("permessage-deflate"));
    ws.set_deflate(true);
    let offer = Some("permessage-deflate; client_max_window_bits");
    assert_eq!(offered_again(&ws, &rest).as_deref(), offer);
}

#[test]
fn r80_r83_what_was_agreed_is_told() {
    for (parameters, told) in [
        ("", ""),
        ("; client_max_window_bits=12", "; client_max_window_bits=12"),
        ("; client_max_window_bits=15; server_max_window_bits=15", ""),
        (";server_max_window_bits=\"8\"", "; server_max_window_bits=8"),
        (
            "; client_no_context_takeover; server_no_context_takeover",
            "; server_no_context_takeover; client_no_context_takeover",
        ),
    ] {
        let (_server, ws) = compressed(parameters, |_| {}, &[Action::Stall]);
        assert_eq!(ws.extensions(), format!("permessage-deflate{told}"));
        expect_words(&ws.error(), &["extension: permessage-deflate"]);
    }
}

#[test]
fn a_server_need_not_agree() {
    let ws = Ws::new();
    ws.set_deflate(true);
    assert_eq!(ws.extensions(), "");
    let (_server, _rest, valid) = handshake(&ws, agreeing("permessage-deflate"), &[Action::Stall]);
    assert!(valid, "{}", ws.error());
    assert_ne!(ws.extensions(), "");
    let (_server, _rest, valid) = handshake(&ws, Upgrade::default(), &[Action::Stall]);
    assert!(valid, "{}", ws.error());
    assert_eq!(ws.extensions(), "", "UseConnection starts clean");
}

/// A server agrees to this, and ValidateServerHandshake fails.
#[track_caller]
fn refused(prepare: impl FnOnce(&Ws), answer: &str, words: &[&str]) {
    let ws = Ws::new();
    ws.set_deflate(true);
    prepare(&ws);
    let (server, _rest, valid) = handshake(&ws, agreeing(answer), &[Action::Stall]);
    assert!(!valid, "accepted: {answer}");
    expect_words(&ws.error(), &[EXTENSIONS]);
    expect_words(&ws.error(), words);
    expect_advice(&ws.error());
    assert_eq!(ws.extensions(), "");
    assert!(!ws.send("x", true));
    ws.expect_read_failure(3, &["handshake"]);
    assert!(server.transcript().client_left, "the connection is closed");
}

/// Section 3 of the requirements: a window out of 8 to 15 crashed another client.
#[test]
fn r81_windows_out_of_range_fail_the_handshake() {
    for name in ["server_max_window_bits", "client_max_window_bits"] {
        for value in ["0", "7", "16", "99", "-1", "08", "1e1", "\"16\""] {
            refused(|_| {}, &format!("permessage-deflate; {name}={value}"), &[name]);
        }
        refused(|_| {}, &format!("permessage-deflate; {name}="), &["malformed"]);
        refused(|_| {}, &format!("permessage-deflate; {name}"), &[name]);
        let (_server, ws) = compressed(&format!("; {name}=\"12\""), |_| {}, &[Action::Stall]);
        assert_eq!(ws.extensions(), format!("permessage-deflate; {name}=12"));
    }
}

#[test]
fn r80_r81_r82_r83_answers_that_do_not_fit_fail_the_handshake() {
    let deflate = "permessage-deflate";
    refused(|_| {}, &format!("{deflate}; foo=1"), &["no such parameter", "foo"]);
    refused(|_| {}, &format!("{deflate}, {deflate}"), &["twice"]);
    let twice = format!("{deflate}; server_no_context_takeover; server_no_context_takeover");
    refused(|_| {}, &twice, &["twice"]);
    refused(|ws| ws.set_server_takeover(false), deflate, &["server_no_context_takeover"]);
    refused(|ws| ws.set_server_bits(10), deflate, &["server_max_window_bits"]);
    let larger = format!("{deflate}; server_max_window_bits=11");
    refused(|ws| ws.set_server_bits(10), &larger, &["11", "10"]);
    let larger = format!("{deflate}; client_max_window_bits=11");
    refused(|ws| ws.set_client_bits(10), &larger, &["11", "10"]);
    refused(|_| {}, "permessage-bzip2", &["was not offered"]);
}

// Offers that the program makes by itself

/// A session whose extensions are offered by AddHeader alone.
fn by_hand(offer: &str, answer: &str) -> (Ws, bool) {
    let opening = [Action::ExpectRequest, Action::SendUpgrade(agreeing(answer)), Action::Stall];
    let server = ScriptServer::start(opening.to_vec());
    let (ws, rest) = (Ws::new(), Rest::connected(server.port()));
    assert!(rest.add_header(EXTENSIONS, offer));
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    rest.get("/");
    let valid = ws.validate();
    (ws, valid)
}

#[test]
fn an_offer_by_hand_is_honoured() {
    let offer = "permessage-deflate; client_max_window_bits=11, permessage-deflate";
    let (ws, valid) = by_hand(offer, "permessage-deflate; client_max_window_bits=10");
    assert!(valid, "{}", ws.error());
    assert_eq!(ws.extensions(), "permessage-deflate; client_max_window_bits=10");
}

#[test]
fn an_extension_that_openck_does_not_have_is_refused() {
    for (offer, answer, words) in [
        ("x-mine", "x-mine", &["x-mine", "permessage-deflate only"][..]),
        ("permessage-deflate, x-mine", "permessage-deflate, x-mine", &["x-mine"]),
        ("permessage-deflate; x=1", "permessage-deflate", &["no such parameter", "x"]),
        ("permessage-deflate; client_max_window_bits=7", "permessage-deflate", &["8 to 15"]),
        ("permessage-deflate", "permessage-deflate; client_max_window_bits=9", &["not offered"]),
    ] {
        let (ws, valid) = by_hand(offer, answer);
        assert!(!valid, "{offer} / {answer}");
        expect_words(&ws.error(), words);
        expect_advice(&ws.error());
        assert!(!ws.is_connected() && ws.extensions().is_empty());
    }
    // Not agreed to, it does no harm.
    let opening = [Action::ExpectRequest, Action::SendUpgrade(Upgrade::default()), Action::Stall];
    let server = ScriptServer::start(opening.to_vec());
    let rest = Rest::connected(server.port());
    assert!(rest.add_header(EXTENSIONS, "x-mine; y=1"));
    upgrade(&rest, "/");
}

// Values

#[test]
fn values_out_of_range_are_refused_and_the_old_ones_stay() {
    let ws = Ws::new();
    type Property<'a> = (&'a str, &'a dyn Fn(i32), &'a dyn Fn() -> i32, &'a [i32], &'a [i32]);
    let properties: [Property<'_>; 4] = [
        ("DeflateLevel", &|v| ws.set_level(v), &|| ws.level(), &[0, 1, 9], &[-1, 10, i32::MIN]),
        (
            "DeflateMinSize",
            &|v| ws.set_min_size(v),
            &|| ws.min_size(),
            &[0, 1, i32::MAX],
            &[-1, i32::MIN],
        ),
        (
            "DeflateClientMaxWindowBits",
            &|v| ws.set_client_bits(v),
            &|| ws.client_bits(),
            &[9, 12, 15],
            &[-1, 0, 7, 8, 16, 99, i32::MAX],
        ),
        (
            "DeflateServerMaxWindowBits",
            &|v| ws.set_server_bits(v),
            &|| ws.server_bits(),
            &[8, 12, 15],
            &[-1, 0, 7, 16, 99, i32::MIN],
        ),
    ];
    for (name, set, get, good, bad) in properties {
        for value in good {
            set(*value);
            assert_eq!(get(), *value, "{name}");
        }
        let old = get();
        for value in bad {
            set(*value);
            assert_eq!(get(), old, "{name} {value}");
            assert!(!ws.success(), "{name} {value}");
            expect_words(&ws.error(), &[name, &value.to_string()]);
            expect_advice(&ws.error());
        }
    }
}
