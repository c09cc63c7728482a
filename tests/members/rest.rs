use crate::*;
use Arg::{Bool, Int, Text};
use openck_test_support::pki::{Kind, Pki};
use openck_test_support::scenarios;

#[test]
fn every_member_of_rest() {
    let server = scenarios::start(0, None).unwrap();
    let run = Run::new("Rest");
    run.shared();
    settings(&run);
    let target = [Text("127.0.0.1"), Int(server.port().into()), Bool(false), Bool(true)];
    run.ok("Connect", &target);
    run.is("get:ConnectFailReason", &[], int(0));
    full_requests(&run);
    requests_in_parts(&run);
    request_lines(&run);
    debug_requests(&run);
    run.ok("Disconnect", &[Int(100)]);
    over_tls(&run);
    run.finish();
}

fn settings(run: &Run) {
    run.switches("AllowHeaderFolding");
    run.switches("AllowHeaderQB");
    run.keeps("ConnectTimeoutMs", &[(Int(20_000), int(20_000)), (Int(0), int(0))]);
    run.keeps("IdleTimeoutMs", &[(Int(0), int(0)), (Int(20_000), int(20_000))]);
    run.keeps("MaxResponseHeadSize", &[(Int(1), int(1)), (Int(30_000), int(30_000))]);
    run.keeps("MaxResponseBodySize", &[(Int(0), int(0)), (Int(30_000), int(30_000))]);
    let options = "AllowInsecureBasicAuth";
    run.keeps("UncommonOptions", &[(Text(options), text(options)), (Text(""), text(""))]);
    run.keeps("Host", &[(Text("example.com"), text("example.com")), (Text(""), text(""))]);
    run.keeps("Authorization", &[(Text("Bearer x"), text("Bearer x")), (Text(""), text(""))]);
}

/// The server's answer is the request as it came.
fn full_requests(run: &Run) {
    let (body_sb, body_bd) = (Run::new("StringBuilder"), Run::new("BinData"));
    let (sb, bd) = (Run::new("StringBuilder"), Run::new("BinData"));
    body_sb.ok("SetString", &[Text("from sb")]);
    body_bd.ok("AppendBinary", &[Arg::Bytes(b"from bd")]);
    let (get, post, path) = (Text("GET"), Text("POST"), Text("/request"));
    run.has("FullRequestNoBody", &[get, path], "GET /request HTTP/1.1\r\n");
    run.ok("FullRequestNoBodySb", &[get, path, object(&sb.object)]);
    sb.ok("StartsWith", &[Text("GET /request HTTP/1.1\r\n"), Bool(true)]);
    run.ok("FullRequestNoBodyBd", &[get, path, object(&bd.object)]);
    bd.has("GetString", &[Text("utf-8")], "GET /request HTTP/1.1\r\n");
    run.has("FullRequestString", &[post, path, Text("the text")], "\r\n\r\nthe text");
    run.ok("FullRequestSb", &[post, path, object(&body_sb.object), object(&sb.object)]);
    sb.ok("EndsWith", &[Text("\r\n\r\nfrom sb"), Bool(true)]);
    run.ok("FullRequestBd", &[post, path, object(&body_bd.object), object(&sb.object)]);
    sb.ok("EndsWith", &[Text("\r\n\r\nfrom bd"), Bool(true)]);
}

fn requests_in_parts(run: &Run) {
    let (sb, bd) = (Run::new("StringBuilder"), Run::new("BinData"));
    sb.ok("SetString", &[Text("from sb")]);
    bd.ok("AppendBinary", &[Arg::Bytes(b"from bd")]);
    let (post, path) = (Text("POST"), Text("/request"));
    run.ok("SendReqNoBody", &[Text("GET"), Text("/status/404?body=gone")]);
    run.is("ReadResponseHeader", &[], int(404));
    run.is("ReadRespBodyString", &[], text("gone"));
    run.is("get:ResponseStatusCode", &[], int(404));
    run.is("get:ResponseStatusText", &[], text("Not Found"));
    run.has("get:ResponseHeader", &[], "Content-Length: 4\r\n");
    run.is("get:NumResponseHeaders", &[], int(2));
    run.is("ResponseHdrByName", &[Text("content-length")], text("4"));
    run.is("ResponseHdrName", &[Int(1)], text("Content-Length"));
    run.is("ResponseHdrValue", &[Int(1)], text("4"));
    run.ok("SendReqStringBody", &[post, path, Text("the text")]);
    run.is("ReadResponseHeader", &[], int(200));
    match run.get("ReadRespBodyBinary", &[]) {
        Value::Bytes(body) => assert!(body.ends_with(b"\r\n\r\nthe text")),
        other => panic!("{other:?}"),
    }
    run.ok("SendReqSb", &[post, path, object(&sb.object)]);
    run.is("ReadResponseHeader", &[], int(200));
    run.ok("ReadRespSb", &[object(&sb.object)]);
    sb.ok("EndsWith", &[Text("\r\n\r\nfrom sb"), Bool(true)]);
    run.ok("SendReqBd", &[post, path, object(&bd.object)]);
    run.is("ReadResponseHeader", &[], int(200));
    run.ok("ReadRespBd", &[object(&bd.object)]);
    bd.has("GetString", &[Text("utf-8")], "\r\n\r\nfrom bd");
}

fn request_lines(run: &Run) {
    let value = Run::new("StringBuilder");
    value.ok("SetString", &[Text("s b")]);
    run.ok("AddHeader", &[Text("X-One"), Text("1")]);
    run.ok("AddHeader", &[Text("X-Two"), Text("2")]);
    run.ok("RemoveHeader", &[Text("x-two")]);
    run.ok("AddQueryParam", &[Text("a"), Text("1")]);
    run.ok("AddQueryParams", &[Text("b=2&c=3")]);
    run.ok("AddQueryParamSb", &[Text("d"), object(&value.object)]);
    run.ok("RemoveQueryParam", &[Text("b")]);
    run.ok("AddPathParam", &[Text("{what}"), Text("request")]);
    run.ok("SetAuthBasic", &[Text("user"), Text("password")]);
    run.has("FullRequestNoBody", &[Text("GET"), Text("/{what}")], "X-One: 1\r\n");
    run.is("get:LastRequestStartLine", &[], text("GET /request?a=1&c=3&d=s%20b HTTP/1.1"));
    run.has("get:LastRequestHeader", &[], "Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n");
    run.ok("ClearAllHeaders", &[]);
    run.ok("ClearAllQueryParams", &[]);
    run.ok("ClearAllPathParams", &[]);
    run.ok("ClearAuth", &[]);
    run.has("FullRequestNoBody", &[Text("GET"), Text("/request")], "GET /request HTTP/1.1\r\n");
    match run.get("get:LastRequestHeader", &[]) {
        Value::Text(header) => {
            assert!(!header.contains("X-One") && !header.contains("Authorization"), "{header}");
        }
        other => panic!("{other:?}"),
    }
}

fn debug_requests(run: &Run) {
    let data = Run::new("BinData");
    run.ok("put:DebugMode", &[Bool(true)]);
    run.is("get:DebugMode", &[], YES);
    run.is("FullRequestString", &[Text("PUT"), Text("/kept"), Text("body")], text(""));
    run.ok("GetLastDebugRequest", &[object(&data.object)]);
    data.has("GetString", &[Text("utf-8")], "PUT /kept HTTP/1.1\r\n");
    run.ok("put:DebugMode", &[Bool(false)]);
}

fn over_tls(run: &Run) {
    let pki = Pki::default();
    let config = pki.identity(Kind::Good).server_config();
    let server = scenarios::start(0, Some(config)).unwrap();
    run.keeps("RequireSslCertVerify", &[(Bool(false), NO), (Bool(true), YES)]);
    run.ok("AddTrustedCaPem", &[Text(&pki.ca_pem())]);
    let target = [Text("127.0.0.1"), Int(server.port().into()), Bool(true), Bool(false)];
    run.ok("Connect", &target);
    run.has("get:TlsVersion", &[], "TLS 1.");
    run.has("get:TlsCipherSuite", &[], "TLS_");
    run.has("FullRequestNoBody", &[Text("GET"), Text("/request")], "GET /request HTTP/1.1\r\n");
}
