//! H11 and heads that cost others minutes: refused within the limits, in linear time.

use std::time::Duration;

use openck_test_support::script::Action::{Close, Send, SendUpgrade, Stall, Trickle};
use openck_test_support::script::Upgrade;

use crate::common::{expect_advice, expect_words};
use crate::{asked, cpu_time_of};

const STATUS_LINE: &str = "HTTP/1.1 101 Switching Protocols\r\n";

/// What reading a head may cost: some five times what it takes in a debug build, and less than a
/// parser needs that only looks at each byte again with each piece.
const ENOUGH: Duration = Duration::from_millis(250);

/// RUSTSEC-2023-0065 (tungstenite): 10 MB of header in pieces of 100 bytes.
#[test]
fn r19_r62_ten_megabytes_of_header_are_refused_at_64_kib() {
    let shapes = [
        (format!("X-Long: {}", "a".repeat(10_000_000)), "8192 bytes"),
        ("X: y\r\n".repeat(1_700_000), "128 lines"),
        (format!("X: {}\r\n", "b".repeat(8_000)).repeat(1_250), "65536 bytes"),
        ("a".repeat(10_000_000), "8192 bytes"),
    ];
    for (head, limit) in shapes {
        let head = format!("{STATUS_LINE}{head}").into_bytes();
        let (server, rest, ws) = asked(&[Trickle(head, 100), Stall]);
        let took = cpu_time_of(|| rest.expect_failure("/", &["more than", limit]));
        assert!(took < ENOUGH, "{took:?} for {limit}");
        expect_advice(&rest.error());
        assert!(!ws.validate());
        expect_words(&ws.error(), &[limit]);
        assert!(server.transcript().error.is_some(), "the rest of the 10 MB was not taken");
    }
}

/// The same where a program allows large heads: the parser itself is linear.
#[test]
fn r19_a_megabyte_of_header_in_small_pieces_takes_linear_time() {
    let head = format!("{STATUS_LINE}{}\r\n", format!("X: {}\r\n", "b".repeat(8_000)).repeat(126));
    let (_server, rest, ws) = asked(&[Trickle(head.into_bytes(), 200), Stall]);
    rest.set_max_head(i32::MAX);
    let took = cpu_time_of(|| assert_eq!(rest.get("/"), ""));
    // Five thousand receives; beginning anew with each would be 2.5 GB of parsing.
    assert!(took < ENOUGH, "{took:?}");
    assert_eq!(rest.header_count(), 126);
    assert!(!ws.validate());
    expect_words(&ws.error(), &["Upgrade"]);
}

/// CVE-2024-37890 (ws): too many headers.
#[test]
fn r19_h11_thousands_of_headers_are_refused() {
    for count in [129, 2_000, 10_000] {
        let many: String = (0..count).map(|n| format!("X-{n}: v\r\n")).collect();
        let (server, rest, ws) = asked(&[Send(format!("{STATUS_LINE}{many}\r\n").into()), Stall]);
        let took = cpu_time_of(|| rest.expect_failure("/", &["more than 128 lines"]));
        assert!(took < ENOUGH, "{took:?}");
        assert!(!ws.validate());
        assert_eq!((rest.status(), rest.header_count()), (0, 0));
        assert!(server.transcript().client_left);
    }
}

#[test]
fn r19_h11_a_head_without_an_end_is_no_head() {
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
    let names =
        ["Connection", "Upgrade", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "X-Other"];
    for name in names {
        let line = format!("{STATUS_LINE}{name}: x{}y\r\n\r\n", " ".repeat(60_000));
        let (_server, rest, ws) = asked(&[Send(line.into()), Stall]);
        let took = cpu_time_of(|| rest.expect_failure("/", &["a line of more than 8192 bytes"]));
        assert!(took < ENOUGH, "{name}: {took:?}");
        assert!(!ws.validate());
        // As much as the limits let through, checked to the end.
        for filling in [" ", ",", " ,", "\t", "a,", ";", "a;b=\"c d\" , "] {
            let value = filling.repeat(8_000 / filling.len());
            let upgrade = (0..7).fold(Upgrade::default(), |u, _| u.with(name, &value));
            let (_server, rest, ws) = asked(&[SendUpgrade(upgrade), Stall]);
            rest.add_header("Sec-WebSocket-Protocol", "a");
            let took = cpu_time_of(|| {
                rest.get("/");
                ws.validate();
            });
            assert!(took < ENOUGH, "{name} of {filling:?}: {took:?}");
            assert_eq!(rest.status(), 101);
        }
    }
}
