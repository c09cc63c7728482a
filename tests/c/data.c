/* BinData, CkByteData, CkString and StringBuilder: bytes and texts in and out by pointer. */
#include "tap.h"

#include "openck.h"

static const unsigned char bytes[] = {0, 1, 2, 0, 254, 255};

static void raw_pointers(void)
{
    HCkBinData bd = CkBinData_Create();
    const unsigned char *at;
    ok(CkBinData_GetBytesPtr(bd) == NULL, "an empty BinData has no pointer");
    ok(CkBinData_AppendBinary2(bd, bytes, sizeof bytes), "AppendBinary2");
    is_int(CkBinData_getNumBytes(bd), sizeof bytes, "takes all bytes, zeros too");
    at = CkBinData_GetBytesPtr(bd);
    ok(at != NULL && at != bytes && memcmp(at, bytes, sizeof bytes) == 0, "GetBytesPtr");
    ok(at == CkBinData_getBinaryDataPtr(bd), "getBinaryDataPtr is the same");
    ok(CkBinData_LoadBinary2(bd, bytes + 4, 2), "LoadBinary2");
    is_text(CkBinData_getEncoded(bd, "hex"), "FEFF", "replaces");
    ok(CkBinData_AppendBinary2(bd, NULL, 0), "nothing at NULL is nothing");
    ok(!CkBinData_AppendBinary2(bd, NULL, 5), "five bytes at NULL are an error");
    ok(!CkBinData_getLastMethodSuccess(bd), "LastMethodSuccess tells");
    is_int(CkBinData_getNumBytes(bd), 2, "and nothing changed");
    is_int(CkBinData_GetByte(bd, 1), 255, "GetByte");
    is_int(CkBinData_GetByte(bd, 2), -1, "GetByte behind the end");
    ok(CkBinData_GetUInt2(bd, 0, TRUE) == 0xfffe, "GetUInt2 is an unsigned long");
    CkBinData_Dispose(bd);
}

static void out_bytes(void)
{
    HCkBinData bd = CkBinData_Create();
    HCkByteData out = CkByteData_Create(), same = CkByteData_Create();
    HCkString text = CkString_Create();
    CkByteData_append2(out, (const unsigned char *)"old", 3);
    ok(CkBinData_AppendBinary2(bd, bytes, sizeof bytes), "bytes");
    ok(CkBinData_GetBinary(bd, out), "GetBinary");
    is_int((long)CkByteData_getSize(out), sizeof bytes, "replaces a CkByteData's content");
    ok(memcmp(CkByteData_getData(out), bytes, sizeof bytes) == 0, "getData");
    ok(CkByteData_getBytes(out) == CkByteData_getData(out), "getBytes is the same");
    ok(CkByteData_equals2(out, bytes, sizeof bytes), "equals2");
    is_int(CkByteData_getByte(out, 4), 254, "getByte");
    ok(memcmp(CkByteData_getRange(out, 4, 2), bytes + 4, 2) == 0, "getRange");
    ok(CkByteData_getRange(out, 5, 2) == NULL, "getRange behind the end");
    ok(!CkBinData_GetBinaryChunk(bd, 4, 3, out), "a chunk behind the end fails");
    is_int((long)CkByteData_getSize(out), sizeof bytes, "and leaves the CkByteData alone");
    CkByteData_borrowData(same, bytes, sizeof bytes);
    ok(CkByteData_equals(same, out), "borrowData");
    is_text(CkByteData_getEncoded(same, "base64"), "AAECAP7/", "getEncoded");
    CkByteData_encode(same, "hex", text);
    is_text(CkString_getString(text), "00010200FEFF", "encode into a CkString");
    ok(CkBinData_LoadBinary(bd, same), "LoadBinary");
    ok(CkBinData_AppendBinary(bd, same), "AppendBinary");
    is_int(CkBinData_getNumBytes(bd), 2 * sizeof bytes, "twice the bytes");
    ok(CkBinData_AppendBd(bd, bd), "a BinData into itself");
    is_int(CkBinData_getNumBytes(bd), 4 * sizeof bytes, "doubles it");
    CkByteData_append(same, same);
    is_int((long)CkByteData_getSize(same), 2 * sizeof bytes, "and so a CkByteData");
    CkString_Dispose(text);
    CkByteData_Dispose(same);
    CkByteData_Dispose(out);
    CkBinData_Dispose(bd);
}

static void strings(void)
{
    HCkString s = CkString_Create(), other = CkString_Create();
    HCkBinData bd = CkBinData_Create();
    ok(CkString_isEmpty(s), "a new CkString is empty");
    is_text(CkString_getString(s), "", "and its text is not NULL");
    CkString_setString(s, "gr\xc3\xbc\xc3\x9f");
    CkString_append(s, " dich");
    CkString_appendInt(s, -42);
    is_text(CkString_getStringUtf8(s), "gr\xc3\xbc\xc3\x9f dich-42", "set and append");
    is_int(CkString_getNumChars(s), 12, "characters");
    is_int(CkString_getSizeUtf8(s), 14, "bytes of UTF-8");
    is_wide(CkString_getUnicode(s), L"gr\u00fc\u00df dich-42", "getUnicode");
    CkString_setStringU(other, L"GR\u00dc\u00df DICH-42");
    ok(CkString_equalsIgnoreCaseStr(s, other) && !CkString_equalsStr(s, other), "comparing");
    CkString_setString(s, "\xff\xfe");
    is_int(CkString_getNumChars(s), 12, "invalid UTF-8 changes nothing");
    CkString_appendStr(s, s);
    is_int(CkString_getNumChars(s), 24, "a CkString can be appended to itself");
    ok(CkBinData_AppendString(bd, "A\xe2\x82\xac", "utf-16"), "AppendString");
    ok(CkBinData_GetEncoded(bd, "hex", s), "GetEncoded");
    is_text(CkString_getString(s), "4100AC20", "text as UTF-16");
    ok(!CkBinData_GetEncoded(bd, "no-such", s), "an unknown encoding fails");
    is_text(CkString_getString(s), "4100AC20", "and the CkString keeps its text");
    ok(CkBinData_getEncoded(bd, "no-such") == NULL, "as a pointer it is NULL");
    CkBinData_Dispose(bd);
    CkString_Dispose(other);
    CkString_Dispose(s);
}

/* The texts of one object in one printf; R-60 and the ring of returned texts. */
static void ring(void)
{
    HCkStringBuilder sb = CkStringBuilder_Create();
    char line[64];
    CkStringBuilder_Append(sb, "abcdef");
    snprintf(line, sizeof line, "%s %s %s %s", CkStringBuilder_getRange(sb, 0, 2, FALSE),
             CkStringBuilder_getRange(sb, 2, 2, FALSE), CkStringBuilder_getRange(sb, 4, 2, FALSE),
             CkStringBuilder_getEncoded(sb, "hex", "utf-8"));
    is_text(line, "ab cd ef 616263646566", "several getters in one call");
    ok(CkStringBuilder_AppendInt64(sb, INT64_C(-9000000000)), "AppendInt64");
    is_text(CkStringBuilder_getAsString(sb), "abcdef-9000000000", "has 64 bits");
    ok(CkStringBuilder_AppendSb(sb, sb), "a StringBuilder into itself");
    is_int(CkStringBuilder_getLength(sb), 34, "doubles it");
    is_int(CkStringBuilder_Replace(sb, "abc", "x"), 2, "Replace counts");
    CkStringBuilder_Dispose(sb);
}

int main(void)
{
    tap_begin();
    raw_pointers();
    out_bytes();
    strings();
    ring();
    return tap_end();
}
