/* NULL handles, NULL texts, handles of other classes and of disposed objects: failed calls, in
 * every spelling; no crash. */
#include "tap.h"

#include "openck.h"

#define NO(call) ok(!(call), #call)

/* But the text that programs print. */
#define TOLD(call) ok((call) != NULL, #call)

/* With a handle that names no object of the class, everything fails: `h` is such a handle. */
#define WEB_SOCKET(C, h, text)                                                                     \
    do {                                                                                           \
        NO(C##_getIsConnected(h));                                                                 \
        NO(C##_getFrameDataLen(h));                                                                \
        NO(C##_getReadFrameFailReason(h));                                                         \
        NO(C##_getLastMethodSuccess(h));                                                           \
        NO(C##_getIdleTimeoutMs(h));                                                               \
        NO(C##_frameOpcode(h));                                                                    \
        NO(C##_closeReason(h));                                                                    \
        TOLD(C##_lastErrorText(h));                                                                \
        NO(C##_lastErrorXml(h));                                                                   \
        NO(C##_version(h));                                                                        \
        NO(C##_getFrameData(h));                                                                   \
        NO(C##_GetFrameData(h, NULL));                                                             \
        NO(C##_GetFrameDataSb(h, NULL));                                                           \
        NO(C##_GetFrameDataBd(h, NULL));                                                           \
        NO(C##_UseConnection(h, NULL));                                                            \
        NO(C##_AddClientHeaders(h));                                                               \
        NO(C##_ValidateServerHandshake(h));                                                        \
        NO(C##_SendFrame(h, text, TRUE));                                                          \
        NO(C##_SendFrameSb(h, NULL, TRUE));                                                        \
        NO(C##_SendFrameBd(h, NULL, TRUE));                                                        \
        NO(C##_SendPing(h, text));                                                                 \
        NO(C##_SendPong(h));                                                                       \
        NO(C##_SendClose(h, TRUE, 1000, text));                                                    \
        NO(C##_ReadFrame(h));                                                                      \
        NO(C##_PollDataAvailable(h));                                                              \
        NO(C##_SaveLastError(h, text));                                                            \
        C##_putIdleTimeoutMs(h, 1);                                                                \
        C##_putDebugLogFilePath(h, text);                                                          \
        C##_getLastErrorText(h, NULL);                                                             \
    } while (0)

#define REST(C, h, text)                                                                           \
    do {                                                                                           \
        NO(C##_getResponseStatusCode(h));                                                          \
        NO(C##_responseHeader(h));                                                                 \
        NO(C##_tlsVersion(h));                                                                     \
        TOLD(C##_lastErrorText(h));                                                                \
        NO(C##_Connect(h, text, 80, FALSE, FALSE));                                                \
        NO(C##_AddHeader(h, text, text));                                                          \
        NO(C##_AddQueryParam(h, text, text));                                                      \
        NO(C##_AddTrustedCaPem(h, text));                                                          \
        NO(C##_SetAuthBasic(h, text, text));                                                       \
        NO(C##_fullRequestNoBody(h, text, text));                                                  \
        NO(C##_FullRequestNoBody(h, text, text, NULL));                                            \
        NO(C##_fullRequestString(h, text, text, text));                                            \
        NO(C##_SendReqNoBody(h, text, text));                                                      \
        NO(C##_SendReqBd(h, text, text, NULL));                                                    \
        NO(C##_readRespBodyString(h));                                                             \
        NO(C##_ReadRespBodyBinary(h, NULL));                                                       \
        NO(C##_responseHdrByName(h, text));                                                        \
        NO(C##_responseHdrName(h, -1));                                                            \
        C##_putHost(h, text);                                                                      \
        C##_putAuthorization(h, text);                                                             \
    } while (0)

#define DATA(BD, SB, h, text)                                                                      \
    do {                                                                                           \
        NO(BD##_AppendEncoded(h, text, text));                                                     \
        NO(BD##_AppendString(h, text, text));                                                      \
        NO(BD##_AppendBinary(h, NULL));                                                            \
        NO(BD##_AppendBinary2(h, NULL, 1));                                                        \
        NO(BD##_LoadBinary2(h, NULL, (unsigned long)-1));                                          \
        NO(BD##_AppendSb(h, NULL, text));                                                          \
        NO(BD##_LoadFile(h, text));                                                                \
        NO(BD##_WriteFile(h, text));                                                               \
        NO(BD##_GetBinary(h, NULL));                                                               \
        NO(BD##_GetBytesPtr(h));                                                                   \
        NO(BD##_getEncoded(h, text));                                                              \
        NO(BD##_GetEncoded(h, text, NULL));                                                        \
        NO(BD##_getString(h, text));                                                               \
        NO(BD##_AppendBd(h, NULL));                                                                \
        NO(SB##_Append(h, text));                                                                  \
        NO(SB##_AppendSb(h, NULL));                                                                \
        NO(SB##_SetString(h, text));                                                               \
        NO(SB##_Contains(h, text, TRUE));                                                          \
        NO(SB##_GetAsString(h, NULL));                                                             \
        NO(SB##_getEncoded(h, text, text));                                                        \
        NO(SB##_LoadFile(h, text, text));                                                          \
    } while (0)

#define EVERYTHING(FAMILY, h, text)                                                                \
    do {                                                                                           \
        WEB_SOCKET(CkWebSocket##FAMILY, h, text);                                                  \
        REST(CkRest##FAMILY, h, text);                                                             \
        DATA(CkBinData##FAMILY, CkStringBuilder##FAMILY, h, text);                                 \
        CkWebSocket##FAMILY##_Dispose(h);                                                          \
        CkRest##FAMILY##_Dispose(h);                                                               \
    } while (0)

static const uint16_t u_text[] = {'t', 0};

static void no_object(void *h)
{
    EVERYTHING(, h, "t");
    EVERYTHING(W, h, L"t");
    EVERYTHING(U, h, u_text);
}

/* NULL texts in calls of living objects. */
static void no_text(void)
{
    HCkWebSocket ws = CkWebSocket_Create();
    HCkRest rest = CkRest_Create();
    HCkBinData bd = CkBinData_Create();
    HCkStringBuilder sb = CkStringBuilder_Create();
    DATA(CkBinData, CkStringBuilder, bd, NULL); /* the second half: handles of another class */
    NO(CkRest_Connect(rest, NULL, 80, FALSE, FALSE));
    has_text(CkRest_lastErrorText(rest), "NULL", "the error says so");
    NO(CkRest_AddHeader(rest, "X-Name", NULL));
    NO(CkRest_fullRequestNoBody(rest, NULL, NULL));
    NO(CkWebSocket_SendPing(ws, NULL));
    NO(CkWebSocket_SendClose(ws, TRUE, 1000, NULL));
    NO(CkWebSocket_UseConnection(ws, NULL));
    NO(CkWebSocket_UseConnection(ws, bd));
    has_text(CkWebSocket_lastErrorText(ws), "Rest", "the error says what was wanted");
    ok(!CkWebSocket_getLastMethodSuccess(ws), "LastMethodSuccess tells");
    CkWebSocket_putDebugLogFilePath(ws, NULL);
    is_text(CkWebSocket_debugLogFilePath(ws), "", "a property set to NULL");
    CkWebSocket_getLastErrorText(ws, NULL);
    CkWebSocket_getLastErrorText(ws, rest);
    CkStringBuilder_Dispose(sb);
    CkBinData_Dispose(bd);
    CkRest_Dispose(rest);
    CkWebSocket_Dispose(ws);
}

static void exact_classes(void *h)
{
    NO(CkString_getString(h));
    NO(CkString_getUnicode(h));
    NO(CkString_getStringUtf16(h));
    NO(CkString_equals(h, NULL));
    NO(CkString_getNumChars(h));
    NO(CkString_loadFile(h, NULL, NULL));
    NO(CkByteData_getData(h));
    NO(CkByteData_getSize(h));
    NO(CkByteData_getRange(h, 0, (unsigned long)-1));
    NO(CkByteData_getEncoded(h, NULL));
    CkString_setString(h, NULL);
    CkString_appendStr(h, h);
    CkByteData_append(h, h);
    CkByteData_append2(h, NULL, 3);
    CkByteData_borrowData(h, NULL, (unsigned long)-1);
    CkByteData_encode(h, NULL, NULL);
    CkString_Dispose(h);
    CkByteData_Dispose(h);
    ok(1, "CkString and CkByteData");
}

int main(void)
{
    void *gone;
    HCkGlobal other = CkGlobal_Create();
    tap_begin();
    no_text();
    gone = CkWebSocket_Create();
    CkWebSocket_Dispose(gone);
    no_object(NULL);
    no_object(gone);
    no_object(other);
    no_object((void *)(uintptr_t)0x1234567);
    exact_classes(NULL);
    exact_classes(gone);
    exact_classes(other);
    ok(CkGlobal_getUnlockStatus(other) >= 0 && CkGlobal_version(other), "the other object lives");
    CkGlobal_Dispose(other);
    return tap_end();
}
