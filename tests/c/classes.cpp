// The C++ classes: sessions over ws and wss, objects as arguments and results, lifetimes.
#include "server.h"

#include "CkBinData.h"
#include "CkByteData.h"
#include "CkGlobal.h"
#include "CkRest.h"
#include "CkString.h"
#include "CkStringBuilder.h"
#include "CkWebSocket.h"

#include <string>

static bool open_session(CkRest &rest, CkWebSocket &ws, bool tls, const char *path)
{
    char ca[512];
    return (!tls || rest.AddTrustedCaPem(server_ca(ca, sizeof ca))) &&
           rest.Connect("localhost", server_port(tls ? "wss" : "ws"), tls, false) &&
           ws.UseConnection(rest) && ws.AddClientHeaders() &&
           rest.fullRequestNoBody("GET", path) != nullptr && ws.ValidateServerHandshake();
}

static void session(bool tls)
{
    CkWebSocket ws;
    {
        CkRest rest;
        if (!ok(open_session(rest, ws, tls, "/echo"), tls ? "wss opens" : "ws opens"))
            printf("# %s\n# %s\n", rest.lastErrorText(), ws.lastErrorText());
        is_int(rest.get_ResponseStatusCode(), 101, "status");
        is_text(rest.responseHdrByName("UPGRADE"), "websocket", "a header");
    }
    ok(ws.get_IsConnected(), "the session outlives the CkRest");
    ok(ws.SendFrame("one ", false) && ws.SendFrame("two", true) && ws.ReadFrame(), "two frames");
    is_text(ws.frameOpcode(), "Text", "frameOpcode");
    ok(ws.get_FinalFrame(), "get_FinalFrame");
    is_text(ws.getFrameData(), "one two", "getFrameData");
    ok(ws.SendFrame("\xe2\x82\xac", true) && ws.ReadFrame(), "once more");
    is_text(ws.frameData(), "\xe2\x82\xac", "frameData");

    CkString text;
    ok(ws.SendFrame("into", true) && ws.ReadFrame() && ws.GetFrameData(text), "GetFrameData");
    is_text(text.getString(), "into", "into a CkString");
    CkStringBuilder sb;
    sb.Append("built");
    ok(ws.SendFrameSb(sb, true) && ws.ReadFrame() && ws.GetFrameDataSb(sb), "a CkStringBuilder");
    is_text(sb.getAsString(), "builtbuilt", "is added to");
    CkBinData sent, received;
    ok(sent.AppendEncoded("00FF80", "hex"), "hex");
    ok(ws.SendFrameBd(sent, true) && ws.ReadFrame() && ws.GetFrameDataBd(received), "CkBinData");
    ok(received.ContentsEqual(sent), "there and back");

    ws.put_PongAutoConsume(false);
    ok(ws.SendPing("?") && ws.ReadFrame(), "a ping");
    is_int(ws.get_FrameOpcodeInt(), 10, "and its pong");
    ok(ws.SendClose(true, 1000, "done") && ws.ReadFrame(), "closing");
    is_int(ws.get_CloseStatusCode(), 1000, "with the code");
    ok(!ws.ReadFrame(), "no more");
    is_int(ws.get_ReadFrameFailReason(), 3, "for want of a connection");
    ok(std::string(ws.lastErrorText()).find("ReadFrame") != std::string::npos, "lastErrorText");
}

static void texts()
{
    CkString first("text"), second(first), third;
    second.append("s");
    is_text(first.getString(), "text", "a copy is a copy");
    third = second;
    is_text(third, "texts", "assignment and conversion");
    third = "other";
    is_text(third, "other", "assignment of a literal");
    CkRest rest;
    CkString &same = third;
    third = same;
    is_text(third, "other", "assignment to itself");
    ok(!rest.Connect("", 1, false, false), "a call that fails");
    rest.get_LastErrorText(third);
    is_text(third, rest.lastErrorText(), "a getter into a CkString");
    std::string copied = third.getString();
    ok(copied == third.getString(), "std::string");
}

static void bytes()
{
    const unsigned char raw[] = {1, 0, 255};
    CkBinData bd;
    CkByteData out;
    ok(bd.AppendBinary2(raw, sizeof raw) && bd.GetBinary(out), "bytes out");
    is_int(static_cast<long>(out.getSize()), 3, "three");
    ok(out.equals2(raw, sizeof raw), "the same");
    ok(memcmp(bd.GetBytesPtr(), raw, sizeof raw) == 0, "GetBytesPtr");
    is_text(bd.getEncoded("hex"), "0100FF", "getEncoded");
    is_text(bd.encoded("base64"), "AQD/", "encoded");
    ok(bd.getEncoded("none") == nullptr, "a failed text is a null pointer");
    ok(!bd.get_LastMethodSuccess(), "get_LastMethodSuccess");
    // C functions take the same objects.
    is_int(CkBinData_getNumBytes(bd.handle()), 3, "handle()");
}

int main()
{
    tap_begin();
    server_start();
    session(false);
    session(true);
    texts();
    bytes();
    CkGlobal global;
    ok(global.UnlockBundle("anything"), "UnlockBundle");
    is_int(global.get_UnlockStatus(), 2, "get_UnlockStatus");
    server_stop();
    return tap_end();
}
