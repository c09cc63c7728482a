//! Masking, RFC 6455 5.3.

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};

use crate::error::{Error, ErrorKind, Result};

/// A source of mask keys: a buffered CSPRNG of its own, seeded by the operating system.
///
/// There is no way to choose a key or a seed. RFC 6455 10.3, R-22.
pub struct MaskKeys(StdRng);

impl MaskKeys {
    /// Asks the operating system for a seed; fails with [`ErrorKind::Internal`] if it has none.
    pub fn new() -> Result<Self> {
        StdRng::try_from_rng(&mut SysRng).map(Self).map_err(|error| no_random(&error))
    }

    /// A fresh key; use it for one frame.
    #[inline]
    pub fn next_key(&mut self) -> [u8; 4] {
        self.0.next_u32().to_ne_bytes()
    }
}

impl std::fmt::Debug for MaskKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskKeys")
    }
}

/// Appends `payload` XOR `key` in one pass.
///
/// Words of eight bytes are compiled to vector instructions, with the key in a register.
#[inline]
pub fn copy_masked(out: &mut Vec<u8>, payload: &[u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let mask = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks();
    out.extend(words.iter().flat_map(|word| (u64::from_ne_bytes(*word) ^ mask).to_ne_bytes()));
    if !rest.is_empty() {
        copy_masked_tail(out, rest, key);
    }
}

/// Most frames have a short one or none: it is kept out of the way.
#[inline(never)]
fn copy_masked_tail(out: &mut Vec<u8>, tail: &[u8], key: [u8; 4]) {
    out.extend(tail.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// The failure of the system's random source.
#[cold]
pub(crate) fn no_random(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("The system gave no random bytes: {error}."))
        .advise("Check that the process may use the system's random source.")
}
