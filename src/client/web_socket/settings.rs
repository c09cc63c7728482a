//! The settings of a WebSocket, each readable and changeable by any thread at any time.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use super::WebSocket;
use crate::client::rest::{millis, set_timeout};
use crate::error::Result;

/// What the program can choose.
#[derive(Debug)]
pub(super) struct Settings {
    idle_timeout_ms: AtomicI32,
    close_auto_respond: AtomicBool,
    ping_auto_respond: AtomicBool,
    pong_auto_consume: AtomicBool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idle_timeout_ms: AtomicI32::new(30_000),
            close_auto_respond: AtomicBool::new(true),
            ping_auto_respond: AtomicBool::new(true),
            pong_auto_consume: AtomicBool::new(true),
        }
    }
}

impl Settings {
    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        millis(self.idle_timeout_ms.load(Ordering::Relaxed))
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

    /// Keywords for rare needs; always empty here.
    pub fn uncommon_options(&self) -> String {
        String::new()
    }
}
