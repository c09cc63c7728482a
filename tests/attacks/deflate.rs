//! Compressed messages that are bombs, nonsense, or merely unusual. RFC 7692; list D, F16.

use std::io::Write;

use openck_test_support::script::Upgrade;
use openck_test_support::wire::{frame, opcode, raw_frame};

use crate::common::{Rest, Ws, upgrade_with};
use crate::hostile::{Attack, Sessions, hostile, next_frame};
use crate::measure::Turn;
use crate::peer::{Peer, fragmented, noise, prose};

const MIB: usize = 1 << 20;
/// Two windows of 32 KiB and what zlib needs beside them, and the buffers of a connection.
const INFLATING: usize = MIB;

const TEXT: u8 = 0xc1;
const BINARY: u8 = 0xc2;
const BOTH_FORGET: &str = "; server_no_context_takeover; client_no_context_takeover";

fn agreeing(parameters: &str) -> Upgrade {
    let answer = format!("permessage-deflate{parameters}");
    Upgrade::default().with("Sec-WebSocket-Extensions", &answer)
}

fn compressed(parameters: &str) -> Sessions {
    Sessions::with(agreeing(parameters))
}

/// Something that is a thousand times as long when it is inflated.
fn bomb(len: usize) -> Vec<u8> {
    let payload = Peer::new(9, 15).payload(&vec![0; len]);
    assert!(payload.len() < len / 1000, "{}", payload.len());
    payload
}

/// The message in frames of one byte each.
fn in_bytes(payload: &[u8]) -> Vec<u8> {
    fragmented(BINARY, payload, &(1..payload.len()).collect::<Vec<_>>())
}

/// D1: more than the limit in a frame, in nested fragments, as the second message; with and without
/// a context that is kept.
#[test]
fn d01_r88_bombs_end_at_the_limit() {
    let turn = Turn::take();
    let payload = bomb(64 * MIB + 1);
    let small = bomb(8 * MIB);
    let second = [frame(true, opcode::TEXT, b"plain"), raw_frame(BINARY, None, &payload)].concat();
    for parameters in ["", BOTH_FORGET] {
        let sessions = compressed(parameters);
        for (what, script, limit) in [
            ("a bomb in a frame", raw_frame(BINARY, None, &payload), 64 * MIB),
            ("a bomb in frames of a byte", in_bytes(&payload), 64 * MIB),
            ("a bomb behind a message", second.clone(), 64 * MIB),
            ("a bomb, MaxMessageSize of 1 MiB", raw_frame(TEXT, None, &small), MIB),
            ("the same in frames of a byte", in_bytes(&small), MIB),
        ] {
            let length = script.len();
            let ws = sessions.open_with(script, |ws| {
                ws.set_deflate(true);
                ws.set_max_message(limit as i32);
            });
            let attack = Attack {
                id: "D1 R-88",
                what,
                size: format!("{length} bytes"),
                memory: limit + INFLATING,
                cpu_ms: 2_000,
            };
            attack.measure(&turn, || while ws.read() {});
            assert_eq!(ws.fail_reason(), 4, "{what}: {}", ws.error());
            sessions.expect_refusal_sent(&ws, 1009);
        }
    }
}

/// D1: bombs within the limit, taken one by one, cost the memory of one.
#[test]
fn d01_r62_bombs_that_are_taken_cost_the_memory_of_one() {
    let turn = Turn::take();
    for parameters in ["", BOTH_FORGET] {
        let message = raw_frame(BINARY, None, &bomb(MIB));
        let server = hostile(agreeing(parameters), move |stream| {
            (0..100).try_for_each(|_| stream.write_all(&message))?;
            next_frame(stream);
            Ok(())
        });
        let rest = Rest::connected(server.port());
        let ws = upgrade_with(&rest, "/", |ws| ws.set_deflate(true));
        let attack = Attack {
            id: "D1 R-62",
            what: "bombs within the limit, each taken",
            size: "100 of 1 MiB".to_owned(),
            // The message, and the object that takes it.
            memory: 2 * 2 * MIB + INFLATING,
            cpu_ms: 2_000,
        };
        attack.measure(&turn, || {
            for _ in 0..100 {
                ws.expect_frame("Binary");
                assert_eq!(ws.bytes().len(), MIB);
            }
        });
    }
}

/// D1: blocks and messages that become nothing, without end.
#[test]
fn d01_r63_empty_blocks_and_messages_cost_no_memory() {
    let turn = Turn::take();
    let blocks = raw_frame(0x00, None, &[0, 0, 0, 0xff, 0xff].repeat(100));
    let empty = raw_frame(TEXT, None, b"\0");
    for (what, parameters, first, one, count) in [
        ("empty blocks in one message", "", raw_frame(0x42, None, b""), blocks, 10_000),
        ("empty compressed messages", "", vec![], empty.clone(), 200_000),
        ("the same, takeover off", BOTH_FORGET, vec![], empty, 200_000),
    ] {
        let server = hostile(agreeing(parameters), move |stream| {
            stream.write_all(&first)?;
            let piece = one.repeat(100);
            (0..count / 100).try_for_each(|_| stream.write_all(&piece))?;
            next_frame(stream);
            Ok(())
        });
        let rest = Rest::connected(server.port());
        let ws = upgrade_with(&rest, "/", |ws| ws.set_deflate(true));
        let attack = Attack {
            id: "D1 R-63",
            what,
            size: format!("{count} frames"),
            memory: INFLATING,
            cpu_ms: 5_000,
        };
        attack.measure(&turn, || {
            for _ in 0..count {
                assert!(ws.read(), "{}", ws.error());
            }
        });
        assert_eq!(ws.data_len(), 0);
    }
}

/// D1: frames that become nothing, in a message that has much room: each must cost what it brings.
#[test]
fn d01_r63_frames_behind_a_large_message_are_not_dearer() {
    let turn = Turn::take();
    const FRAMES: usize = 20_000;
    // As a message doubles, there is room for 30 MiB more when these have come.
    let begin = fragmented(BINARY, &bomb(33 * MIB), &[])[1..].to_vec();
    let begin = [vec![0x42], begin].concat();
    let empty = raw_frame(0x00, None, &[0, 0, 0, 0xff, 0xff]);
    let server = hostile(agreeing(""), move |stream| {
        stream.write_all(&begin)?;
        stream.write_all(&raw_frame(0x00, None, &[0, 0, 0xff, 0xff]))?;
        stream.write_all(&empty.repeat(FRAMES))?;
        next_frame(stream);
        Ok(())
    });
    let rest = Rest::connected(server.port());
    let ws = upgrade_with(&rest, "/", |ws| ws.set_deflate(true));
    ws.expect_frame("Binary");
    let attack = Attack {
        id: "D1 R-63",
        what: "frames of an empty block behind 33 MiB of the same message",
        size: format!("{FRAMES} frames"),
        memory: INFLATING,
        cpu_ms: 1_000,
    };
    attack.measure(&turn, || {
        for _ in 0..=FRAMES {
            assert!(ws.read(), "{}", ws.error());
        }
    });
    assert_eq!(usize::try_from(ws.data_len()).unwrap(), 33 * MIB);
}

/// D6: all windows of the server, with a text that refers as far back as each allows.
#[test]
fn d06_r81_every_window_of_the_server() {
    let _turn = Turn::take();
    let text = prose(100_000);
    for bits in 8..=15 {
        let sessions = compressed(&format!("; server_max_window_bits={bits}"));
        // zlib has no window of 8 bits for compressing; what is stored needs none.
        let payload = if bits == 8 { Peer::new(0, 9) } else { Peer::new(9, bits) }.payload(&text);
        let ws = sessions.open_with(raw_frame(TEXT, None, &payload), |ws| {
            ws.set_deflate(true);
            ws.set_server_bits(bits.into());
        });
        ws.expect_frame("Text");
        assert_eq!(ws.bytes(), text, "{bits} bits");
    }
}

/// D10, D9: 200 random fragmentations of one message, plain messages and Pongs between them.
#[test]
fn d10_r87_random_fragmentations_of_one_message() {
    let _turn = Turn::take();
    let text = prose(3_000);
    let payload = Peer::once(&text);
    let random = noise(20_000);
    let mut random =
        random.chunks_exact(2).map(|two| usize::from(u16::from_le_bytes([two[0], two[1]])));
    let mut script = Vec::new();
    for n in 0..200 {
        let cuts: Vec<usize> = random.by_ref().take(n % 40).collect();
        script.extend(fragmented(TEXT, &payload, &cuts));
        script.extend(frame(true, opcode::PONG, b"between"));
        script.extend(frame(true, opcode::TEXT, b"plain"));
    }
    let sessions = compressed("; server_no_context_takeover");
    let ws = sessions.open_with(script, |ws| ws.set_deflate(true));
    for n in 0..200 {
        while ws.read() && !ws.is_final() {}
        assert_eq!((ws.fail_reason(), ws.bytes() == text), (0, true), "{n}: {}", ws.error());
        ws.expect_text("plain");
    }
}

/// D2, D3: what a good message is with a bit of it turned. Either it is refused or it is another
/// message; nothing hangs, and nothing becomes larger than the limit.
#[test]
fn d02_r88_damaged_messages_are_refused_or_read() {
    let turn = Turn::take();
    let payload = Peer::once(&prose(400));
    let sessions = compressed("");
    let (mut refused, mut read) = (0, 0);
    for bit in 0..payload.len() * 8 {
        let mut damaged = payload.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let ws = sessions.open_with(raw_frame(BINARY, None, &damaged), set_limited);
        let attack = Attack {
            id: "D2 R-88",
            what: "a message with a bit turned",
            size: format!("bit {bit}"),
            memory: MIB + INFLATING,
            cpu_ms: 500,
        };
        let cost = turn.cost(|| match ws.read() {
            true => read += 1,
            false => refused += 1,
        });
        attack.expect(&cost);
        assert!(matches!(ws.fail_reason(), 0 | 4), "{}", ws.error());
    }
    assert!(refused > 100 && read > 100, "{refused} refused, {read} read");
}

fn set_limited(ws: &Ws) {
    ws.set_deflate(true);
    ws.set_max_message(MIB as i32);
}
