//! What can be read from the server's side of a TLS handshake as it passes by.
//!
//! The version, the cipher suite, an alert, and with TLS 1.2 the certificate travel in clear. This
//! only reports; the TLS library alone decides.

/// More than any honest server sends before encryption begins.
const MOST: usize = 64 * 1024;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SUPPORTED_VERSIONS: u16 = 43;
const TLS_1_3: u16 = 0x0304;

/// What passed by in clear.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The protocol version that the server chose.
    pub(crate) version: Option<u16>,
    /// The number of the cipher suite that the server chose.
    pub(crate) cipher: Option<u16>,
    /// The server's own certificate in DER.
    pub(crate) certificate: Option<Vec<u8>>,
    /// The description of an alert.
    pub(crate) alert: Option<u8>,
    /// The beginning of the answer when it is not TLS at all.
    pub(crate) stranger: Option<Vec<u8>>,
}

impl Seen {
    /// `TLS 1.3` or the like; empty while unknown.
    pub(crate) fn version_name(&self) -> String {
        self.version.map(version_name).unwrap_or_default()
    }

    /// The IANA name of the cipher suite, or its number; empty while unknown.
    pub(crate) fn cipher_name(&self) -> String {
        self.cipher.map(cipher_name).unwrap_or_default()
    }
}

/// Reads along; fed with every byte the server sends until encryption begins.
#[derive(Debug, Default)]
pub(crate) struct Sniffer {
    seen: Seen,
    records: Vec<u8>,
    messages: Vec<u8>,
    total: usize,
    done: bool,
}

impl Sniffer {
    /// Takes the next bytes from the server, in any pieces.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.done {
            return;
        }
        self.total += bytes.len();
        self.records.extend_from_slice(bytes);
        while !self.done {
            match self.record() {
                Some(length) => drop(self.records.drain(..length)),
                None => break,
            }
        }
        if self.done || self.total > MOST {
            self.done = true;
            self.records = Vec::new();
            self.messages = Vec::new();
        }
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Reads one record if it is complete; the length to drop.
    fn record(&mut self) -> Option<usize> {
        let &kind = self.records.first()?;
        let major = self.records.get(1).copied().unwrap_or(3);
        if !(CHANGE_CIPHER_SPEC..=24).contains(&kind) || major != 3 {
            self.seen.stranger = Some(self.records.iter().copied().take(64).collect());
            self.done = true;
            return None;
        }
        let length = usize::from(u16_at(&self.records, 3)?);
        let body = self.records.get(5..5 + length)?;
        match kind {
            HANDSHAKE => {
                self.messages.extend_from_slice(body);
                while let Some(length) = self.message() {
                    self.messages.drain(..length);
                }
            }
            ALERT if length == 2 => self.seen.alert = body.last().copied(),
            // TLS 1.3 sends a meaningless one in the middle (RFC 8446 D.4).
            CHANGE_CIPHER_SPEC if self.seen.version == Some(TLS_1_3) => {}
            CHANGE_CIPHER_SPEC | APPLICATION_DATA => self.done = true,
            _ => {}
        }
        Some(5 + length)
    }

    /// Reads one handshake message if it is complete; the length to drop.
    fn message(&mut self) -> Option<usize> {
        let &kind = self.messages.first()?;
        let length = u24_at(&self.messages, 1)?;
        let body = self.messages.get(4..4 + length)?;
        match kind {
            SERVER_HELLO => (self.seen.version, self.seen.cipher) = server_hello(body),
            CERTIFICATE if self.seen.certificate.is_none() => {
                let der = u24_at(body, 3).and_then(|length| body.get(6..6 + length));
                self.seen.certificate = der.map(<[u8]>::to_vec);
            }
            _ => {}
        }
        Some(4 + length)
    }
}

/// RFC 5246 7.4.1.3 and, for the version of TLS 1.3, RFC 8446 4.2.1.
fn server_hello(body: &[u8]) -> (Option<u16>, Option<u16>) {
    let legacy = u16_at(body, 0);
    let session = usize::from(body.get(34).copied().unwrap_or_default());
    let cipher = u16_at(body, 35 + session);
    // Cipher (2), compression (1), length of the extensions (2).
    let mut extensions = body.get(40 + session..).unwrap_or_default();
    while let (Some(kind), Some(length)) = (u16_at(extensions, 0), u16_at(extensions, 2)) {
        if kind == SUPPORTED_VERSIONS {
            return (u16_at(extensions, 4), cipher);
        }
        extensions = extensions.get(4 + usize::from(length)..).unwrap_or_default();
    }
    (legacy, cipher)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

fn u24_at(bytes: &[u8], at: usize) -> Option<usize> {
    let triple = bytes.get(at..at + 3)?;
    Some(triple.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)))
}

fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301..=0x0304 => format!("TLS 1.{}", version - 0x0301),
        _ => format!("0x{version:04X}"),
    }
}

fn cipher_name(cipher: u16) -> String {
    let known = CIPHERS.iter().find(|(number, _)| *number == cipher);
    known.map_or_else(|| format!("0x{cipher:04X}"), |(_, name)| (*name).to_owned())
}

/// The suites in use, by the TLS Cipher Suites registry of IANA.
const CIPHERS: [(u16, &str); 36] = [
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
    (0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    (0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"),
    (0xC09C, "TLS_RSA_WITH_AES_128_CCM"),
    (0xC09D, "TLS_RSA_WITH_AES_256_CCM"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 3, 3];
        record.extend_from_slice(&(body.len() as u16).to_be_bytes());
        record.extend_from_slice(body);
        record
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![kind];
        message.extend_from_slice(&(body.len() as u32).to_be_bytes()[1..]);
        message.extend_from_slice(body);
        message
    }

    fn hello(cipher: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&[4, 1, 2, 3, 4]);
        body.extend_from_slice(&cipher.to_be_bytes());
        body.push(0);
        body.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
        body.extend_from_slice(extensions);
        message(SERVER_HELLO, &body)
    }

    fn in_pieces(bytes: &[u8], size: usize) -> Sniffer {
        let mut sniffer = Sniffer::default();
        bytes.chunks(size).for_each(|piece| sniffer.feed(piece));
        sniffer
    }

    #[test]
    fn tls_1_3_is_told_by_its_extension_in_every_split() {
        let mut bytes = record(HANDSHAKE, &hello(0x1302, &[0, 51, 0, 2, 9, 9, 0, 43, 0, 2, 3, 4]));
        bytes.extend(record(CHANGE_CIPHER_SPEC, &[1]));
        bytes.extend(record(APPLICATION_DATA, &[0; 40]));
        for size in 1..bytes.len() {
            let sniffer = in_pieces(&bytes, size);
            let seen = sniffer.seen();
            assert_eq!(seen.version_name(), "TLS 1.3");
            assert_eq!(seen.cipher_name(), "TLS_AES_256_GCM_SHA384");
            assert!(sniffer.done && seen.certificate.is_none());
        }
    }

    #[test]
    fn tls_1_2_shows_its_certificate_also_over_several_records() {
        let der = [0x30, 0x82, 1, 2, 3];
        let mut chain = vec![0, 0, 8, 0, 0, 5];
        chain.extend_from_slice(&der);
        let mut messages = hello(0xC02F, &[]);
        messages.extend(message(CERTIFICATE, &chain));
        let mut bytes = Vec::new();
        for piece in messages.chunks(20) {
            bytes.extend(record(HANDSHAKE, piece));
        }
        bytes.extend(record(CHANGE_CIPHER_SPEC, &[1]));
        let sniffer = in_pieces(&bytes, 3);
        assert_eq!(sniffer.seen.version_name(), "TLS 1.2");
        assert_eq!(sniffer.seen.cipher_name(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(sniffer.seen.certificate.as_deref(), Some(&der[..]));
        assert!(sniffer.done);
    }

    #[test]
    fn strangers_and_alerts_are_recognised() {
        let sniffer = in_pieces(b"HTTP/1.1 400 Bad Request\r\n", 26);
        assert_eq!(sniffer.seen.stranger.as_deref(), Some(&b"HTTP/1.1 400 Bad Request\r\n"[..]));
        assert_eq!(in_pieces(&record(ALERT, &[2, 70]), 1).seen.alert, Some(70));
        assert_eq!(version_name(0x0301), "TLS 1.0");
        assert_eq!(cipher_name(0xBEEF), "0xBEEF");
    }

    #[test]
    fn lies_about_lengths_and_endless_input_are_harmless() {
        let mut sniffer = Sniffer::default();
        sniffer.feed(&record(HANDSHAKE, &[SERVER_HELLO, 0xFF, 0xFF, 0xFF, 3]));
        for _ in 0..200 {
            sniffer.feed(&record(HANDSHAKE, &[0; 1000]));
        }
        assert!(sniffer.done && sniffer.messages.is_empty());
        for length in 0..60 {
            let short = vec![0xFF; length];
            let sniffer = in_pieces(&record(HANDSHAKE, &message(SERVER_HELLO, &short)), 1000);
            assert!(sniffer.seen.stranger.is_none());
        }
    }
}
