/* The functions with wchar_t text: sessions over ws and wss. */
#include "server.h"

#include "openck.h"

/* ASCII as wchar_t. */
static const wchar_t *widen(const char *text, wchar_t *out)
{
    size_t i;
    for (i = 0; text[i] != '\0'; i++)
        out[i] = (wchar_t)text[i];
    out[i] = 0;
    return out;
}

static int open_session(HCkRestW rest, HCkWebSocketW ws, BOOL tls)
{
    char ca[512];
    wchar_t wide[512];
    return CkRestW_AddTrustedCaPem(rest, widen(server_ca(ca, sizeof ca), wide)) &&
           CkRestW_Connect(rest, L"localhost", server_port(tls ? "wss" : "ws"), tls, FALSE) &&
           CkWebSocketW_UseConnection(ws, rest) && CkWebSocketW_AddClientHeaders(ws) &&
           CkRestW_AddHeader(rest, L"X-Test", L"gr\u00fc\u00df") &&
           CkRestW_fullRequestNoBody(rest, L"GET", L"/echo") != NULL &&
           CkWebSocketW_ValidateServerHandshake(ws);
}

static void texts(HCkWebSocketW ws)
{
    const wchar_t *text = L"caf\u00e9 \u20ac \U0001f600";
    HCkString out = CkString_Create();
    HCkStringBuilderW sb = CkStringBuilderW_Create();
    ok(CkWebSocketW_SendFrame(ws, text, TRUE) && CkWebSocketW_ReadFrame(ws), "text there and back");
    is_wide(CkWebSocketW_frameOpcode(ws), L"Text", "frameOpcode");
    is_int(CkWebSocketW_getFrameDataLen(ws), 14, "its length is that of UTF-8");
    is_wide(CkWebSocketW_getFrameData(ws), text, "getFrameData");

    ok(CkWebSocketW_SendFrame(ws, text, TRUE) && CkWebSocketW_ReadFrame(ws), "once more");
    ok(CkWebSocketW_GetFrameData(ws, out), "GetFrameData with a CkString");
    is_wide(CkString_getUnicode(out), text, "CkString_getUnicode");
    is_text(CkString_getStringUtf8(out), "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "as UTF-8");

    ok(CkStringBuilderW_Append(sb, text), "StringBuilder");
    is_int(CkStringBuilderW_getLength(sb), 8, "counts characters");
    ok(CkWebSocketW_SendFrameSb(ws, sb, TRUE) && CkWebSocketW_ReadFrame(ws), "SendFrameSb");
    ok(CkStringBuilderW_SetString(sb, L"") && CkWebSocketW_GetFrameDataSb(ws, sb), "back");
    is_wide(CkStringBuilderW_getAsString(sb), text, "the same text");
    CkStringBuilderW_Dispose(sb);
    CkString_Dispose(out);
}

static void binary(HCkWebSocketW ws)
{
    HCkBinDataW bd = CkBinDataW_Create();
    const unsigned char bytes[] = {0, 255, 128};
    ok(CkBinDataW_AppendBinary2(bd, bytes, 3), "bytes into a BinData");
    ok(CkWebSocketW_SendFrameBd(ws, bd, TRUE), "and out");
    CkBinDataW_Clear(bd);
    ok(CkWebSocketW_ReadFrame(ws) && CkWebSocketW_GetFrameDataBd(ws, bd), "and back");
    is_wide(CkBinDataW_getEncoded(bd, L"hex"), L"00FF80", "getEncoded");
    CkBinDataW_Dispose(bd);
}

static void refusals(HCkWebSocketW ws)
{
    wchar_t wrong[3] = {L'a', (wchar_t)0xd800, 0};
    ok(!CkWebSocketW_SendFrame(ws, wrong, TRUE), "half a surrogate pair is refused");
    ok(wcslen(CkWebSocketW_lastErrorText(ws)) > 0, "and lastErrorText says so");
    ok(!CkWebSocketW_SendFrame(ws, NULL, TRUE), "NULL is refused");
    wrong[1] = (wchar_t)0x110000;
    if (sizeof(wchar_t) == 4)
        ok(!CkWebSocketW_SendFrame(ws, wrong, TRUE), "a number beyond Unicode is refused");
}

static void session(BOOL tls)
{
    HCkRestW rest = CkRestW_Create();
    HCkWebSocketW ws = CkWebSocketW_Create();
    if (!ok(open_session(rest, ws, tls), tls ? "wss opens" : "ws opens"))
        printf("# %ls\n# %ls\n", CkRestW_lastErrorText(rest), CkWebSocketW_lastErrorText(ws));
    is_wide(CkRestW_responseHdrByName(rest, L"upgrade"), L"websocket", "a header");
    if (tls)
        is_wide(CkRestW_tlsVersion(rest), L"TLS 1.3", "tlsVersion");
    texts(ws);
    binary(ws);
    refusals(ws);
    ok(CkWebSocketW_SendClose(ws, TRUE, 1000, L"adi\u00f3s") && CkWebSocketW_ReadFrame(ws), "bye");
    is_int(CkWebSocketW_getCloseStatusCode(ws), 1000, "with code 1000");
    CkWebSocketW_Dispose(ws);
    CkRestW_Dispose(rest);
}

int main(void)
{
    HCkGlobalW global;
    tap_begin();
    server_start();
    session(FALSE);
    session(TRUE);
    global = CkGlobalW_Create();
    ok(CkGlobalW_UnlockBundle(global, L"anything"), "UnlockBundle");
    is_int(CkGlobalW_getUnlockStatus(global), 2, "UnlockStatus");
    CkGlobalW_Dispose(global);
    server_stop();
    return tap_end();
}
