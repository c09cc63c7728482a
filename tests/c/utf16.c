/* The functions with UTF-16 text: sessions over ws and wss. */
#include "server.h"

#include "openck.h"

/* ASCII as UTF-16, in one of eight buffers that take turns. */
static const uint16_t *u(const char *text)
{
    static uint16_t buffers[8][512];
    static int next;
    uint16_t *out = buffers[next++ % 8];
    size_t i;
    for (i = 0; text[i] != '\0' && i < 511; i++)
        out[i] = (uint16_t)text[i];
    out[i] = 0;
    return out;
}

static int open_session(HCkRestU rest, HCkWebSocketU ws, BOOL tls)
{
    char ca[512];
    return CkRestU_AddTrustedCaPem(rest, u(server_ca(ca, sizeof ca))) &&
           CkRestU_Connect(rest, u("localhost"), server_port(tls ? "wss" : "ws"), tls, FALSE) &&
           CkWebSocketU_UseConnection(ws, rest) && CkWebSocketU_AddClientHeaders(ws) &&
           CkRestU_fullRequestNoBody(rest, u("GET"), u("/echo")) != NULL &&
           CkWebSocketU_ValidateServerHandshake(ws);
}

/* é, €, and U+1F600 as a surrogate pair. */
static const uint16_t text[] = {'a', 0xe9, 0x20ac, 0xd83d, 0xde00, 0};

static void texts(HCkWebSocketU ws)
{
    HCkString out = CkString_Create();
    HCkStringBuilderU sb = CkStringBuilderU_Create();
    ok(CkWebSocketU_SendFrame(ws, text, TRUE) && CkWebSocketU_ReadFrame(ws), "text there and back");
    is_int(CkWebSocketU_getFrameDataLen(ws), 10, "its length is that of UTF-8");
    is_utf16(CkWebSocketU_frameOpcode(ws), u("Text"), "frameOpcode");
    is_utf16(CkWebSocketU_getFrameData(ws), text, "getFrameData");

    ok(CkWebSocketU_SendFrame(ws, text, TRUE) && CkWebSocketU_ReadFrame(ws), "once more");
    ok(CkWebSocketU_GetFrameData(ws, out), "GetFrameData with a CkString");
    is_utf16(CkString_getStringUtf16(out), text, "CkString_getStringUtf16");
    is_text(CkString_getString(out), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "getString");
    is_int(CkString_getNumChars(out), 4, "getNumChars");
    is_int(CkString_getSizeUnicode(out), 10, "getSizeUnicode");

    CkString_setStringUtf16(out, text);
    CkString_appendUtf16(out, u("!"));
    is_text(CkString_getString(out), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!", "into CkString");
    ok(CkStringBuilderU_Append(sb, text), "Append");
    ok(CkStringBuilderU_Contains(sb, text + 2, TRUE), "Contains");
    is_utf16(CkStringBuilderU_getAsString(sb), text, "StringBuilder");
    CkStringBuilderU_Dispose(sb);
    CkString_Dispose(out);
}

static void refusals(HCkWebSocketU ws)
{
    const uint16_t high[] = {'a', 0xd83d, 'b', 0}, low[] = {0xde00, 0}, last[] = {'a', 0xd83d, 0};
    ok(!CkWebSocketU_SendFrame(ws, high, TRUE), "a lone high surrogate is refused");
    ok(!CkWebSocketU_SendFrame(ws, low, TRUE), "a lone low surrogate is refused");
    ok(!CkWebSocketU_SendFrame(ws, last, TRUE), "half a pair at the end is refused");
    ok(!CkWebSocketU_SendFrame(ws, NULL, TRUE), "NULL is refused");
    ok(CkWebSocketU_lastErrorText(ws)[0] != 0, "lastErrorText says so");
    ok(CkWebSocketU_getIsConnected(ws), "the session goes on");
}

static void session(BOOL tls)
{
    HCkRestU rest = CkRestU_Create();
    HCkWebSocketU ws = CkWebSocketU_Create();
    HCkBinDataU bd = CkBinDataU_Create();
    ok(open_session(rest, ws, tls), tls ? "wss opens" : "ws opens");
    texts(ws);
    refusals(ws);
    ok(CkBinDataU_AppendEncoded(bd, u("AAEC/w=="), u("base64")), "AppendEncoded");
    ok(CkWebSocketU_SendFrameBd(ws, bd, TRUE) && CkWebSocketU_ReadFrame(ws), "bytes out");
    ok(CkBinDataU_Clear(bd) && CkWebSocketU_GetFrameDataBd(ws, bd), "and back");
    is_utf16(CkBinDataU_getEncoded(bd, u("hex")), u("000102FF"), "the same bytes");
    ok(CkWebSocketU_SendClose(ws, TRUE, 1000, u("done")) && CkWebSocketU_ReadFrame(ws), "closes");
    is_int(CkWebSocketU_getCloseStatusCode(ws), 1000, "with code 1000");
    CkBinDataU_Dispose(bd);
    CkWebSocketU_Dispose(ws);
    CkRestU_Dispose(rest);
}

int main(void)
{
    HCkGlobalU global;
    tap_begin();
    server_start();
    session(FALSE);
    session(TRUE);
    global = CkGlobalU_Create();
    ok(CkGlobalU_UnlockBundle(global, u("anything")), "UnlockBundle");
    is_int(CkGlobalU_getUnlockStatus(global), 2, "UnlockStatus");
    CkGlobalU_Dispose(global);
    server_stop();
    return tap_end();
}
