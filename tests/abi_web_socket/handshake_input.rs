//! Servers that answer the opening request with nonsense, slowly, partly or not at all.

use std::time::{Duration, Instant};

use openck_test_support::head::Request;
use openck_test_support::script::{Action, ScriptServer, Upgrade};
use openck_test_support::{scenarios, wire};

use crate::common::{Rest, Ws, expect_advice, expect_words, open};

fn prepared(port: u16) -> (Rest, Ws) {
    let rest = Rest::connected(port);
    let ws = Ws::new();
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    (rest, ws)
}

#[test]
fn r12_h04_answers_that_are_not_http_1_1_fail_with_an_excerpt() {
    let answers: [(&[u8], &[&str]); 6] = [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", &["SSH-2.0-OpenSSH", "SSH server"]),
        (b"\x15\x03\x01\x00\x02\x02\x46", &["\\x15\\x03", "TLS"]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &["PRI *"]),
        (b"HTTP/2 200\r\n\r\n", &["HTTP/2"]),
        (b"\x00\xff\xfe random \x01 bytes\r\n\r\n", &["\\x00\\xff"]),
        (b"HTTP/1.0 101 Switching Protocols\r\n\r\n", &["HTTP/1.0"]),
    ];
    for (answer, words) in answers {
        let server = ScriptServer::start(vec![
            Action::ExpectRequest,
            Action::Send(answer.into()),
            Action::Stall,
        ]);
        let (rest, ws) = prepared(server.port());
        rest.expect_failure("/", words);
        expect_advice(&rest.error());
        assert!(!ws.validate());
        expect_advice(&ws.error());
        assert!(server.transcript().client_left, "the connection should be closed");
    }
}

#[test]
fn r55_h01_silence_ends_with_the_idle_timeout() {
    let server = ScriptServer::start(vec![Action::ExpectRequest, Action::Stall]);
    let (rest, ws) = prepared(server.port());
    rest.set_idle_ms(300);
    let begun = Instant::now();
    rest.expect_failure("/", &["127.0.0.1", "300 ms", "IdleTimeoutMs"]);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
    assert!(!ws.validate());
}

/// H2: each byte comes in time, the whole does not.
#[test]
fn r19_h02_a_head_that_trickles_in_has_one_deadline() {
    let server = scenarios::start(0, None).unwrap();
    let (rest, ws) = prepared(server.port());
    rest.set_idle_ms(500);
    let begun = Instant::now();
    rest.expect_failure("/slow?ms=50", &["response head", "500 ms"]);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(4), "{took:?}");
    assert!(!ws.validate());
}

/// H3: the connection ends by FIN or RST at every byte of the answer and of the frames behind it.
#[test]
fn r50_h03_a_connection_that_ends_at_any_byte_is_a_clean_failure() {
    let server = scenarios::start(0, None).unwrap();
    let head = Upgrade::default().bytes(&Request::default()).len();
    let frame = wire::text("cut off").len();
    let close = wire::close(Some(1000), "").len();
    for how in ["", "&how=reset"] {
        for at in 0..=head + frame + close {
            let (rest, ws) = prepared(server.port());
            let answer = rest.full("GET", &format!("/cut?at={at}{how}"));
            let text = rest.error();
            // A reset may overtake what was sent before it.
            if answer.is_none() && (at < head || !how.is_empty()) {
                assert!(!rest.success() && !ws.validate(), "{at}{how}");
                expect_advice(&text);
                continue;
            }
            assert!(at >= head, "{at}{how}: taken for a whole head");
            if !ws.validate() {
                assert!(!how.is_empty(), "{at}: {}", ws.error());
                continue;
            }
            let mut opcodes = Vec::new();
            while ws.read() {
                opcodes.push(ws.opcode());
                assert!(opcodes.len() < 3);
            }
            assert_eq!(ws.fail_reason(), 3, "{at}{how}: {}", ws.error());
            assert!(!ws.is_connected());
            expect_advice(&ws.error());
            if how.is_empty() {
                let want =
                    usize::from(at >= head + frame) + usize::from(at == head + frame + close);
                assert_eq!(opcodes.len(), want, "{at}: {opcodes:?}");
            }
        }
    }
}

#[test]
fn r39_h14_a_handshake_in_pieces_of_any_size_is_the_same() {
    for size in 1..=140 {
        let upgrade = Upgrade::default().followed_by(wire::text("and on")).in_pieces(size);
        let script = vec![Action::ExpectRequest, Action::SendUpgrade(upgrade), Action::Stall];
        let server = ScriptServer::start(script);
        let ws = open(server.port(), "/");
        ws.expect_text("and on");
    }
}

#[test]
fn r19_h11_heads_beyond_the_limits_fail() {
    let long = "x".repeat(70_000);
    let many: String = (0..200).map(|n| format!("X-{n}: v\r\n")).collect();
    let heads = [
        format!("HTTP/1.1 101 Switching Protocols\r\nX-Long: {long}\r\n\r\n"),
        format!("HTTP/1.1 101 Switching Protocols\r\n{long}: x\r\n\r\n"),
        format!("HTTP/1.1 101 {long}\r\n\r\n"),
        format!("HTTP/1.1 101 Switching Protocols\r\n{many}\r\n"),
    ];
    for head in heads {
        let script = vec![Action::ExpectRequest, Action::Send(head.into_bytes()), Action::Stall];
        let server = ScriptServer::start(script);
        let (rest, ws) = prepared(server.port());
        rest.expect_failure("/", &["more than"]);
        expect_advice(&rest.error());
        assert!(!ws.validate());
    }
}

#[test]
fn the_failed_response_explains_a_handshake_that_was_not_checked() {
    let server = scenarios::start(0, None).unwrap();
    let (rest, ws) = prepared(server.port());
    assert_eq!(rest.full("GET", "/garbage"), None);
    assert!(!ws.validate());
    expect_words(&ws.error(), &["Rest", "SSH"]);
}
