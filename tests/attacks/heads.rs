//! Answers to the opening request that cost others minutes: refused within the limits, in linear
//! time. R-12, R-19, R-62; list H: 6, 11.

use openck_test_support::script::Action::{Close, Send, SendUpgrade, Stall, Trickle};
use openck_test_support::script::Upgrade;

use crate::common::{asked, expect_advice, expect_words};
use crate::hostile::Attack;
use crate::measure::Turn;

const STATUS_LINE: &str = "HTTP/1.1 101 Switching Protocols\r\n";

/// An attack on the parser of heads. Its bounds are less than a parser needs that only looks at each
/// byte again with each piece, or that takes what the server sends before it judges it.
fn attack(id: &'static str, what: &'static str, size: impl ToString) -> Attack {
    Attack { id, what, size: size.to_string(), memory: 512 << 10, cpu_ms: 50 }
}

/// RUSTSEC-2023-0065 (tungstenite): 10 MB of header in pieces of 100 bytes.
#[test]
fn r19_r62_ten_megabytes_of_header_are_refused_at_64_kib() {
    let turn = Turn::take();
    let shapes = [
        ("a header line", format!("X-Long: {}", "a".repeat(10_000_000)), "8192 bytes"),
        ("short header lines", "X: y\r\n".repeat(1_700_000), "128 lines"),
        ("long header lines", format!("X: {}\r\n", "b".repeat(8_000)).repeat(1_250), "65536 bytes"),
        ("a line without a name", "a".repeat(10_000_000), "8192 bytes"),
    ];
    for (what, head, limit) in shapes {
        let head = format!("{STATUS_LINE}{head}").into_bytes();
        let (server, rest, ws) = asked(&[Trickle(head, 100), Stall]);
        let attack = attack("H11 R-19", what, "10 MB in pieces of 100");
        attack.measure(&turn, || rest.expect_failure("/", &["more than", limit]));
        expect_advice(&rest.error());
        assert!(!ws.validate());
        expect_words(&ws.error(), &[limit]);
        assert!(server.transcript().error.is_some(), "the rest of the 10 MB was not taken");
    }
}

/// The same where a program allows large heads: the parser itself is linear.
#[test]
fn r19_a_megabyte_of_header_in_small_pieces_takes_linear_time() {
    let turn = Turn::take();
    let head = format!("{STATUS_LINE}{}\r\n", format!("X: {}\r\n", "b".repeat(8_000)).repeat(126));
    let (_server, rest, ws) = asked(&[Trickle(head.into_bytes(), 200), Stall]);
    rest.set_max_head(i32::MAX);
    // Five thousand receives; beginning anew with each would be 2.5 GB of parsing.
    let attack = Attack {
        memory: 8 << 20,
        cpu_ms: 250,
        ..attack("H11 R-19", "long header lines that are allowed", "1 MB in pieces of 200")
    };
    attack.measure(&turn, || assert_eq!(rest.get("/"), ""));
    assert_eq!(rest.header_count(), 126);
    assert!(!ws.validate());
    expect_words(&ws.error(), &["Upgrade"]);
}

/// CVE-2024-37890 (ws): too many headers.
#[test]
fn r19_h11_thousands_of_headers_are_refused() {
    let turn = Turn::take();
    for count in [129, 2_000, 10_000] {
        let many: String = (0..count).map(|n| format!("X-{n}: v\r\n")).collect();
        let (server, rest, ws) = asked(&[Send(format!("{STATUS_LINE}{many}\r\n").into()), Stall]);
        let attack = attack("H11 R-19", "headers at once", count);
        attack.measure(&turn, || rest.expect_failure("/", &["more than 128 lines"]));
        assert!(!ws.validate());
        assert_eq!((rest.status(), rest.header_count()), (0, 0));
        assert!(server.transcript().client_left);
    }
}

/// R-62: what a refusal says at length is not kept, nor read to its end.
#[test]
fn r12_r62_h06_a_body_without_an_end_is_left() {
    let turn = Turn::take();
    for fields in ["", "Content-Length: 64000000\r\n", "Transfer-Encoding: chunked\r\n"] {
        let chunk = format!("{:x}\r\n{}\r\n", 1 << 16, "z".repeat(1 << 16));
        let head = format!("HTTP/1.1 403 No\r\n{fields}\r\n");
        let (server, rest, ws) = asked(&[Send(head.into()), Send(chunk.repeat(976).into()), Stall]);
        let attack = Attack {
            memory: 4 << 20,
            ..attack("H6 R-62", "the body of a refusal, in each of three ways", "64 MB")
        };
        attack.measure(&turn, || {
            rest.expect_failure("/", &["a body of more than 1048576 bytes"]);
        });
        assert!(!ws.validate());
        expect_words(&ws.error(), &["403"]);
        assert!(server.transcript().error.is_some(), "the rest of the 64 MB was not taken");
    }
}

#[test]
fn r19_h11_a_head_without_an_end_is_no_head() {
    let _turn = Turn::take();
    let head = format!("{STATUS_LINE}Upgrade: websocket\r\nConnection: Upgrade\r\n");
    for cut in ["", "\r", "X", "Sec-WebSocket-Accept: "] {
        let (_server, rest, ws) = asked(&[Send(format!("{head}{cut}").into()), Close]);
        rest.expect_failure("/", &["closed the connection before the response head was complete"]);
        assert!(!ws.validate());
        ws.expect_read_failure(3, &["handshake"]);
    }
    let (_server, rest, ws) = asked(&[Send(head.into()), Stall]);
    rest.set_idle_ms(200);
    rest.expect_failure("/", &["no complete response head within 200 ms"]);
    assert!(!ws.validate());
}

/// CVE-2021-32640 (ws): 60 KB of blanks in a list header took a regular expression for ever.
#[test]
fn r19_lists_of_blanks_take_linear_time() {
    let turn = Turn::take();
    let names =
        ["Connection", "Upgrade", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "X-Other"];
    for name in names {
        let line = format!("{STATUS_LINE}{name}: x{}y\r\n\r\n", " ".repeat(60_000));
        let (_server, rest, ws) = asked(&[Send(line.into()), Stall]);
        let long = attack("H11 R-19", "a header of blanks", 60_000);
        long.measure(&turn, || rest.expect_failure("/", &["a line of more than 8192 bytes"]));
        assert!(!ws.validate());
        // As much as the limits let through, checked to the end.
        for filling in [" ", ",", " ,", "\t", "a,", ";", "a;b=\"c d\" , "] {
            let value = filling.repeat(8_000 / filling.len());
            let upgrade = (0..7).fold(Upgrade::default(), |u, _| u.with(name, &value));
            let (_server, rest, ws) = asked(&[SendUpgrade(upgrade), Stall]);
            rest.add_header("Sec-WebSocket-Protocol", "a");
            let allowed = attack("H11 R-19", "headers of separators that are allowed", "7 of 8000");
            allowed.measure(&turn, || {
                rest.get("/");
                ws.validate();
            });
            assert_eq!(rest.status(), 101);
        }
    }
}
