use crate::*;
use Arg::{Bool, Int, Text};
use openck_test_support::scenarios;

#[test]
fn every_member_of_web_socket() {
    let server = scenarios::start(0, None).unwrap();
    let port = server.port();
    let run = Run::new("WebSocket");
    run.shared();
    settings(&run);
    messages(&run, port);
    pings(&run, port);
    the_end(&run, port);
    run.finish();
}

fn settings(run: &Run) {
    run.keeps("IdleTimeoutMs", &[(Int(0), int(0)), (Int(20_000), int(20_000))]);
    run.switches("CloseAutoRespond");
    run.switches("PingAutoRespond");
    run.switches("PongAutoConsume");
    run.is("get:UncommonOptions", &[], text(""));
    run.keeps("MaxMessageSize", &[(Int(0), int(0)), (Int(1 << 20), int(1 << 20))]);
    run.keeps("MaxFrameSize", &[(Int(0), int(0)), (Int(1 << 20), int(1 << 20))]);
    run.keeps("DeflateLevel", &[(Int(0), int(0)), (Int(9), int(9))]);
    run.keeps(
        "DeflateMinSize",
        &[(Int(0), int(0)), (Int(i64::from(i32::MAX)), int(i32::MAX.into()))],
    );
    run.keeps("DeflateClientMaxWindowBits", &[(Int(9), int(9)), (Int(15), int(15))]);
    run.keeps("DeflateServerMaxWindowBits", &[(Int(8), int(8)), (Int(15), int(15))]);
    run.switches("DeflateClientContextTakeover");
    run.switches("DeflateServerContextTakeover");
    run.switches("PermessageDeflate");
    run.is("get:NegotiatedExtensions", &[], text(""));
}

/// Opens a session on a path of the server.
fn open(run: &Run, port: u16, path: &str) {
    let rest = Run::new("Rest");
    let target = [Text("127.0.0.1"), Int(port.into()), Bool(false), Bool(false)];
    rest.ok("Connect", &target);
    run.ok("UseConnection", &[object(&rest.object)]);
    run.ok("AddClientHeaders", &[]);
    rest.is("FullRequestNoBody", &[Text("GET"), Text(path)], text(""));
    run.ok("ValidateServerHandshake", &[]);
    run.is("get:IsConnected", &[], YES);
}

fn messages(run: &Run, port: u16) {
    let (sb, bd) = (Run::new("StringBuilder"), Run::new("BinData"));
    open(run, port, "/echo");
    sb.ok("SetString", &[Text(" and sb")]);
    bd.ok("AppendBinary", &[Arg::Bytes(b"\0\xFF")]);
    run.ok("SendFrame", &[Text("text"), Bool(false)]);
    run.ok("SendFrameSb", &[object(&sb.object), Bool(true)]);
    run.ok("ReadFrame", &[]);
    run.is("get:FrameOpcode", &[], text("Text"));
    run.is("get:FrameOpcodeInt", &[], int(1));
    run.is("get:FinalFrame", &[], YES);
    run.is("get:FrameDataLen", &[], int(11));
    run.is("get:ReadFrameFailReason", &[], int(0));
    run.is("GetFrameData", &[], text("text and sb"));
    run.ok("SendFrameBd", &[object(&bd.object), Bool(true)]);
    run.ok("ReadFrame", &[]);
    run.is("get:FrameOpcodeInt", &[], int(2));
    run.ok("GetFrameDataBd", &[object(&bd.object)]);
    bd.is("GetBinary", &[], bytes(b"\0\xFF\0\xFF"));
    run.ok("SendFrame", &[Text("!"), Bool(true)]);
    run.ok("ReadFrame", &[]);
    run.ok("GetFrameDataSb", &[object(&sb.object)]);
    sb.is("GetAsString", &[], text(" and sb!"));
}

fn pings(run: &Run, port: u16) {
    // The echo server answers the Ping before the text behind it.
    run.ok("SendPing", &[Text("are you there")]);
    run.ok("SendFrame", &[Text("after"), Bool(true)]);
    run.ok("ReadFrame", &[]);
    run.is("get:PongConsumed", &[], YES);
    run.ok("CloseConnection", &[]);
    run.is("get:IsConnected", &[], NO);

    open(run, port, "/ping-then-text");
    run.ok("put:PingAutoRespond", &[Bool(false)]);
    run.ok("ReadFrame", &[]);
    run.is("get:FrameOpcode", &[], text("Ping"));
    run.is("get:NeedSendPong", &[], YES);
    run.ok("SendPong", &[]);
    run.is("get:NeedSendPong", &[], NO);
    run.ok("ReadFrame", &[]);
    run.is("GetFrameData", &[], text("after ping"));
    run.ok("ReadFrame", &[]);
    run.has("GetFrameData", &[], "opcode=10");
}

fn the_end(run: &Run, port: u16) {
    open(run, port, "/two-messages-with-101");
    run.ok("ReadFrame", &[]);
    run.ok("PollDataAvailable", &[]);
    run.is("GetFrameData", &[], text("first"));

    open(run, port, "/close?code=4000&reason=enough");
    run.ok("put:CloseAutoRespond", &[Bool(false)]);
    run.ok("ReadFrame", &[]);
    run.is("get:FrameOpcode", &[], text("Close"));
    run.is("get:CloseReceived", &[], YES);
    run.is("get:CloseStatusCode", &[], int(4000));
    run.is("get:CloseReason", &[], text("enough"));
    run.ok("SendClose", &[Bool(true), Int(4000), Text("")]);
}
