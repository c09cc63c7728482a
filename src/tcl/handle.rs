//! Handles as scripts see them: `_00000001a5_p_CkWebSocket`.

use crate::abi::Handle;

/// How a script sees the handle of an object of `class`.
pub(super) fn written(handle: Handle, class: &str) -> String {
    format!("_{:016x}_p_{}{class}", handle.0, prefix(class))
}

/// The handle that a text stands for; `None` if it is none of an object of `class`.
///
/// It may be stale all the same: that is the affair of the call.
pub(super) fn read(text: &[u8], class: &str) -> Option<Handle> {
    let text = str::from_utf8(text).ok()?;
    let (digits, owner) = text.strip_prefix('_')?.split_once("_p_")?;
    if owner.strip_prefix(prefix(class))? != class {
        return None;
    }
    // A sign would pass `from_str_radix`.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    usize::from_str_radix(digits, 16).ok().map(Handle)
}

/// What stands before the name of a class in Tcl: `CkString` has it already.
pub(super) fn prefix(class: &str) -> &'static str {
    if class.starts_with("Ck") { "" } else { "Ck" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_come_back() {
        for class in ["WebSocket", "CkString"] {
            let handle = Handle(0x01A5);
            assert_eq!(read(written(handle, class).as_bytes(), class), Some(handle));
        }
        assert_eq!(written(Handle(0xA5), "Rest"), "_00000000000000a5_p_CkRest");
        assert_eq!(written(Handle(0xA5), "CkString"), "_00000000000000a5_p_CkString");
    }

    #[test]
    fn other_texts_are_no_handles() {
        let texts = [
            "",
            "0",
            "NULL",
            "_",
            "__p_CkRest",
            "_a5_p_Rest",
            "_a5_p_CkRestful",
            "_a5_p_CkWebSocket",
            "_+a5_p_CkRest",
            "_xyz_p_CkRest",
            "a5_p_CkRest",
            "_a5_p_CkRest ",
            "_10000000000000000_p_CkRest",
        ];
        for text in texts {
            assert_eq!(read(text.as_bytes(), "Rest"), None, "{text:?}");
        }
        assert_eq!(read(b"_a5_p_\xFF", "Rest"), None);
    }
}
