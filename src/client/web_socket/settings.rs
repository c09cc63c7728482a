//! The settings of a WebSocket, each readable and changeable by any thread at any time.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use super::WebSocket;
use super::compression::Compression;
use crate::client::rest::{millis, set_number, set_timeout};
use crate::error::Result;
use crate::proto::receiver::Limits;

/// What a frame or message may hold unless the program says otherwise (DESIGN 4.6).
const DEFAULT_LIMIT: i32 = 64 << 20;

/// What the program can choose.
#[derive(Debug)]
pub(super) struct Settings {
    idle_timeout_ms: AtomicI32,
    close_auto_respond: AtomicBool,
    ping_auto_respond: AtomicBool,
    pong_auto_consume: AtomicBool,
    max_frame: AtomicI32,
    max_message: AtomicI32,
    pub(super) compression: Compression,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idle_timeout_ms: AtomicI32::new(30_000),
            close_auto_respond: AtomicBool::new(true),
            ping_auto_respond: AtomicBool::new(true),
            pong_auto_consume: AtomicBool::new(true),
            max_frame: AtomicI32::new(DEFAULT_LIMIT),
            max_message: AtomicI32::new(DEFAULT_LIMIT),
            compression: Compression::default(),
        }
    }
}

impl Settings {
    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        millis(self.idle_timeout_ms.load(Ordering::Relaxed))
    }

    pub(super) fn limits(&self) -> Limits {
        let bytes = |place: &AtomicI32| u64::try_from(place.load(Ordering::Relaxed)).unwrap_or(0);
        Limits { frame: bytes(&self.max_frame), message: bytes(&self.max_message) }
    }
}

impl WebSocket {
    /// How long receiving or sending may go without progress, in milliseconds; 0 is for ever.
    pub fn idle_timeout_ms(&self) -> i32 {
        self.settings.idle_timeout_ms.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::idle_timeout_ms`].
    pub fn set_idle_timeout_ms(&self, value: i32) -> Result<()> {
        set_timeout(&self.settings.idle_timeout_ms, "IdleTimeoutMs", value)
    }

    /// Whether a Close of the server is answered and the connection closed.
    pub fn close_auto_respond(&self) -> bool {
        self.settings.close_auto_respond.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::close_auto_respond`].
    pub fn set_close_auto_respond(&self, value: bool) -> Result<()> {
        self.settings.close_auto_respond.store(value, Ordering::Relaxed);
        Ok(())
    }

    /// Whether Pings are answered and not returned.
    pub fn ping_auto_respond(&self) -> bool {
        self.settings.ping_auto_respond.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::ping_auto_respond`].
    pub fn set_ping_auto_respond(&self, value: bool) -> Result<()> {
        self.settings.ping_auto_respond.store(value, Ordering::Relaxed);
        Ok(())
    }

    /// Whether Pongs are passed over.
    pub fn pong_auto_consume(&self) -> bool {
        self.settings.pong_auto_consume.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::pong_auto_consume`].
    pub fn set_pong_auto_consume(&self, value: bool) -> Result<()> {
        self.settings.pong_auto_consume.store(value, Ordering::Relaxed);
        Ok(())
    }

    /// What a message from the server may hold, in bytes; 0 is no limit.
    pub fn max_message_size(&self) -> i32 {
        self.settings.max_message.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::max_message_size`], also for an open session.
    pub fn set_max_message_size(&self, value: i32) -> Result<()> {
        self.set_limit(&self.settings.max_message, "MaxMessageSize", value)
    }

    /// What a frame from the server may hold, in bytes; 0 is no limit.
    pub fn max_frame_size(&self) -> i32 {
        self.settings.max_frame.load(Ordering::Relaxed)
    }

    /// Sets [`WebSocket::max_frame_size`], also for an open session.
    pub fn set_max_frame_size(&self, value: i32) -> Result<()> {
        self.set_limit(&self.settings.max_frame, "MaxFrameSize", value)
    }

    fn set_limit(&self, place: &AtomicI32, property: &str, value: i32) -> Result<()> {
        let advice = "Pass a number of bytes, or 0 for no limit.";
        set_number(place, property, value, 0..=i32::MAX, advice)?;
        self.read.lock().set_limits(self.settings.limits());
        Ok(())
    }

    /// Keywords for rare needs; always empty here.
    pub fn uncommon_options(&self) -> String {
        String::new()
    }
}
