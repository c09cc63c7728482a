use crate::*;
use Arg::{Bool, Int, Text};

#[test]
fn every_member_of_ck_string() {
    let run = Run::new("CkString");
    let other = Run::new("CkString");
    let folder = Folder::new("members-ck-string");
    let path = folder.file("text");

    let setters = ["setString", "setStringAnsi", "setStringUtf8", "setStringU", "setStringUtf16"];
    for name in setters {
        run.is(name, &[Text(name)], YES);
        run.is("getString", &[], text(name));
    }
    run.is("clear", &[], YES);
    run.is("isEmpty", &[], YES);
    for name in ["append", "appendAnsi", "appendUtf8", "appendU", "appendUtf16"] {
        run.is(name, &[Text("\u{1F980}")], YES);
    }
    run.is("appendInt", &[Int(-5)], YES);
    let crabs = "\u{1F980}".repeat(5) + "-5";
    let getters = ["getString", "getStringAnsi", "getStringUtf8", "getUnicode", "getStringUtf16"];
    for name in getters {
        run.is(name, &[], text(&crabs));
    }
    run.is("getNumChars", &[], int(7));
    run.is("getSizeUtf8", &[], int(22));
    run.is("getSizeUnicode", &[], int(24));
    #[cfg(not(windows))]
    run.is("getSizeAnsi", &[], int(22));
    #[cfg(windows)]
    run.is("getSizeAnsi", &[], int(-1));

    other.is("setStr", &[object(&run.object)], YES);
    run.is("equalsStr", &[object(&other.object)], YES);
    run.is("appendStr", &[object(&other.object)], YES);
    run.is("equals", &[Text(&crabs.repeat(2))], YES);
    run.is("setStr", &[object(&other.object)], YES);
    run.is("equals", &[Text("else")], NO);
    run.is("setString", &[Text("\u{C4}b")], YES);
    other.is("setString", &[Text("\u{E4}B")], YES);
    run.is("equalsIgnoreCase", &[Text("\u{E4}B")], YES);
    run.is("equalsIgnoreCaseStr", &[object(&other.object)], YES);

    for value in [true, false] {
        run.is("putUtf8", &[Bool(value)], YES);
        run.is("getUtf8", &[], Value::Bool(value));
    }
    run.ok("saveToFile", &[Text(&path), Text("utf-16")]);
    run.is("clear", &[], YES);
    run.ok("loadFile", &[Text(&path), Text("utf-16")]);
    run.is("getString", &[], text("\u{C4}b"));
    run.finish();
}
