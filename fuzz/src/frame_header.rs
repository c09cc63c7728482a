//! Frame headers, RFC 6455 5.2.

use openck::error::ErrorKind;
use openck::proto::frame::{self, Header, Opcode, Rules};

/// A header is read as RFC 6455 5.2 says, more bytes do not change what was certain, and what is
/// written for it is the same header..
pub fn frame_header(data: &[u8]) {
    let Some((flags, input)) = data.split_first() else { return };
    let rules = Rules { in_message: flags & 1 != 0, compression: flags & 2 != 0 };
    let mut certain = Verdict::More;
    for len in 0..=input.len().min(16) {
        let verdict = verdict(&input[..len], rules);
        assert_eq!(verdict, by_the_book(&input[..len], rules), "{len} bytes of {input:02x?}");
        assert!(certain == Verdict::More || verdict == certain, "{certain:?} at {len}");
        certain = verdict;
    }
    assert_eq!(verdict(input, rules), certain);
    if let Verdict::Header(header, used) = certain {
        written_the_same(header, &input[..used]);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    More,
    Refused,
    Header(Header, usize),
}

fn verdict(input: &[u8], rules: Rules) -> Verdict {
    match Header::parse(input, rules) {
        Ok(Some((header, used))) => Verdict::Header(header, used),
        Ok(None) => Verdict::More,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Protocol);
            Verdict::Refused
        }
    }
}

/// The rules one after the other, as RFC 6455 5.2 to 5.5 and RFC 7692 6 tell them.
fn by_the_book(input: &[u8], rules: Rules) -> Verdict {
    let Some(first) = input.first() else { return Verdict::More };
    let (fin, rsv, number) = (first >> 7 == 1, first >> 4 & 7, first & 15);
    let control = number >= 8;
    let begins = number == 1 || number == 2;
    let reserved = ![0, 1, 2, 8, 9, 10].contains(&number);
    let compressed = rsv == 4 && rules.compression && begins;
    let misplaced = if control { !fin } else { begins == rules.in_message };
    if reserved || misplaced || (rsv != 0 && !compressed) {
        return Verdict::Refused;
    }
    let Some(second) = input.get(1) else { return Verdict::More };
    if second >> 7 == 1 || (control && *second > 125) {
        return Verdict::Refused;
    }
    let bytes = [0, 2, 8][usize::from(*second).saturating_sub(125)];
    let field = input.get(2..input.len().min(2 + bytes)).unwrap_or_default();
    if bytes == 8 && field.first().is_some_and(|top| top >> 7 == 1) {
        return Verdict::Refused;
    }
    if field.len() < bytes {
        return Verdict::More;
    }
    let long = field.iter().fold(0, |len, byte| len << 8 | u64::from(*byte));
    let len = if bytes == 0 { u64::from(*second) } else { long };
    if (bytes == 2 && len < 126) || (bytes == 8 && len < 65536) {
        return Verdict::Refused;
    }
    let opcode = Opcode::from_code(number).unwrap();
    Verdict::Header(Header { opcode, fin, compressed: rsv == 4, len }, 2 + bytes)
}

/// What openck itself sends in such a frame begins with the same bytes, but for the mask. R-23.
fn written_the_same(header: Header, bytes: &[u8]) {
    let Ok(len @ 0..=0x2_0000) = usize::try_from(header.len) else { return };
    let Header { opcode, fin, .. } = header;
    let mut out = Vec::new();
    // A continuation has no mark of its own: it is compressed as its message is.
    if header.compressed {
        frame::write_compressed(&mut out, opcode, fin, &vec![0; len], [0; 4]);
    } else {
        frame::write(&mut out, opcode, fin, &vec![0; len], [0; 4]);
    }
    assert_eq!(out.len(), bytes.len() + 4 + len);
    assert_eq!(out[1] & 0x80, 0x80, "not masked");
    out[1] &= 0x7f;
    assert_eq!(&out[..bytes.len()], bytes);
}
