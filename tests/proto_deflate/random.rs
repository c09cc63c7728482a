//! Random splits and random data.

use openck::proto::extension::Agreed;
use openck::proto::receiver::Limits;
use proptest::prelude::*;

use crate::proto_support::{Outcome, frame};
use crate::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// D-10: one message, fragmented and split at random.
    #[test]
    fn r87_random_fragmentations_of_one_message(
        cuts in prop::collection::vec(any::<usize>(), 0..40),
        size in 1_usize..5000,
        takeover in any::<bool>(),
    ) {
        let plain = [prose(5000), noise(500), prose(9000)].concat();
        let script = fragmented(BINARY, &Peer::once(&plain), &cuts);
        let agreed = Agreed { server_takeover: takeover, ..AGREED };
        let outcome = Outcome::deflated(&agreed, Limits::default(), script.chunks(size));
        prop_assert_eq!(outcome.code, None);
        prop_assert_eq!(outcome.events.len(), cuts.len() + 1);
        prop_assert_eq!(outcome.message, plain);
    }

    /// Whatever comes: no panic, the limit holds, and the split does not matter for the code.
    #[test]
    fn r88_any_payload_is_inflated_or_refused(
        payload in prop::collection::vec(any::<u8>(), 0..300),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        size in 1_usize..64,
    ) {
        let mut flipped = Peer::once(&prose(400));
        for (at, bits) in changes {
            let at = at % flipped.len();
            flipped[at] ^= bits;
        }
        let limits = Limits { frame: 0, message: 2000 };
        for payload in [payload, flipped] {
            let script = [frame(BINARY, &payload), frame(BINARY, &payload)].concat();
            let whole = Outcome::deflated(&AGREED, limits, [&script[..]]);
            let pieces = Outcome::deflated(&AGREED, limits, script.chunks(size));
            prop_assert_eq!(whole.code, pieces.code);
            prop_assert_eq!(whole.events, pieces.events);
            prop_assert!(whole.message.capacity() <= 4000 + 1024 + 64 * 1024);
        }
    }
}
