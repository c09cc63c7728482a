/* openck.h needs nothing before it and nothing beside it. */
#include "openck.h"

/* The types are those of the original's headers. */
static BOOL truth = TRUE;
static HCkWebSocket handle = NULL;
static const char *(*text_getter)(HCkWebSocket) = CkWebSocket_lastErrorText;
static const wchar_t *(*wide_getter)(HCkWebSocketW) = CkWebSocketW_lastErrorText;
static const uint16_t *(*utf16_getter)(HCkWebSocketU) = CkWebSocketU_lastErrorText;
static void (*into_string)(HCkWebSocket, HCkString) = CkWebSocket_getLastErrorText;

#include "tap.h"

int main(void)
{
    HCkGlobal global = CkGlobal_Create();
    HCkRest rest = CkRest_Create();
    HCkWebSocket ws = CkWebSocket_Create();
    HCkBinData bd = CkBinData_Create();
    HCkStringBuilder sb = CkStringBuilder_Create();
    HCkString string = CkString_Create();
    HCkByteData bytes = CkByteData_Create();
    tap_begin();
    ok(global && rest && ws && bd && sb && string && bytes, "every class can be created");
    ok(truth == 1 && FALSE == 0 && sizeof(BOOL) == sizeof(int), "BOOL is an int");
    ok(sizeof(HCkWebSocket) == sizeof(void *) && handle == NULL, "a handle is a pointer");
    ok(text_getter(ws) && wide_getter(ws) && utf16_getter(ws), "three spellings, one object");
    into_string(ws, string);
    is_text(CkString_getString(string), text_getter(ws), "and the text in a CkString");
    is_text(CkWebSocket_version(ws), openck_version(), "one version everywhere");
    ok(CkGlobal_UnlockBundle(global, "any text"), "UnlockBundle succeeds");
    is_int(CkGlobal_getUnlockStatus(global), 2, "UnlockStatus is 2");
    CkByteData_Dispose(bytes);
    CkString_Dispose(string);
    CkStringBuilder_Dispose(sb);
    CkBinData_Dispose(bd);
    CkWebSocket_Dispose(ws);
    CkRest_Dispose(rest);
    CkGlobal_Dispose(global);
    return tap_end();
}
