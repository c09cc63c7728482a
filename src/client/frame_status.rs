//! The facts about the last frame, readable by any thread without a lock.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// Facts that one reader writes and every thread may read.
///
/// Each fact is exact by itself; a thread that reads several while another is in ReadFrame may see
/// two frames mixed, as with any getters.
#[derive(Debug, Default)]
pub struct FrameStatus {
    opcode: AtomicI32,
    frame_seen: AtomicBool,
    final_frame: AtomicBool,
    connected: AtomicBool,
    close_received: AtomicBool,
    need_send_pong: AtomicBool,
    pong_consumed: AtomicBool,
    data_len: AtomicI32,
    fail_reason: AtomicI32,
    close_status_code: AtomicI32,
}

macro_rules! fact {
    ($get:ident, $set:ident, $field:ident, $type:ty, $doc:literal) => {
        #[doc = $doc]
        #[inline]
        pub fn $get(&self) -> $type {
            self.$field.load(Ordering::Relaxed)
        }

        #[doc = concat!("Sets: ", $doc)]
        #[inline]
        pub(crate) fn $set(&self, value: $type) {
            self.$field.store(value, Ordering::Relaxed);
        }
    };
}

impl FrameStatus {
    /// Nothing received, not connected.
    pub const fn new() -> Self {
        Self {
            opcode: AtomicI32::new(0),
            frame_seen: AtomicBool::new(false),
            final_frame: AtomicBool::new(false),
            connected: AtomicBool::new(false),
            close_received: AtomicBool::new(false),
            need_send_pong: AtomicBool::new(false),
            pong_consumed: AtomicBool::new(false),
            data_len: AtomicI32::new(0),
            fail_reason: AtomicI32::new(0),
            close_status_code: AtomicI32::new(0),
        }
    }

    fact!(frame_opcode_int, set_opcode, opcode, i32, "The opcode of the last frame returned.");
    fact!(frame_seen, set_frame_seen, frame_seen, bool, "Whether a frame was returned yet.");
    fact!(final_frame, set_final_frame, final_frame, bool, "Whether the last data frame had FIN.");
    fact!(is_connected, set_connected, connected, bool, "Whether frames can be sent or received.");
    fact!(close_received, set_close_received, close_received, bool, "Whether a Close has come.");
    fact!(
        need_send_pong,
        set_need_send_pong,
        need_send_pong,
        bool,
        "Whether a Ping is unanswered."
    );
    fact!(pong_consumed, set_pong_consumed, pong_consumed, bool, "Whether ReadFrame ate a Pong.");
    fact!(frame_data_len, set_data_len, data_len, i32, "Bytes received and not yet taken.");
    fact!(read_frame_fail_reason, set_fail_reason, fail_reason, i32, "Why ReadFrame failed.");
    fact!(close_status_code, set_close_status_code, close_status_code, i32, "Code of the Close.");

    /// Back to the state of a new object.
    pub fn reset(&self) {
        self.set_opcode(0);
        self.set_frame_seen(false);
        self.set_final_frame(false);
        self.set_connected(false);
        self.set_close_received(false);
        self.set_need_send_pong(false);
        self.set_pong_consumed(false);
        self.set_data_len(0);
        self.set_fail_reason(0);
        self.set_close_status_code(0);
    }
}
