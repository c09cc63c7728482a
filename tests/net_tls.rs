//! TLS connections against a server of another maker: verification, both directions at once, ends.

#![allow(clippy::unwrap_used)] // Tests and their helpers.

mod net_common;

use std::io::{Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use net_common::tls::{Ca, Identity, both_ways, config, names, serve_once};
use net_common::{
    dial, listener, narrow_listener, pattern, read_exactly, read_some, watched, write,
};
use openck::error::{Error, ErrorKind};
use openck::log::Log;
use openck::net::connection::{Connection, Fill};
use openck::net::dial::{self, DialOptions};
use openck::net::tls::{TlsOptions, check_roots_pem};
use openck::net::wait::Cancel;
use rustls::version::{TLS12, TLS13};

/// The client's end of a connection to a server with a valid certificate; the server runs `serve`.
fn connected<T: Send + 'static>(
    versions: &[&'static rustls::SupportedProtocolVersion],
    narrow: bool,
    serve: impl FnOnce(net_common::tls::Stream) -> T + Send + 'static,
) -> (Connection, thread::JoinHandle<T>) {
    let ca = Ca::new("openck test CA");
    let (listener, mut options) = if narrow { narrow_listener() } else { listener() };
    options.tls = Some(ca.trusted());
    let server = serve_once(listener, config(ca.issue(names(&["127.0.0.1"])), versions), serve);
    (dial(&options).unwrap(), server)
}

#[test]
fn the_negotiated_version_and_cipher_are_known() {
    watched(|| {
        for (versions, version, ciphers) in [
            (&[&TLS12], "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_"),
            (&[&TLS13], "TLS 1.3", "TLS_AES_256_GCM_SHA384"),
        ] {
            let (connection, server) = connected(versions, false, |mut stream| {
                let mut question = [0; 8];
                stream.read_exact(&mut question).unwrap();
                stream.write_all(&question).unwrap();
                stream.conn.send_close_notify();
                stream.flush().unwrap();
                (
                    stream.conn.protocol_version().unwrap(),
                    format!("{:?}", stream.conn.negotiated_cipher_suite().unwrap().suite()),
                )
            });
            assert!(connection.is_tls());
            assert_eq!(connection.tls_version(), version);
            assert!(connection.tls_cipher().starts_with(ciphers), "{}", connection.tls_cipher());
            write(&connection, b"question", None).unwrap();
            assert_eq!(read_exactly(&connection, 8).unwrap(), b"question");
            // close_notify is an end like any other, and it stays.
            assert_eq!(read_some(&connection, &[]).unwrap(), b"");
            assert_eq!(read_some(&connection, &[]).unwrap(), b"");
            let (theirs, suite) = server.join().unwrap();
            assert_eq!(format!("{theirs:?}"), version.replace(' ', "v").replace('.', "_"));
            let normal = |name: &str| name.replace("TLS13_", "TLS_");
            assert_eq!(normal(connection.tls_cipher()), normal(&suite));
        }
    });
}

/// Connects to a server with this identity; the error of that and what it says in all.
fn refusal(identity: Identity, host: &str, tls: TlsOptions, tls12: bool) -> (Error, String) {
    let (listener, options) = listener();
    let versions: &[_] = if tls12 { &[&TLS12] } else { &[&TLS13] };
    let server = serve_once(listener, config(identity, versions), |mut stream| {
        stream.read(&mut [0]).unwrap_err().to_string()
    });
    let options = DialOptions { host: host.to_owned(), tls: Some(tls), ..options };
    let error = dial(&options).unwrap_err();
    let alert = server.join().unwrap();
    // The server is told, too.
    assert!(alert.to_lowercase().contains("alert"), "{alert}");
    let text = format!("{} {}", error.message(), error.advice().unwrap_or_default());
    (error, text)
}

#[test]
fn r10_certificates_that_cannot_be_trusted_are_refused_and_told_apart() {
    watched(|| {
        let ca = Ca::new("openck test CA");
        let expired = || {
            let mut params = names(&["127.0.0.1"]);
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 2, 2);
            ca.issue(params)
        };
        let other = Ca::new("unheard-of CA");
        for tls12 in [true, false] {
            let cases = [
                (expired(), "127.0.0.1", "has expired"),
                (ca.issue(names(&["elsewhere.test"])), "127.0.0.1", "another host name"),
                (ca.issue(names(&["elsewhere.test"])), "localhost", "another host name"),
                (Identity::self_signed(names(&["127.0.0.1"])), "127.0.0.1", "self-signed"),
                (other.issue(names(&["127.0.0.1"])), "127.0.0.1", "does not know"),
            ];
            for (identity, host, words) in cases {
                let (error, text) = refusal(identity, host, ca.trusted(), tls12);
                assert_eq!(error.kind(), ErrorKind::TlsCertificate, "{text}");
                assert!(text.contains(words) && text.contains(host), "{words}: {text}");
                assert!(text.contains("RequireSslCertVerify"), "{text}");
                // With TLS 1.2 the certificate itself can be shown.
                assert_eq!(text.contains("CN=openck test server"), tls12, "{text}");
            }
        }
        let (_, text) = refusal(expired(), "127.0.0.1", ca.trusted(), true);
        assert!(text.contains("2002") && text.contains("openck test CA"), "{text}");
    });
}

#[test]
fn r64_verification_can_be_switched_off_and_that_is_loud() {
    watched(|| {
        let (listener, mut options) = listener();
        options.tls = Some(TlsOptions { verify: false, ..TlsOptions::default() });
        let identity = Identity::self_signed(names(&["elsewhere.test"]));
        let server = serve_once(listener, config(identity, &[&TLS13]), |mut stream| {
            stream.write_all(b"hello").unwrap();
        });
        let mut log = Log::new();
        let connection = dial::dial(&options, &Cancel::new(), &mut log).unwrap();
        assert_eq!(read_exactly(&connection, 5).unwrap(), b"hello");
        server.join().unwrap();
        let text = format!("{:?}", log.entries());
        assert!(text.contains("certificate verification") && text.contains("OFF"), "{text}");
        assert!(text.contains("elsewhere.test"), "{text}");
    });
}

#[test]
fn a_self_signed_certificate_can_be_trusted_by_name() {
    watched(|| {
        let identity = Identity::self_signed(names(&["elsewhere.test"]));
        let (listener, mut options) = listener();
        let mut tls = identity.trusted();
        tls.server_name = Some("elsewhere.test".to_owned());
        options.tls = Some(tls);
        let server = serve_once(listener, config(identity, &[&TLS13]), |mut stream| {
            stream.write_all(b"hello").unwrap();
            stream.conn.server_name().map(str::to_owned)
        });
        let connection = dial(&options).unwrap();
        assert_eq!(read_exactly(&connection, 5).unwrap(), b"hello");
        assert_eq!(server.join().unwrap().as_deref(), Some("elsewhere.test"));
    });
}

#[test]
fn trusted_certificates_are_checked_when_they_are_given() {
    let pem = Ca::new("a").trusted().roots_pem.concat();
    let two = [pem.clone(), Ca::new("b").trusted().roots_pem.concat()].concat();
    assert_eq!(check_roots_pem("pem", &pem).unwrap(), 1);
    assert_eq!(check_roots_pem("pem", &two).unwrap(), 2);
    let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let error = check_roots_pem("The file key", key).unwrap_err();
    assert_eq!(error.message(), "The file key holds no CA certificate.");
    for bad in [&b""[..], b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        let error = check_roots_pem("The file x", bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert!(error.message().starts_with("The file x holds "), "{error}");
    }
}

/// Connects with TLS to a server that does `serve` with the plain socket.
fn foreign(serve: impl FnOnce(std::net::TcpStream) + Send + 'static, idle_ms: u64) -> Error {
    let (listener, mut options) = listener();
    options.tls = Some(TlsOptions::default());
    options.idle_timeout = Some(Duration::from_millis(idle_ms));
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    let error = dial(&options).unwrap_err();
    server.join().unwrap();
    error
}

#[test]
fn a_server_without_tls_is_recognised() {
    watched(|| {
        for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9\r\n", "220 x\r\n"] {
            let error = foreign(
                move |mut peer| {
                    peer.write_all(answer.as_bytes()).unwrap();
                    let _ = peer.read_to_end(&mut Vec::new());
                },
                20_000,
            );
            assert_eq!(error.kind(), ErrorKind::TlsHandshake);
            assert!(error.message().contains(&answer[..5]), "{}", error.message());
            assert!(error.advice().unwrap().contains("without TLS"));
        }
    });
}

#[test]
fn alerts_and_broken_handshakes_are_told_apart() {
    watched(|| {
        let hello = |peer: &mut std::net::TcpStream| {
            assert_ne!(peer.read(&mut [0; 4096]).unwrap(), 0);
        };
        let alert = |description: u8| {
            move |mut peer: std::net::TcpStream| {
                hello(&mut peer);
                peer.write_all(&[21, 3, 3, 0, 2, 2, description]).unwrap();
                let _ = peer.read_to_end(&mut Vec::new());
            }
        };
        let error = foreign(alert(70), 20_000);
        assert_eq!(error.kind(), ErrorKind::TlsVersion, "{error:?}");
        let error = foreign(alert(40), 20_000);
        assert_eq!(error.kind(), ErrorKind::TlsHandshake);
        assert!(error.message().contains("handshake failure"), "{error:?}");
        let error = foreign(move |mut peer| hello(&mut peer), 20_000);
        assert_eq!(error.kind(), ErrorKind::TlsHandshake);
        assert!(error.message().contains("closed"), "{error:?}");
        let garbage = move |mut peer: std::net::TcpStream| {
            hello(&mut peer);
            let _ = peer.write_all(&[&[22, 3, 3, 0, 200][..], &[0xAA; 200]].concat());
            let _ = peer.read_to_end(&mut Vec::new());
        };
        assert_eq!(foreign(garbage, 20_000).kind(), ErrorKind::TlsHandshake);
    });
}

#[test]
fn silence_in_the_handshake_ends_with_the_idle_timeout() {
    watched(|| {
        let begun = Instant::now();
        let silent = |mut peer: std::net::TcpStream| drop(peer.read_to_end(&mut Vec::new()));
        let error = foreign(silent, 200);
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.message().contains("200 ms"), "{}", error.message());
        // Byte by byte is no progress.
        let drip = |mut peer: std::net::TcpStream| {
            peer.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
            let mut record = [&[22, 3, 3, 64, 0][..], &[2, 0, 63, 0]].concat().into_iter();
            while peer.read(&mut [0; 4096]).map_or(true, |n| n > 0) {
                if peer.write_all(&[record.next().unwrap_or(3)]).is_err() {
                    break;
                }
            }
        };
        assert_eq!(foreign(drip, 200).kind(), ErrorKind::Timeout);
        assert!(begun.elapsed() < Duration::from_secs(10));
    });
}

#[test]
fn cancelling_ends_a_silent_handshake() {
    watched(|| {
        let (listener, mut options) = listener();
        options.tls = Some(TlsOptions::default());
        options.idle_timeout = None;
        let cancel = Arc::new(Cancel::new());
        let token = Arc::clone(&cancel);
        let dialling = thread::spawn(move || dial::dial(&options, &token, &mut Log::new()));
        let (mut peer, _) = listener.accept().unwrap();
        assert_ne!(peer.read(&mut [0; 4096]).unwrap(), 0);
        let at = Instant::now();
        cancel.cancel();
        assert_eq!(dialling.join().unwrap().unwrap_err().kind(), ErrorKind::Aborted);
        assert!(at.elapsed() < Duration::from_millis(100), "{:?}", at.elapsed());
    });
}

/// Several threads send, one reads, the server sends and receives and renews its keys.
fn transfer(versions: &[&'static rustls::SupportedProtocolVersion], renew: usize) {
    const OURS: usize = 3_000_000;
    const THEIRS: usize = 5_000_000;
    let (connection, server) =
        connected(versions, true, move |stream| both_ways(stream, &pattern(1, THEIRS), renew));
    let connection = Arc::new(connection);
    let reader = {
        let connection = Arc::clone(&connection);
        thread::spawn(move || read_exactly(&connection, THEIRS).unwrap())
    };
    let data = pattern(2, OURS);
    for (index, piece) in data.chunks(7000).enumerate() {
        write(&connection, piece, Some(Duration::from_secs(20)))
            .unwrap_or_else(|error| panic!("piece {index}: {error}"));
    }
    assert!(reader.join().unwrap() == pattern(1, THEIRS));
    connection.shut_down();
    // Reading on also sends what the socket did not take at once.
    assert_eq!(read_some(&connection, &[]).unwrap(), b"");
    assert!(server.join().unwrap() == data);
}

#[test]
fn large_transfers_both_ways_at_once_with_key_updates() {
    // rustls ends a connection after 32 answers with no data in between; these are 27 in all.
    watched(|| transfer(&[&TLS13], 110_000));
}

#[test]
fn large_transfers_both_ways_at_once_with_tls_1_2() {
    watched(|| transfer(&[&TLS12], 0));
}

#[test]
fn two_peers_that_both_only_send_do_not_block_each_other() {
    watched(|| {
        let (connection, server) = connected(&[&TLS13], true, |mut stream| {
            stream.write_all(&pattern(0, 900_000)).unwrap();
            let mut back = vec![0; 900_000];
            stream.read_exact(&mut back).unwrap();
            back
        });
        let data = pattern(7, 900_000);
        write(&connection, &data, Some(Duration::from_secs(20))).unwrap();
        assert!(server.join().unwrap() == data);
        assert!(read_exactly(&connection, 900_000).unwrap() == pattern(0, 900_000));
    });
}

#[test]
fn r42_receiving_directly_leaves_the_surplus_for_later() {
    watched(|| {
        let (connection, server) = connected(&[&TLS13], false, |mut stream| {
            stream.write_all(&pattern(0, 2_000_000)).unwrap();
        });
        let mut all = Vec::new();
        // Odd sizes, so that records are cut in the middle, and a switch of the way in between.
        for size in (1..).map(|round| round * 7919 % 60_000) {
            let max = size.min(2_000_000 - all.len());
            if max == 0 {
                break;
            }
            let mut input = connection.lock_input();
            let mut some = Vec::new();
            while some.len() < max {
                let left = max - some.len();
                match connection.fill_direct(&mut input, &mut some, left).unwrap() {
                    Fill::End => panic!("the end came early"),
                    Fill::Pending => thread::yield_now(),
                    Fill::Bytes(n) => assert!(n <= left),
                }
            }
            drop(input);
            all.append(&mut some);
            if size % 3 == 0 && all.len() < 2_000_000 {
                all.extend(read_some(&connection, &[]).unwrap());
            }
        }
        assert!(all == pattern(0, 2_000_000));
        server.join().unwrap();
    });
}

#[test]
fn the_end_without_close_notify_comes_after_the_data() {
    watched(|| {
        let (connection, server) = connected(&[&TLS13], false, |mut stream| {
            stream.write_all(b"last words").unwrap();
            // Everything of the client is read, so that closing is no reset.
            stream.sock.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = stream.sock.read_to_end(&mut Vec::new());
        });
        assert_eq!(read_exactly(&connection, 10).unwrap(), b"last words");
        assert_eq!(read_some(&connection, &[]).unwrap(), b"");
        connection.close();
        server.join().unwrap();
    });
}

#[test]
fn damaged_records_are_a_lost_connection() {
    watched(|| {
        let (connection, server) = connected(&[&TLS13], false, |mut stream| {
            stream.write_all(b"good").unwrap();
            stream.sock.write_all(&[&[23, 3, 3, 0, 50][..], &[0x55; 50]].concat()).unwrap();
            let error = stream.read(&mut [0]).unwrap_err();
            error.to_string()
        });
        assert_eq!(read_exactly(&connection, 4).unwrap(), b"good");
        let error = read_some(&connection, &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionLost);
        assert!(error.message().contains("TLS"), "{}", error.message());
        // The server is told by an alert.
        let told = server.join().unwrap();
        assert!(told.contains("BadRecordMac"), "{told}");
    });
}
