//! openck as programs use it: its shared library, loaded at run time, with the six calls a message
//! that the examples make.

use std::ffi::{CStr, CString, c_char, c_int, c_ulong, c_void};
use std::hint::black_box;

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

type Handle = *mut c_void;

/// Declares the exported functions that are used, and finds them in the library.
macro_rules! exports {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        #[allow(non_snake_case)]
        struct Exports {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Exports {
            #[allow(non_snake_case)]
            fn of(library: &Library) -> Result<Self, Failure> {
                // SAFETY: the types are those of the headers in `include`.
                $(let $name = unsafe { library.function(stringify!($name))? };)*
                Ok(Self { $($name),* })
            }
        }
    };
}

exports! {
    CkBinData_Clear: fn(Handle) -> c_int;
    CkBinData_Create: fn() -> Handle;
    CkBinData_LoadBinary2: fn(Handle, *const c_void, c_ulong) -> c_int;
    CkRest_Connect: fn(Handle, *const c_char, c_int, c_int, c_int) -> c_int;
    CkRest_Create: fn() -> Handle;
    CkRest_Dispose: fn(Handle);
    CkRest_fullRequestNoBody: fn(Handle, *const c_char, *const c_char) -> *const c_char;
    CkWebSocket_AddClientHeaders: fn(Handle) -> c_int;
    CkWebSocket_Create: fn() -> Handle;
    CkWebSocket_GetFrameDataBd: fn(Handle, Handle) -> c_int;
    CkWebSocket_ReadFrame: fn(Handle) -> c_int;
    CkWebSocket_SendFrame: fn(Handle, *const c_char, c_int) -> c_int;
    CkWebSocket_SendFrameBd: fn(Handle, Handle, c_int) -> c_int;
    CkWebSocket_UseConnection: fn(Handle, Handle) -> c_int;
    CkWebSocket_ValidateServerHandshake: fn(Handle) -> c_int;
    CkWebSocket_getFinalFrame: fn(Handle) -> c_int;
    CkWebSocket_getFrameData: fn(Handle) -> *const c_char;
    CkWebSocket_getFrameDataLen: fn(Handle) -> c_int;
    CkWebSocket_getFrameOpcodeInt: fn(Handle) -> c_int;
    CkWebSocket_getReadFrameFailReason: fn(Handle) -> c_int;
}

/// A shared library that stays loaded.
struct Library(*mut c_void);

impl Library {
    fn load(path: &str) -> Result<Self, Failure> {
        let name = CString::new(path)?;
        // SAFETY: loads a library by a name that ends with NUL.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if library.is_null() {
            // SAFETY: after a failure there is a text.
            let why = unsafe { CStr::from_ptr(libc::dlerror()) };
            return Err(why.to_string_lossy().into());
        }
        Ok(Self(library))
    }

    /// # Safety
    /// `F` is the type of the function of this name.
    unsafe fn function<F: Copy>(&self, name: &str) -> Result<F, Failure> {
        let symbol = CString::new(name)?;
        // SAFETY: an open library and a name that ends with NUL.
        let function = unsafe { libc::dlsym(self.0, symbol.as_ptr()) };
        if function.is_null() {
            return Err(format!("the library has no {name}").into());
        }
        // SAFETY: a function pointer has the size of a pointer, and `F` is its type.
        Ok(unsafe { std::mem::transmute_copy(&function) })
    }
}

struct Client {
    exports: Exports,
    ws: Handle,
    bin_data: Handle,
    out: Handle,
    text: Option<CString>,
    size: c_int,
    direction: Direction,
}

impl Client {
    fn connect(load: &Load, port: u16) -> Result<Self, Failure> {
        let text = if load.text { Some(CString::new(load.payload.clone())?) } else { None };
        let path = CString::new(load.path())?;
        let library = std::env::var("OPENCK_LIBRARY")
            .map_err(|_| "OPENCK_LIBRARY does not name the library")?;
        let exports = Exports::of(&Library::load(&library)?)?;
        // SAFETY: handles are made here and every text ends with NUL.
        unsafe {
            let (ws, rest) = ((exports.CkWebSocket_Create)(), (exports.CkRest_Create)());
            let (bin_data, out) = ((exports.CkBinData_Create)(), (exports.CkBinData_Create)());
            (exports.CkBinData_LoadBinary2)(
                out,
                load.payload.as_ptr().cast(),
                load.payload.len() as u64,
            );
            (exports.CkRest_Connect)(rest, c"127.0.0.1".as_ptr(), i32::from(port), 0, 0);
            (exports.CkWebSocket_UseConnection)(ws, rest);
            (exports.CkWebSocket_AddClientHeaders)(ws);
            (exports.CkRest_fullRequestNoBody)(rest, c"GET".as_ptr(), path.as_ptr());
            if (exports.CkWebSocket_ValidateServerHandshake)(ws) == 0 {
                return Err("the handshake failed".into());
            }
            (exports.CkRest_Dispose)(rest);
            let size = c_int::try_from(load.payload.len())?;
            Ok(Self { exports, ws, bin_data, out, text, size, direction: load.direction })
        }
    }

    #[inline]
    fn send(&self) -> Result<(), Failure> {
        // SAFETY: living handles, and text that ends with NUL.
        let sent = unsafe {
            match &self.text {
                Some(text) => (self.exports.CkWebSocket_SendFrame)(self.ws, text.as_ptr(), 1),
                None => (self.exports.CkWebSocket_SendFrameBd)(self.ws, self.out, 1),
            }
        };
        if sent == 1 { Ok(()) } else { Err("a send failed".into()) }
    }

    #[inline]
    fn receive(&self) -> Result<(), Failure> {
        // SAFETY: living handles.
        unsafe {
            if (self.exports.CkWebSocket_ReadFrame)(self.ws) == 0 {
                return Err("a read failed".into());
            }
            let whole = (self.exports.CkWebSocket_getFinalFrame)(self.ws) == 1;
            let text = (self.exports.CkWebSocket_getFrameOpcodeInt)(self.ws) == 1;
            let size = (self.exports.CkWebSocket_getFrameDataLen)(self.ws);
            if text {
                if black_box((self.exports.CkWebSocket_getFrameData)(self.ws)).is_null() {
                    return Err("no text".into());
                }
                black_box((self.exports.CkWebSocket_getReadFrameFailReason)(self.ws));
            } else {
                (self.exports.CkWebSocket_GetFrameDataBd)(self.ws, self.bin_data);
                (self.exports.CkBinData_Clear)(self.bin_data);
            }
            if !whole || (size != self.size && self.direction != Direction::Send) {
                return Err(format!("{size} bytes came, final: {whole}").into());
            }
        }
        Ok(())
    }
}
