//! Sec-WebSocket-Extensions and the negotiation of permessage-deflate. RFC 6455 9.1, RFC 7692 7.1.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

use openck::error::ErrorKind;
use openck::proto::extension::{Agreed, Offer, parse};
use openck::proto::handshake::{ClientKey, validate};

/// What comes of an answer to an offer, both as header values, through the whole handshake.
fn negotiate(offer: &str, answer: &str) -> Result<Agreed, String> {
    let key = ClientKey::generate().unwrap();
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut request = key.fields().to_vec();
    request.push(field("Sec-WebSocket-Extensions", offer));
    let fields = [
        field("Upgrade", "websocket"),
        field("Connection", "Upgrade"),
        field("Sec-WebSocket-Accept", &key.accept()),
        field("Sec-WebSocket-Extensions", answer),
    ];
    match validate(101, &fields, &key, &request) {
        Ok(accepted) => Ok(accepted.deflate.expect("an extension was agreed")),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Handshake, "{error}");
            assert!(error.advice().is_some(), "{error}");
            Err(error.message().to_owned())
        }
    }
}

const PLAIN: Agreed =
    Agreed { server_bits: 15, client_bits: 15, server_takeover: true, client_takeover: true };

/// What openck offers by default.
const USUAL: &str = "permessage-deflate; client_max_window_bits";

#[track_caller]
fn agreed(offer: &str, parameters: &str) -> Agreed {
    let answer = format!("permessage-deflate{parameters}");
    negotiate(offer, &answer).unwrap_or_else(|error| panic!("{offer} / {parameters}: {error}"))
}

#[track_caller]
fn refused(offer: &str, parameters: &str, word: &str) {
    let error = negotiate(offer, &format!("permessage-deflate{parameters}")).unwrap_err();
    assert!(error.contains(word), "{offer} / {parameters}: {error} lacks {word}");
    assert!(error.contains("Sec-WebSocket-Extensions"), "{error}");
}

// The offer

#[test]
fn r80_the_default_offer() {
    assert_eq!(Offer::default().to_string(), USUAL);
}

#[test]
fn r80_every_offer_says_what_it_means() {
    let windows = || (8..=15).map(Some).chain([None]);
    let mut count = 0;
    for client_bits in windows() {
        for server_bits in windows() {
            for takeover in 0..4 {
                let (client_takeover, server_takeover) = (takeover & 1 == 0, takeover & 2 == 0);
                let offer = Offer { client_bits, server_bits, client_takeover, server_takeover };
                let text = offer.to_string();
                let [element] = &parse(&text).unwrap()[..] else { panic!("{text}") };
                assert_eq!(element.name, "permessage-deflate");
                assert_eq!(Offer::read(element), Ok(offer), "{text}");
                count += 1;
            }
        }
    }
    assert_eq!(count, 9 * 9 * 4);
}

#[test]
fn r80_the_words_of_an_offer() {
    let offer = Offer {
        client_bits: Some(12),
        server_bits: Some(8),
        client_takeover: false,
        server_takeover: false,
    };
    assert_eq!(
        offer.to_string(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=8; client_max_window_bits=12"
    );
}

// The answer

#[test]
fn r80_an_answer_without_parameters_is_the_default_of_the_rfc() {
    assert_eq!(agreed(USUAL, ""), PLAIN);
    assert_eq!(PLAIN.to_string(), "permessage-deflate");
}

#[test]
fn r80_blanks_and_quotes_mean_nothing() {
    let expected = Agreed { server_bits: 12, ..PLAIN };
    for parameters in [
        ";server_max_window_bits=12",
        " ; server_max_window_bits = 12 ",
        ";\tserver_max_window_bits\t=\t12\t",
        "; server_max_window_bits=\"12\"",
        "; server_max_window_bits=\"1\\2\"",
    ] {
        assert_eq!(agreed(USUAL, parameters), expected, "{parameters}");
    }
}

#[test]
fn r80_unknown_and_repeated_parameters_are_refused() {
    refused(USUAL, "; foo", "no such parameter: foo");
    refused(USUAL, "; foo=1", "no such parameter: foo");
    refused(USUAL, "; Server_no_context_takeover", "no such parameter");
    for parameter in [
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits=10",
        "client_max_window_bits=10",
    ] {
        refused(USUAL, &format!("; {parameter}; {parameter}"), "twice");
    }
    refused(USUAL, "; server_max_window_bits=10; server_max_window_bits=11", "twice");
}

#[test]
fn r80_values_that_nobody_asked_for_are_refused() {
    for name in ["server_no_context_takeover", "client_no_context_takeover"] {
        for value in ["true", "1", "15", "\"\\x\""] {
            refused(USUAL, &format!("; {name}={value}"), "takes no value");
        }
    }
}

#[test]
fn r80_malformed_lists_are_refused() {
    for parameters in [
        ";",
        "; ",
        "; =12",
        "; server_max_window_bits=",
        "; server_max_window_bits=\"\"",
        "; server_max_window_bits=\"12",
        "; server_max_window_bits=12\"",
        "; server_max_window_bits=\"1 2\"",
        "; server_max_window_bits=\"12\\\"",
        "; server_max_window_bits=\"1\\\\2\"",
        "; server_max_window_bits=1 2",
        "; server_max_window_bits=12 13",
        "; server_max_window_bits==12",
        "; a b",
        ",",
        ", ,",
        "\u{e9}",
    ] {
        refused(USUAL, parameters, "Sec-WebSocket-Extensions");
    }
}

/// The advisory on `server_max_window_bits` out of range (section 3 of the requirements).
#[test]
fn r81_r82_windows_are_8_to_15_without_leading_zeros() {
    for name in ["server_max_window_bits", "client_max_window_bits"] {
        for bits in 8..=15 {
            for value in [format!("{bits}"), format!("\"{bits}\"")] {
                let agreed = agreed(USUAL, &format!("; {name}={value}"));
                let found =
                    if name.starts_with('s') { agreed.server_bits } else { agreed.client_bits };
                assert_eq!(found, bits, "{name}={value}");
            }
        }
        for value in [
            "0",
            "1",
            "7",
            "16",
            "99",
            "-1",
            "+9",
            "08",
            "09",
            "015",
            "1e1",
            "0x9",
            "9.0",
            "256",
            "264",
            "4294967304",
            "18446744073709551624",
            "ten",
            "\"08\"",
            "\"7\"",
            "*",
        ] {
            refused(USUAL, &format!("; {name}={value}"), &format!("{name} is not 8 to 15"));
        }
        refused(USUAL, &format!("; {name}=99999999999999999999999999999999999999999999"), name);
    }
    refused(USUAL, "; server_max_window_bits", "server_max_window_bits is not 8 to 15");
    refused(USUAL, "; client_max_window_bits", "client_max_window_bits has no value");
}

#[test]
fn r81_the_server_window_is_not_larger_than_offered() {
    for most in 8..=15_u8 {
        let offer = Offer { server_bits: Some(most), ..Offer::default() }.to_string();
        for bits in 8..=15_u8 {
            let parameters = format!("; server_max_window_bits={bits}");
            if bits <= most {
                assert_eq!(agreed(&offer, &parameters), Agreed { server_bits: bits, ..PLAIN });
            } else {
                refused(&offer, &parameters, &format!("is {bits}, more than the {most}"));
            }
        }
        refused(&offer, "", "server_max_window_bits was asked for and is missing");
    }
    // Not offered: the server may limit itself nevertheless.
    assert_eq!(agreed(USUAL, "; server_max_window_bits=9"), Agreed { server_bits: 9, ..PLAIN });
}

#[test]
fn r82_the_client_window_only_where_it_was_offered() {
    refused("permessage-deflate", "; client_max_window_bits=10", "was not offered");
    refused("permessage-deflate", "; client_max_window_bits=15", "was not offered");
    for most in 8..=15_u8 {
        let offer = format!("permessage-deflate; client_max_window_bits={most}");
        for bits in 8..=15_u8 {
            let parameters = format!("; client_max_window_bits={bits}");
            if bits <= most {
                assert_eq!(agreed(&offer, &parameters), Agreed { client_bits: bits, ..PLAIN });
            } else {
                refused(&offer, &parameters, &format!("is {bits}, more than the {most}"));
            }
        }
        // Not answered: the offer was a promise.
        assert_eq!(agreed(&offer, ""), Agreed { client_bits: most, ..PLAIN });
    }
}

#[test]
fn r83_context_takeover_of_either_side() {
    let (server, client) = ("; server_no_context_takeover", "; client_no_context_takeover");
    let without_server = Agreed { server_takeover: false, ..PLAIN };
    let without_client = Agreed { client_takeover: false, ..PLAIN };
    // Unasked.
    assert_eq!(agreed(USUAL, server), without_server);
    assert_eq!(agreed(USUAL, client), without_client);
    // Asked.
    let asked = format!("permessage-deflate{server}");
    assert_eq!(agreed(&asked, server), without_server);
    refused(&asked, "", "server_no_context_takeover was asked for and is missing");
    refused(&asked, client, "server_no_context_takeover was asked for and is missing");
    // A promise of this side needs no answer.
    let promised = format!("permessage-deflate{client}");
    for answer in ["", client] {
        assert_eq!(agreed(&promised, answer), without_client);
    }
    let neither = Agreed { client_takeover: false, ..without_server };
    let answer = format!("{client}{server}; server_max_window_bits=9");
    let agreed = agreed(USUAL, &answer);
    assert_eq!(agreed, Agreed { server_bits: 9, ..neither });
    assert_eq!(
        agreed.to_string(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=9"
    );
}

// Several elements, and offers that a program makes by itself

#[test]
fn r80_one_extension_is_chosen_once() {
    let error = negotiate(USUAL, "permessage-deflate, permessage-deflate").unwrap_err();
    assert!(error.contains("twice"), "{error}");
}

#[test]
fn r16_other_extensions_are_refused_offered_or_not() {
    let error = negotiate(USUAL, "x-webkit-deflate-frame").unwrap_err();
    assert!(error.contains("was not offered"), "{error}");
    let offer = format!("bbf-usp-protocol, {USUAL}");
    for answer in ["bbf-usp-protocol", "permessage-deflate, bbf-usp-protocol"] {
        let error = negotiate(&offer, answer).unwrap_err();
        assert!(error.contains("agreed to the extension \"bbf-usp-protocol\""), "{error}");
    }
    assert_eq!(negotiate(&offer, "permessage-deflate"), Ok(PLAIN));
}

#[test]
fn r80_an_answer_may_fit_any_of_several_offers() {
    let offer = "permessage-deflate; server_max_window_bits=10; client_max_window_bits, \
                 permessage-deflate; server_no_context_takeover, permessage-deflate";
    let first = agreed(offer, "; server_max_window_bits=10; client_max_window_bits=9");
    assert_eq!(first, Agreed { server_bits: 10, client_bits: 9, ..PLAIN });
    let second = agreed(offer, "; server_no_context_takeover; server_max_window_bits=15");
    assert_eq!(second, Agreed { server_takeover: false, ..PLAIN });
    assert_eq!(agreed(offer, ""), PLAIN);
    refused(offer, "; client_max_window_bits=9", "was not offered");
}

#[test]
fn r80_an_offer_by_hand_that_makes_no_sense_is_not_honoured() {
    for parameters in ["; foo", "; server_max_window_bits", "; client_max_window_bits=7"] {
        let offer = format!("permessage-deflate{parameters}");
        refused(&offer, "", "an offer that is wrong itself");
    }
}

#[test]
fn r60_hostile_parameters_are_quoted_shortly() {
    let name = "x".repeat(5000);
    for parameters in [format!("; {name}"), format!("; server_max_window_bits={name}")] {
        let error = negotiate(USUAL, &format!("permessage-deflate{parameters}")).unwrap_err();
        assert!(error.len() < 400, "{}", error.len());
    }
}
