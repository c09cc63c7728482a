//! Whether bytes are ASCII. The standard library looks at up to 63 bytes at the end one by one,
//! which can take longer than all the others.

/// Bytes looked at together.
const CHUNK: usize = 64;

/// Whether no byte has the high bit.
#[inline]
pub(super) fn is_ascii(bytes: &[u8]) -> bool {
    if bytes.len() <= CHUNK { is_short_ascii(bytes) } else { is_long_ascii(bytes) }
}

#[inline]
fn is_short_ascii(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else { return bytes.is_ascii() };
    let chunks = bytes.as_chunks().0.iter().chain([last]);
    let all = chunks.fold(0, |all, chunk| all | u128::from_ne_bytes(*chunk));
    all & u128::from_ne_bytes([0x80; 16]) == 0
}

#[inline(never)]
fn is_long_ascii(bytes: &[u8]) -> bool {
    let mut chunks = bytes.as_chunks().0.iter();
    chunks.all(is_chunk_ascii) && bytes.last_chunk().is_none_or(is_chunk_ascii)
}

#[inline]
fn is_chunk_ascii(chunk: &[u8; CHUNK]) -> bool {
    chunk.iter().fold(0, |all, byte| all | byte) < 0x80
}

#[cfg(test)]
mod tests {
    use super::is_ascii;

    #[test]
    fn a_byte_that_is_not_ascii_is_seen_wherever_it_is() {
        for (len, plain) in (0..300).flat_map(|len| [(len, 0x00), (len, 0x7F)]) {
            let mut bytes = vec![plain; len];
            assert!(is_ascii(&bytes), "{len} bytes");
            for at in 0..len {
                bytes[at] = 0x80;
                assert!(!is_ascii(&bytes), "0x80 at {at} of {len}");
                bytes[at] = plain;
            }
            bytes.fill(0x80);
            assert_eq!(is_ascii(&bytes), len == 0, "{len} bytes");
        }
    }
}
