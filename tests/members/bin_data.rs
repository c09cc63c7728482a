use crate::*;
use Arg::{Bool, Int, Text};

#[test]
fn every_member_of_bin_data() {
    let run = Run::new("BinData");
    let folder = Folder::new("members-bin-data");
    let path = folder.file("data");
    run.success();

    run.ok("AppendByte", &[Int(65)]);
    run.ok("AppendBinary", &[Arg::Bytes(b"\0\xFF")]);
    run.ok("AppendEncoded", &[Text("Qg=="), Text("base64")]);
    run.ok("AppendString", &[Text("\u{20AC}"), Text("windows-1252")]);
    run.is("GetBinary", &[], bytes(b"A\0\xFFB\x80"));
    run.is("get:NumBytes", &[], int(5));

    run.ok("LoadBinary", &[Arg::Bytes(b"")]);
    run.ok("AppendInt2", &[Int(-2), Bool(false)]);
    run.ok("AppendInt4", &[Int(0x0102_0304), Bool(true)]);
    run.is("GetInt2", &[Int(0), Bool(false)], int(-2));
    run.is("GetUInt2", &[Int(0), Bool(false)], int(0xFFFE));
    run.is("GetInt4", &[Int(2), Bool(true)], int(0x0102_0304));
    run.is("GetUInt4", &[Int(0), Bool(false)], int(0xFFFE_0403));
    run.is("GetByte", &[Int(2)], int(4));
    run.is("GetBinaryChunk", &[Int(1), Int(2)], bytes(b"\xFE\x04"));
    run.is("GetEncoded", &[Text("hex")], text("FFFE04030201"));
    run.is("GetEncodedChunk", &[Int(4), Int(2), Text("hex_lower")], text("0201"));

    let builder = Run::new("StringBuilder");
    builder.ok("SetString", &[Text("gr\u{fc}n")]);
    run.ok("Clear", &[]);
    run.ok("AppendSb", &[object(&builder.object), Text("utf-8")]);
    run.is("GetString", &[Text("utf-8")], text("gr\u{fc}n"));
    run.is("GetTextChunk", &[Int(2), Int(2), Text("utf-8")], text("\u{fc}"));
    run.is("FindString", &[Text("n"), Int(0), Text("utf-8")], int(4));
    run.ok("GetEncodedSb", &[Text("hex"), object(&builder.object)]);
    builder.is("GetAsString", &[], text("gr\u{fc}n6772C3BC6E"));

    run.ok("RemoveChunk", &[Int(0), Int(4)]);
    run.ok("AppendBd", &[object(&run.object)]);
    run.is("GetBinary", &[], bytes(b"nn"));
    run.ok("ContentsEqual", &[object(&run.object)]);
    run.is("ContentsEqual", &[object(&Object::new("BinData"))], NO);

    run.ok("WriteFile", &[Text(&path)]);
    run.ok("WriteAppendFile", &[Text(&path)]);
    run.ok("LoadFile", &[Text(&path)]);
    run.is("GetBinary", &[], bytes(b"nnnn"));
    run.ok("LoadEncoded", &[Text("00"), Text("hex")]);
    run.is("GetBinary", &[], bytes(b"\0"));
    run.ok("SecureClear", &[]);
    run.is("get:NumBytes", &[], int(0));
    run.finish();
}
