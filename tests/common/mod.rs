//! The exported functions, called as a C program calls them, behind small safe wrappers.
#![allow(dead_code, unused_imports, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;

use openck::ffi::generated::{bin_data as b, rest as r, string_builder as s, web_socket as w};
use openck::ffi::library::{openck_invoke, openck_member, openck_value};

mod fixtures;
pub(crate) use self::fixtures::*;

/// Calls an exported function.
macro_rules! ck {
    ($function:path $(, $argument:expr)* $(,)?) => {
        // SAFETY: handles are checked by the library, whatever their value; texts end with a NUL
        // and live until the call is over.
        unsafe { $function($($argument),*) }
    };
}

fn c(text: &str) -> CString {
    CString::new(text).expect("text without NUL")
}

fn text(pointer: *const c_char) -> Option<String> {
    // SAFETY: the library gives NULL or text that ends with a NUL and lives until further calls.
    let text = (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) });
    text.map(|text| text.to_str().expect("UTF-8").to_owned())
}

/// A wrapper of a handle, its life, and the members that every class has.
macro_rules! object {
    ($name:ident, $module:ident, $create:ident, $dispose:ident) => {
        /// An object; disposed when dropped, or before.
        pub(crate) struct $name(usize);

        impl $name {
            pub(crate) fn new() -> Self {
                let handle: *mut c_void = ck!($module::$create);
                assert!(!handle.is_null());
                Self(handle.addr())
            }

            pub(crate) fn of(handle: usize) -> Self {
                Self(handle)
            }

            pub(crate) fn h(&self) -> *mut c_void {
                std::ptr::without_provenance_mut(self.0)
            }

            pub(crate) fn dispose(&self) {
                ck!($module::$dispose, self.h());
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.dispose();
            }
        }
    };
}

/// Wrappers of functions that take the handle and plain values.
macro_rules! plain {
    ($class:ident { $($name:ident = $function:path, ($($argument:ident: $type:ty),*) -> $ret:ty;)* }) => {
        impl $class { $(
            pub(crate) fn $name(&self, $($argument: $type),*) -> $ret {
                <$ret>::from_c(ck!($function, self.h() $(, $argument.to_c())*))
            }
        )* }
    };
}

trait FromC<T> {
    fn from_c(value: T) -> Self;
}

impl FromC<i32> for bool {
    fn from_c(value: i32) -> Self {
        assert!(value == 0 || value == 1, "{value} is no truth value");
        value == 1
    }
}

impl FromC<Self> for i32 {
    fn from_c(value: Self) -> Self {
        value
    }
}

impl FromC<()> for () {
    fn from_c((): ()) {}
}

impl FromC<*const c_char> for Option<String> {
    fn from_c(value: *const c_char) -> Self {
        text(value)
    }
}

impl FromC<*const c_char> for String {
    fn from_c(value: *const c_char) -> Self {
        // NULL is what a dead handle gives.
        text(value).unwrap_or_default()
    }
}

trait ToC {
    type C;
    fn to_c(&self) -> Self::C;
}

impl ToC for bool {
    type C = i32;
    fn to_c(&self) -> i32 {
        i32::from(*self)
    }
}

impl ToC for i32 {
    type C = Self;
    fn to_c(&self) -> Self {
        *self
    }
}

impl ToC for *mut c_void {
    type C = Self;
    fn to_c(&self) -> Self {
        *self
    }
}

object!(Ws, w, CkWebSocket_Create, CkWebSocket_Dispose);

plain!(Ws {
    use_handle = w::CkWebSocket_UseConnection, (rest: *mut c_void) -> bool;
    add_client_headers = w::CkWebSocket_AddClientHeaders, () -> bool;
    validate = w::CkWebSocket_ValidateServerHandshake, () -> bool;
    send_bd_handle = w::CkWebSocket_SendFrameBd, (bytes: *mut c_void, fin: bool) -> bool;
    send_sb_handle = w::CkWebSocket_SendFrameSb, (text: *mut c_void, fin: bool) -> bool;
    send_pong = w::CkWebSocket_SendPong, () -> bool;
    read = w::CkWebSocket_ReadFrame, () -> bool;
    data = w::CkWebSocket_getFrameData, () -> Option<String>;
    data_bd_handle = w::CkWebSocket_GetFrameDataBd, (bytes: *mut c_void) -> bool;
    data_sb_handle = w::CkWebSocket_GetFrameDataSb, (text: *mut c_void) -> bool;
    poll = w::CkWebSocket_PollDataAvailable, () -> bool;
    close_connection = w::CkWebSocket_CloseConnection, () -> bool;
    opcode = w::CkWebSocket_frameOpcode, () -> String;
    opcode_int = w::CkWebSocket_getFrameOpcodeInt, () -> i32;
    is_final = w::CkWebSocket_getFinalFrame, () -> bool;
    data_len = w::CkWebSocket_getFrameDataLen, () -> i32;
    fail_reason = w::CkWebSocket_getReadFrameFailReason, () -> i32;
    is_connected = w::CkWebSocket_getIsConnected, () -> bool;
    close_received = w::CkWebSocket_getCloseReceived, () -> bool;
    close_code = w::CkWebSocket_getCloseStatusCode, () -> i32;
    close_reason = w::CkWebSocket_closeReason, () -> String;
    need_pong = w::CkWebSocket_getNeedSendPong, () -> bool;
    pong_consumed = w::CkWebSocket_getPongConsumed, () -> bool;
    idle_ms = w::CkWebSocket_getIdleTimeoutMs, () -> i32;
    set_idle_ms = w::CkWebSocket_putIdleTimeoutMs, (ms: i32) -> ();
    set_close_auto = w::CkWebSocket_putCloseAutoRespond, (on: bool) -> ();
    set_ping_auto = w::CkWebSocket_putPingAutoRespond, (on: bool) -> ();
    set_pong_auto = w::CkWebSocket_putPongAutoConsume, (on: bool) -> ();
    deflate = w::CkWebSocket_getPermessageDeflate, () -> bool;
    set_deflate = w::CkWebSocket_putPermessageDeflate, (on: bool) -> ();
    level = w::CkWebSocket_getDeflateLevel, () -> i32;
    set_level = w::CkWebSocket_putDeflateLevel, (level: i32) -> ();
    min_size = w::CkWebSocket_getDeflateMinSize, () -> i32;
    set_min_size = w::CkWebSocket_putDeflateMinSize, (size: i32) -> ();
    client_bits = w::CkWebSocket_getDeflateClientMaxWindowBits, () -> i32;
    set_client_bits = w::CkWebSocket_putDeflateClientMaxWindowBits, (bits: i32) -> ();
    server_bits = w::CkWebSocket_getDeflateServerMaxWindowBits, () -> i32;
    set_server_bits = w::CkWebSocket_putDeflateServerMaxWindowBits, (bits: i32) -> ();
    set_client_takeover = w::CkWebSocket_putDeflateClientContextTakeover, (on: bool) -> ();
    set_server_takeover = w::CkWebSocket_putDeflateServerContextTakeover, (on: bool) -> ();
    extensions = w::CkWebSocket_negotiatedExtensions, () -> String;
    max_message = w::CkWebSocket_getMaxMessageSize, () -> i32;
    set_max_message = w::CkWebSocket_putMaxMessageSize, (size: i32) -> ();
    max_frame = w::CkWebSocket_getMaxFrameSize, () -> i32;
    set_max_frame = w::CkWebSocket_putMaxFrameSize, (size: i32) -> ();
    success = w::CkWebSocket_getLastMethodSuccess, () -> bool;
    error = w::CkWebSocket_lastErrorText, () -> String;
    error_xml = w::CkWebSocket_lastErrorXml, () -> String;
    error_html = w::CkWebSocket_lastErrorHtml, () -> String;
    debug_log = w::CkWebSocket_debugLogFilePath, () -> String;
});

impl Ws {
    pub(crate) fn use_connection(&self, rest: &Rest) -> bool {
        self.use_handle(rest.h())
    }

    pub(crate) fn send(&self, text: &str, fin: bool) -> bool {
        self.send_c(&c(text), fin)
    }

    pub(crate) fn send_c(&self, text: &CStr, fin: bool) -> bool {
        bool::from_c(ck!(w::CkWebSocket_SendFrame, self.h(), text.as_ptr(), fin.to_c()))
    }

    pub(crate) fn send_bytes(&self, bytes: &[u8], fin: bool) -> bool {
        self.send_bd_handle(Bytes::holding(bytes).h(), fin)
    }

    pub(crate) fn ping(&self, data: &str) -> bool {
        bool::from_c(ck!(w::CkWebSocket_SendPing, self.h(), c(data).as_ptr()))
    }

    pub(crate) fn send_close(&self, status: bool, code: i32, reason: &str) -> bool {
        let reason = c(reason);
        bool::from_c(ck!(w::CkWebSocket_SendClose, self.h(), status.to_c(), code, reason.as_ptr()))
    }

    pub(crate) fn set_debug_log(&self, path: &Path) {
        let path = c(path.to_str().unwrap());
        ck!(w::CkWebSocket_putDebugLogFilePath, self.h(), path.as_ptr());
    }

    /// Reads a frame of this kind, or fails the test with the reason.
    #[track_caller]
    pub(crate) fn expect_frame(&self, opcode: &str) {
        assert!(self.read(), "reason {}: {}", self.fail_reason(), self.error());
        assert_eq!(self.opcode(), opcode);
        assert_eq!(self.fail_reason(), 0);
    }

    /// Reads a text message of one frame and takes it.
    #[track_caller]
    pub(crate) fn expect_text(&self, text: &str) {
        self.expect_frame("Text");
        assert!(self.is_final());
        assert_eq!(self.data().as_deref(), Some(text));
    }

    /// Takes the data as bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let bytes = Bytes::new();
        assert!(self.data_bd_handle(bytes.h()), "{}", self.error());
        bytes.to_vec()
    }

    /// Reads, expecting this fail reason and all these words in LastErrorText.
    #[track_caller]
    pub(crate) fn expect_read_failure(&self, reason: i32, words: &[&str]) {
        assert!(!self.read(), "ReadFrame should have failed");
        assert_eq!(self.fail_reason(), reason, "{}", self.error());
        assert!(!self.success());
        expect_words(&self.error(), words);
    }
}

object!(Rest, r, CkRest_Create, CkRest_Dispose);

plain!(Rest {
    disconnect = r::CkRest_Disconnect, (wait_ms: i32) -> bool;
    connect_reason = r::CkRest_getConnectFailReason, () -> i32;
    idle_ms = r::CkRest_getIdleTimeoutMs, () -> i32;
    set_idle_ms = r::CkRest_putIdleTimeoutMs, (ms: i32) -> ();
    connect_ms = r::CkRest_getConnectTimeoutMs, () -> i32;
    set_connect_ms = r::CkRest_putConnectTimeoutMs, (ms: i32) -> ();
    debug_mode = r::CkRest_getDebugMode, () -> bool;
    set_debug_mode = r::CkRest_putDebugMode, (on: bool) -> ();
    folding = r::CkRest_getAllowHeaderFolding, () -> bool;
    set_folding = r::CkRest_putAllowHeaderFolding, (on: bool) -> ();
    header_qb = r::CkRest_getAllowHeaderQB, () -> bool;
    set_header_qb = r::CkRest_putAllowHeaderQB, (on: bool) -> ();
    verify = r::CkRest_getRequireSslCertVerify, () -> bool;
    set_verify = r::CkRest_putRequireSslCertVerify, (on: bool) -> ();
    authorization = r::CkRest_authorization, () -> String;
    host = r::CkRest_host, () -> String;
    options = r::CkRest_uncommonOptions, () -> String;
    max_head = r::CkRest_getMaxResponseHeadSize, () -> i32;
    set_max_head = r::CkRest_putMaxResponseHeadSize, (size: i32) -> ();
    max_body = r::CkRest_getMaxResponseBodySize, () -> i32;
    set_max_body = r::CkRest_putMaxResponseBodySize, (size: i32) -> ();
    last_header = r::CkRest_lastRequestHeader, () -> String;
    last_start_line = r::CkRest_lastRequestStartLine, () -> String;
    header_count = r::CkRest_getNumResponseHeaders, () -> i32;
    header = r::CkRest_responseHeader, () -> String;
    status = r::CkRest_getResponseStatusCode, () -> i32;
    status_text = r::CkRest_responseStatusText, () -> String;
    tls_version = r::CkRest_tlsVersion, () -> String;
    tls_cipher = r::CkRest_tlsCipherSuite, () -> String;
    clear_headers = r::CkRest_ClearAllHeaders, () -> bool;
    clear_query = r::CkRest_ClearAllQueryParams, () -> bool;
    clear_path = r::CkRest_ClearAllPathParams, () -> bool;
    clear_auth = r::CkRest_ClearAuth, () -> bool;
    read_head = r::CkRest_ReadResponseHeader, () -> i32;
    read_body = r::CkRest_readRespBodyString, () -> Option<String>;
    read_body_bd = r::CkRest_ReadRespBd, (bytes: *mut c_void) -> bool;
    read_body_sb = r::CkRest_ReadRespSb, (text: *mut c_void) -> bool;
    header_name = r::CkRest_responseHdrName, (index: i32) -> Option<String>;
    header_value = r::CkRest_responseHdrValue, (index: i32) -> Option<String>;
    debug_request = r::CkRest_GetLastDebugRequest, (bytes: *mut c_void) -> bool;
    success = r::CkRest_getLastMethodSuccess, () -> bool;
    error = r::CkRest_lastErrorText, () -> String;
    error_xml = r::CkRest_lastErrorXml, () -> String;
    error_html = r::CkRest_lastErrorHtml, () -> String;
    debug_log = r::CkRest_debugLogFilePath, () -> String;
});

/// Wrappers of functions that take the handle and texts.
macro_rules! texts {
    ($class:ident { $($name:ident = $function:path, ($($argument:ident),*) -> $ret:ty;)* }) => {
        impl $class { $(
            pub(crate) fn $name(&self, $($argument: &str),*) -> $ret {
                <$ret>::from_c(ck!($function, self.h() $(, c($argument).as_ptr())*))
            }
        )* }
    };
}

texts!(Rest {
    add_header = r::CkRest_AddHeader, (name, value) -> bool;
    remove_header = r::CkRest_RemoveHeader, (name) -> bool;
    add_query = r::CkRest_AddQueryParam, (name, value) -> bool;
    add_query_string = r::CkRest_AddQueryParams, (query) -> bool;
    remove_query = r::CkRest_RemoveQueryParam, (name) -> bool;
    add_path = r::CkRest_AddPathParam, (name, value) -> bool;
    set_basic = r::CkRest_SetAuthBasic, (user, password) -> bool;
    trust = r::CkRest_AddTrustedCaPem, (pem) -> bool;
    set_authorization = r::CkRest_putAuthorization, (value) -> ();
    set_host = r::CkRest_putHost, (value) -> ();
    set_options = r::CkRest_putUncommonOptions, (value) -> ();
    set_debug_log = r::CkRest_putDebugLogFilePath, (path) -> ();
    save_error = r::CkRest_SaveLastError, (path) -> bool;
    full = r::CkRest_fullRequestNoBody, (verb, path) -> Option<String>;
    full_string = r::CkRest_fullRequestString, (verb, path, body) -> Option<String>;
    send_req = r::CkRest_SendReqNoBody, (verb, path) -> bool;
    send_req_string = r::CkRest_SendReqStringBody, (verb, path, body) -> bool;
    header_by_name = r::CkRest_responseHdrByName, (name) -> Option<String>;
});

/// Wrappers of requests whose bodies are in objects.
macro_rules! requests {
    ($($name:ident = $function:path, ($($object:ident),*);)*) => {
        impl Rest { $(
            pub(crate) fn $name(&self, verb: &str, path: &str, $($object: *mut c_void),*) -> bool {
                let (verb, path) = (c(verb), c(path));
                bool::from_c(ck!($function, self.h(), verb.as_ptr(), path.as_ptr(), $($object),*))
            }
        )* }
    };
}

requests! {
    full_no_body_bd = r::CkRest_FullRequestNoBodyBd, (response);
    full_no_body_sb = r::CkRest_FullRequestNoBodySb, (response);
    full_bd = r::CkRest_FullRequestBd, (body, response);
    full_sb = r::CkRest_FullRequestSb, (body, response);
    send_req_bd = r::CkRest_SendReqBd, (body);
    send_req_sb = r::CkRest_SendReqSb, (body);
}

impl Rest {
    pub(crate) fn connect(&self, host: &str, port: u16, tls: bool) -> bool {
        self.connect_with(host, i32::from(port), tls, false)
    }

    pub(crate) fn connect_with(&self, host: &str, port: i32, tls: bool, again: bool) -> bool {
        let host = c(host);
        bool::from_c(ck!(
            r::CkRest_Connect,
            self.h(),
            host.as_ptr(),
            port,
            tls.to_c(),
            again.to_c()
        ))
    }

    /// A new Rest that is connected to this port of the machine.
    pub(crate) fn connected(port: u16) -> Self {
        let rest = Self::new();
        assert!(rest.connect("127.0.0.1", port, false), "{}", rest.error());
        rest
    }

    /// The whole response as text.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> String {
        self.full("GET", path).unwrap_or_else(|| panic!("{}", self.error()))
    }

    /// A request that fails, with all these words in LastErrorText.
    #[track_caller]
    pub(crate) fn expect_failure(&self, path: &str, words: &[&str]) {
        assert_eq!(self.full("GET", path), None, "the request should have failed");
        assert!(!self.success());
        expect_words(&self.error(), words);
    }
}

object!(Bytes, b, CkBinData_Create, CkBinData_Dispose);

plain!(Bytes {
    len = b::CkBinData_getNumBytes, () -> i32;
    clear = b::CkBinData_Clear, () -> bool;
});

impl Bytes {
    pub(crate) fn holding(bytes: &[u8]) -> Self {
        let object = Self::new();
        object.append(bytes);
        object
    }

    pub(crate) fn append(&self, bytes: &[u8]) {
        let size = bytes.len().try_into().unwrap();
        let data = bytes.as_ptr().cast();
        assert_eq!(ck!(b::CkBinData_AppendBinary2, self.h(), data, size), 1);
    }

    /// Looks at the content in place.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&[u8]) -> R) -> R {
        let len = usize::try_from(self.len()).unwrap();
        let data = ck!(b::CkBinData_GetBytesPtr, self.h());
        if data.is_null() {
            return look(&[]);
        }
        // SAFETY: the object holds so many bytes there until it is changed.
        look(unsafe { std::slice::from_raw_parts(data, len) })
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.with(<[u8]>::to_vec)
    }
}

object!(Sb, s, CkStringBuilder_Create, CkStringBuilder_Dispose);

texts!(Sb {
    append = s::CkStringBuilder_Append, (text) -> bool;
});

plain!(Sb {
    get = s::CkStringBuilder_getAsString, () -> Option<String>;
});

/// Calls a bool method with text arguments that may hold NUL, as Tcl and Python do.
pub(crate) fn invoke(handle: *mut c_void, class: &str, member: &str, texts: &[&str]) -> bool {
    let id = ck!(openck_member, c(class).as_ptr(), c(member).as_ptr());
    assert!(id > 0, "{class}.{member}");
    let nothing =
        openck_value { r#type: 0, reserved: 0, integer: 0, data: std::ptr::null(), size: 0 };
    let value = |text: &&str| openck_value {
        r#type: 3,
        data: text.as_ptr().cast(),
        size: text.len(),
        ..nothing
    };
    let arguments: Vec<_> = texts.iter().map(value).collect();
    let count = i32::try_from(arguments.len()).unwrap();
    let mut result = nothing;
    let ran = ck!(openck_invoke, handle.addr(), id, arguments.as_ptr(), count, &raw mut result);
    assert_eq!(ran, 1, "the call was malformed");
    result.integer == 1
}
