use crate::*;
use Arg::{Bool, Int, Text};

#[test]
fn every_member_of_string_builder() {
    let run = Run::new("StringBuilder");
    let folder = Folder::new("members-string-builder");
    let path = folder.file("text");
    run.success();

    run.ok("Append", &[Text("one")]);
    run.ok("AppendLine", &[Text("two"), Bool(true)]);
    run.ok("AppendInt", &[Int(-3)]);
    run.ok("AppendInt64", &[Int(i64::MAX)]);
    run.ok("Prepend", &[Text("\u{1F980}")]);
    run.is("GetAsString", &[], text("\u{1F980}onetwo\r\n-39223372036854775807"));
    run.is("get:Length", &[], int(30));
    run.is("GetRange", &[Int(0), Int(2), Bool(true)], text("\u{1F980}o"));
    run.ok("Shorten", &[Int(21)]);
    run.is("GetAsString", &[], text("netwo\r\n"));

    run.ok("ToLF", &[]);
    run.is("GetAsString", &[], text("netwo\n"));
    run.ok("ToCRLF", &[]);
    run.is("GetAsString", &[], text("netwo\r\n"));
    run.ok("Trim", &[]);
    run.ok("ToUppercase", &[]);
    run.is("GetAsString", &[], text("NETWO"));
    run.ok("ToLowercase", &[]);
    run.is("Replace", &[Text("t"), Text("T")], int(1));
    run.ok("Contains", &[Text("eT"), Bool(true)]);
    run.ok("ContentsEqual", &[Text("NETWO"), Bool(false)]);
    run.ok("StartsWith", &[Text("neT"), Bool(true)]);
    run.is("EndsWith", &[Text("TWO"), Bool(true)], NO);
    run.ok("EndsWith", &[Text("TWO"), Bool(false)]);

    let data = Run::new("BinData");
    data.ok("AppendBinary", &[Arg::Bytes(b"\xE9")]);
    run.ok("SetString", &[Text("caf")]);
    run.ok("AppendBd", &[object(&data.object), Text("iso-8859-1"), Int(0), Int(0)]);
    run.ok("AppendSb", &[object(&run.object)]);
    run.is("GetAsString", &[], text("caf\u{E9}caf\u{E9}"));
    run.ok("ContentsEqualSb", &[object(&run.object), Bool(true)]);

    run.is("GetEncoded", &[Text("hex"), Text("iso-8859-1")], text("636166E9636166E9"));
    run.ok("Encode", &[Text("base64"), Text("utf-8")]);
    run.is("get:IsBase64", &[], YES);
    run.is("GetDecoded", &[Text("base64")], bytes("caf\u{E9}caf\u{E9}".as_bytes()));
    run.ok("Decode", &[Text("base64"), Text("utf-8")]);
    run.is("GetAsString", &[], text("caf\u{E9}caf\u{E9}"));

    run.ok("WriteFile", &[Text(&path), Text("utf-8"), Bool(true)]);
    run.is("Clear", &[], YES);
    run.ok("LoadFile", &[Text(&path), Text("utf-8")]);
    run.is("get:Length", &[], int(8));
    run.keeps("IntValue", &[(Int(-12), int(-12)), (Int(7), int(7))]);
    run.is("SecureClear", &[], YES);
    run.is("get:Length", &[], int(0));
    run.finish();
}
