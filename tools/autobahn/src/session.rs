//! One connection, by the C functions alone: what works here works for every language.

use openck::abi::{HCkBinData, HCkRest, HCkStringBuilder, HCkWebSocket};
use openck::ffi::generated::{bin_data::*, rest::*, string_builder::*, web_socket::*};
use std::ffi::{CStr, CString, c_char};

/// RFC 6455 5.2, and the reason for a failed ReadFrame that stands for a timeout.
const TEXT: i32 = 1;
const CLOSE: i32 = 8;
const TIMED_OUT: i32 = 1;

/// How long the server may be silent: it writes its reports in one go.
const PATIENCE_MS: i32 = 120_000;

/// The objects of a connection, disposed with it.
pub(crate) struct Session {
    rest: HCkRest,
    ws: HCkWebSocket,
    text: HCkStringBuilder,
    binary: HCkBinData,
}

impl Session {
    /// Connects to 127.0.0.1 and does the opening handshake.
    pub(crate) fn open(port: u16, target: &str) -> Result<Self, String> {
        let target = CString::new(target).map_err(|error| error.to_string())?;
        // SAFETY: these make objects, and set properties of objects that live.
        let session = unsafe {
            let session = Self {
                rest: CkRest_Create(),
                ws: CkWebSocket_Create(),
                text: CkStringBuilder_Create(),
                binary: CkBinData_Create(),
            };
            CkRest_putIdleTimeoutMs(session.rest, PATIENCE_MS);
            CkWebSocket_putIdleTimeoutMs(session.ws, PATIENCE_MS);
            // The server takes it up in the cases that are about it. Small messages as well.
            CkWebSocket_putPermessageDeflate(session.ws, 1);
            CkWebSocket_putDeflateMinSize(session.ws, 0);
            session
        };
        let Self { rest, ws, .. } = session;
        // SAFETY: the handles are of live objects, the texts end with NUL.
        let open = unsafe {
            CkRest_Connect(rest, c"127.0.0.1".as_ptr(), i32::from(port), 0, 0) != 0
                && CkWebSocket_UseConnection(ws, rest) != 0
                && CkWebSocket_AddClientHeaders(ws) != 0
                && !CkRest_fullRequestNoBody(rest, c"GET".as_ptr(), target.as_ptr()).is_null()
                && CkWebSocket_ValidateServerHandshake(ws) != 0
        };
        if open { Ok(session) } else { Err(session.last_errors()) }
    }

    /// The one text message that the server sends.
    pub(crate) fn text(&self) -> Result<String, String> {
        if self.read_message()? != Some(TEXT) {
            return Err("the server sent no text".into());
        }
        // SAFETY: the handle is of a live object.
        let text = unsafe { CkWebSocket_getFrameData(self.ws) };
        string(text).ok_or_else(|| self.last_errors())
    }

    /// Sends every message back until the connection ends, whichever way the server wants that.
    pub(crate) fn echo(&self) -> Result<(), String> {
        while let Some(kind) = self.read_message()? {
            let sent = if kind == TEXT { self.echo_text() } else { self.echo_binary() };
            if !sent {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The opcode of the message that was read, or `None` if the connection has ended.
    fn read_message(&self) -> Result<Option<i32>, String> {
        let mut kind = None;
        loop {
            // SAFETY: the handle is of a live object.
            let (read, opcode, last, reason) = unsafe {
                (
                    CkWebSocket_ReadFrame(self.ws) != 0,
                    CkWebSocket_getFrameOpcodeInt(self.ws),
                    CkWebSocket_getFinalFrame(self.ws) != 0,
                    CkWebSocket_getReadFrameFailReason(self.ws),
                )
            };
            match (read, opcode) {
                (false, _) if reason == TIMED_OUT => return Err(self.last_errors()),
                (false, _) | (true, CLOSE) => return Ok(None),
                _ => {}
            }
            let kind = *kind.get_or_insert(opcode);
            if last {
                return Ok(Some(kind));
            }
        }
    }

    fn echo_text(&self) -> bool {
        let Self { ws, text, .. } = *self;
        // SAFETY: the handles are of live objects; the content lives until its object changes.
        unsafe {
            let len = CkWebSocket_getFrameDataLen(ws);
            CkStringBuilder_Clear(text);
            if CkWebSocket_GetFrameDataSb(ws, text) == 0 {
                return false;
            }
            let content = CkStringBuilder_getAsString(text);
            // U+0000 ends a C string but not a message.
            if usize::try_from(len).is_ok_and(|len| CStr::from_ptr(content).count_bytes() == len) {
                CkWebSocket_SendFrame(ws, content, 1) != 0
            } else {
                CkWebSocket_SendFrameSb(ws, text, 1) != 0
            }
        }
    }

    fn echo_binary(&self) -> bool {
        let Self { ws, binary, .. } = *self;
        // SAFETY: the handles are of live objects.
        unsafe {
            CkBinData_Clear(binary) != 0
                && CkWebSocket_GetFrameDataBd(ws, binary) != 0
                && CkWebSocket_SendFrameBd(ws, binary, 1) != 0
        }
    }

    fn last_errors(&self) -> String {
        // SAFETY: the handles are of live objects.
        let texts =
            unsafe { [CkRest_lastErrorText(self.rest), CkWebSocket_lastErrorText(self.ws)] };
        texts.into_iter().filter_map(string).collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the handles are disposed once.
        unsafe {
            CkWebSocket_Dispose(self.ws);
            CkRest_Dispose(self.rest);
            CkStringBuilder_Dispose(self.text);
            CkBinData_Dispose(self.binary);
        }
    }
}

fn string(text: *const c_char) -> Option<String> {
    // SAFETY: the library's texts end with NUL and live until the next call.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
