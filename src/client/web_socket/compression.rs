//! permessage-deflate as the program sees it: what to offer, and what was agreed.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use super::WebSocket;
use crate::client::rest::set_number;
use crate::error::Result;
use crate::proto::deflate::Deflater;
use crate::proto::extension::{Agreed, Offer};

/// What the program wants.
#[derive(Debug)]
pub(super) struct Compression {
    on: AtomicBool,
    level: AtomicI32,
    min_size: AtomicI32,
    client_bits: AtomicI32,
    server_bits: AtomicI32,
    client_takeover: AtomicBool,
    server_takeover: AtomicBool,
}

impl Default for Compression {
    fn default() -> Self {
        Self {
            on: AtomicBool::new(false),
            level: AtomicI32::new(6),
            min_size: AtomicI32::new(256),
            client_bits: AtomicI32::new(15),
            server_bits: AtomicI32::new(15),
            client_takeover: AtomicBool::new(true),
            server_takeover: AtomicBool::new(true),
        }
    }
}

impl Compression {
    /// What to offer; none when compression is off.
    pub(super) fn offer(&self) -> Option<Offer> {
        let bits = |place: &AtomicI32| u8::try_from(place.load(Ordering::Relaxed)).unwrap_or(15);
        self.on.load(Ordering::Relaxed).then(|| Offer {
            client_bits: Some(bits(&self.client_bits)),
            server_bits: Some(bits(&self.server_bits)).filter(|bits| *bits < 15),
            client_takeover: self.client_takeover.load(Ordering::Relaxed),
            server_takeover: self.server_takeover.load(Ordering::Relaxed),
        })
    }

    pub(super) fn deflater(&self, agreed: &Agreed) -> Deflater {
        Deflater::new(agreed, u8::try_from(self.level.load(Ordering::Relaxed)).unwrap_or(6))
    }

    pub(super) fn min_size(&self) -> usize {
        usize::try_from(self.min_size.load(Ordering::Relaxed)).unwrap_or(0)
    }
}

impl WebSocket {
    /// Whether the next AddClientHeaders offers permessage-deflate.
    pub fn permessage_deflate(&self) -> bool {
        self.settings.compression.on.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::permessage_deflate`].
    pub fn set_permessage_deflate(&self, value: bool) -> Result<()> {
        self.settings.compression.on.store(value, Ordering::Relaxed);
        Ok(())
    }

    /// How hard messages are compressed: 0 to 9.
    pub fn deflate_level(&self) -> i32 {
        self.settings.compression.level.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::deflate_level`].
    pub fn set_deflate_level(&self, value: i32) -> Result<()> {
        let place = &self.settings.compression.level;
        let advice = "Pass 0 to 9: 1 is fast, 6 usual, 9 small; 0 only stores.";
        set_number(place, "DeflateLevel", value, 0..=9, advice)
    }

    /// Messages of one frame with fewer bytes are not compressed.
    pub fn deflate_min_size(&self) -> i32 {
        self.settings.compression.min_size.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::deflate_min_size`], also for an open session.
    pub fn set_deflate_min_size(&self, value: i32) -> Result<()> {
        let place = &self.settings.compression.min_size;
        let advice = "Pass a number of bytes, or 0 to compress every message.";
        set_number(place, "DeflateMinSize", value, 0..=i32::MAX, advice)
    }

    /// The largest window for compressing, in bits.
    pub fn deflate_client_max_window_bits(&self) -> i32 {
        self.settings.compression.client_bits.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::deflate_client_max_window_bits`].
    pub fn set_deflate_client_max_window_bits(&self, value: i32) -> Result<()> {
        let place = &self.settings.compression.client_bits;
        let advice = "Pass 9 to 15; openck cannot compress with a window of 8 bits.";
        set_number(place, "DeflateClientMaxWindowBits", value, 9..=15, advice)
    }

    /// The largest window that the server may use, in bits.
    pub fn deflate_server_max_window_bits(&self) -> i32 {
        self.settings.compression.server_bits.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::deflate_server_max_window_bits`].
    pub fn set_deflate_server_max_window_bits(&self, value: i32) -> Result<()> {
        let place = &self.settings.compression.server_bits;
        let advice = "Pass 8 to 15; 15 leaves it to the server.";
        set_number(place, "DeflateServerMaxWindowBits", value, 8..=15, advice)
    }

    /// Whether messages sent may refer to earlier ones.
    pub fn deflate_client_context_takeover(&self) -> bool {
        self.settings.compression.client_takeover.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::deflate_client_context_takeover`].
    pub fn set_deflate_client_context_takeover(&self, value: bool) -> Result<()> {
        self.settings.compression.client_takeover.store(value, Ordering::Relaxed);
        Ok(())
    }

    /// Whether messages of the server may refer to earlier ones.
    pub fn deflate_server_context_takeover(&self) -> bool {
        self.settings.compression.server_takeover.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::deflate_server_context_takeover`].
    pub fn set_deflate_server_context_takeover(&self, value: bool) -> Result<()> {
        self.settings.compression.server_takeover.store(value, Ordering::Relaxed);
        Ok(())
    }

    /// The extensions agreed with the server; empty for none.
    pub fn negotiated_extensions(&self) -> String {
        self.read.lock().extensions().to_owned()
    }
}
