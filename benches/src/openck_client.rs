//! openck through its exported functions, with the six calls a message that the examples make.

use std::ffi::{CString, c_int};
use std::hint::black_box;

use openck::ffi::generated::bin_data::*;
use openck::ffi::generated::rest::*;
use openck::ffi::generated::web_socket::*;

use crate::Failure;
use crate::load::{Clock, Direction, Load, Measured};

/// Does the load and says what it took.
pub(crate) fn run(load: &Load, port: u16) -> Result<Measured, Failure> {
    let client = Client::connect(load, port)?;
    let clock = Clock::start();
    match load.direction {
        Direction::Receive => {
            for _ in 0..load.count {
                client.receive()?;
            }
        }
        Direction::Send => {
            for _ in 0..load.count {
                client.send()?;
            }
            // The server answers when it has all.
            client.receive()?;
        }
        Direction::Echo => {
            for _ in 0..load.count {
                client.send()?;
                client.receive()?;
            }
        }
    }
    Ok(clock.stop())
}

struct Client {
    ws: *mut std::ffi::c_void,
    bin_data: *mut std::ffi::c_void,
    out: *mut std::ffi::c_void,
    text: Option<CString>,
    size: c_int,
    direction: Direction,
}

impl Client {
    fn connect(load: &Load, port: u16) -> Result<Self, Failure> {
        let text = if load.text { Some(CString::new(load.payload.clone())?) } else { None };
        let path = CString::new(load.path())?;
        // SAFETY: handles are made here and every text ends with NUL.
        unsafe {
            let (ws, rest) = (CkWebSocket_Create(), CkRest_Create());
            let (bin_data, out) = (CkBinData_Create(), CkBinData_Create());
            CkBinData_LoadBinary2(out, load.payload.as_ptr().cast(), load.payload.len() as u64);
            CkRest_Connect(rest, c"127.0.0.1".as_ptr(), i32::from(port), 0, 0);
            CkWebSocket_UseConnection(ws, rest);
            CkWebSocket_AddClientHeaders(ws);
            CkRest_fullRequestNoBody(rest, c"GET".as_ptr(), path.as_ptr());
            if CkWebSocket_ValidateServerHandshake(ws) == 0 {
                return Err("the handshake failed".into());
            }
            CkRest_Dispose(rest);
            let size = c_int::try_from(load.payload.len())?;
            Ok(Self { ws, bin_data, out, text, size, direction: load.direction })
        }
    }

    #[inline]
    fn send(&self) -> Result<(), Failure> {
        // SAFETY: living handles, and text that ends with NUL.
        let sent = unsafe {
            match &self.text {
                Some(text) => CkWebSocket_SendFrame(self.ws, text.as_ptr(), 1),
                None => CkWebSocket_SendFrameBd(self.ws, self.out, 1),
            }
        };
        if sent == 1 { Ok(()) } else { Err("a send failed".into()) }
    }

    #[inline]
    fn receive(&self) -> Result<(), Failure> {
        // SAFETY: living handles.
        unsafe {
            if CkWebSocket_ReadFrame(self.ws) == 0 {
                return Err("a read failed".into());
            }
            let whole = CkWebSocket_getFinalFrame(self.ws) == 1;
            let text = CkWebSocket_getFrameOpcodeInt(self.ws) == 1;
            let size = CkWebSocket_getFrameDataLen(self.ws);
            if text {
                if black_box(CkWebSocket_getFrameData(self.ws)).is_null() {
                    return Err("no text".into());
                }
                black_box(CkWebSocket_getReadFrameFailReason(self.ws));
            } else {
                CkWebSocket_GetFrameDataBd(self.ws, self.bin_data);
                CkBinData_Clear(self.bin_data);
            }
            if !whole || (size != self.size && self.direction != Direction::Send) {
                return Err(format!("{size} bytes came, final: {whole}").into());
            }
        }
        Ok(())
    }
}
