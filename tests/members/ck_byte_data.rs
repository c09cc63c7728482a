use crate::*;
use Arg::{Int, Text};

#[test]
fn every_member_of_ck_byte_data() {
    let run = Run::new("CkByteData");
    let out = Run::new("CkString");
    let folder = Folder::new("members-ck-byte-data");
    let path = folder.file("data");

    run.is("append", &[Arg::Bytes(b"\0\xFF")], YES);
    run.is("append", &[object(&run.object)], YES);
    run.is("appendEncoded", &[Text("41"), Text("hex")], YES);
    run.is("getSize", &[], int(5));
    run.is("getByte", &[Int(1)], int(255));
    run.is("equals", &[Arg::Bytes(b"\0\xFF\0\xFFA")], YES);
    run.is("equals", &[Arg::Bytes(b"")], NO);
    run.is("getEncoded", &[Text("hex")], text("00FF00FF41"));
    run.is("encode", &[Text("base64"), object(&out.object)], YES);
    out.is("getString", &[], text("AP8A/0E="));
    run.ok("saveFile", &[Text(&path)]);
    run.is("clear", &[], YES);
    run.is("getSize", &[], int(0));
    run.ok("loadFile", &[Text(&path)]);
    run.is("getSize", &[], int(5));
    run.finish();
}
