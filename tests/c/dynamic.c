/* The functions of openck_library.h: members by name, texts with lengths. */
#include "tap.h"

#include "openck.h"

static openck_value text(const char *data, size_t size)
{
    openck_value value;
    memset(&value, 0, sizeof value);
    value.type = OPENCK_TEXT;
    value.data = data;
    value.size = size;
    return value;
}

static openck_value number(int type, int64_t integer)
{
    openck_value value;
    memset(&value, 0, sizeof value);
    value.type = type;
    value.integer = integer;
    return value;
}

static int invoke(size_t object, const char *name, const openck_value *args, int count,
                  openck_value *result)
{
    return openck_invoke(object, openck_member("StringBuilder", name), args, count, result);
}

static void texts_with_zeros(size_t sb)
{
    openck_value result, args[2];
    args[0] = text("a\0b", 3);
    ok(invoke(sb, "Append", args, 1, &result), "Append is called");
    ok(result.type == OPENCK_BOOL && result.integer == 1, "and succeeds");
    ok(invoke(sb, "GetAsString", NULL, 0, &result), "GetAsString is called");
    ok(result.type == OPENCK_TEXT && result.size == 3 && memcmp(result.data, "a\0b", 3) == 0,
       "U+0000 survives");
    args[0] = text("hex", 3);
    args[1] = text("utf-8", 5);
    ok(invoke(sb, "GetEncoded", args, 2, &result) && result.size == 6 &&
           memcmp(result.data, "610062", 6) == 0,
       "also within");
    args[0] = text("no such encoding", 16);
    ok(invoke(sb, "GetEncoded", args, 2, &result), "a method that fails is called");
    is_int(result.type, OPENCK_NONE, "and gives nothing");
}

static void properties(size_t sb)
{
    openck_value result, value = number(OPENCK_INT, 77);
    ok(invoke(sb, "put:IntValue", &value, 1, &result), "a property is set");
    ok(invoke(sb, "get:IntValue", NULL, 0, &result), "and read");
    ok(result.type == OPENCK_INT && result.integer == 77, "with its value");
}

static void objects(size_t sb)
{
    size_t other = openck_create("StringBuilder");
    openck_value result, value = number(OPENCK_OBJECT, (int64_t)other);
    ok(invoke(sb, "AppendSb", &value, 1, &result) && result.integer == 1, "an object argument");
    is_int(openck_dispose(other), 1, "disposing");
    is_int(openck_dispose(other), 0, "and once more");
    ok(invoke(sb, "AppendSb", &value, 1, &result), "a disposed argument");
    ok(result.type == OPENCK_BOOL && result.integer == 0, "is a failed call");
    invoke(other, "Clear", NULL, 0, &result);
    ok(!(result.type == OPENCK_BOOL && result.integer == 1), "a disposed object does nothing");
}

static void wrong_calls(size_t sb)
{
    openck_value result, value = number(OPENCK_INT, 1);
    openck_value invalid = text("\xff", 1);
    ok(!invoke(sb, "Append", NULL, 0, &result), "an argument is missing");
    ok(result.type == OPENCK_TEXT && result.size > 0, "the result says so");
    ok(!invoke(sb, "Append", &value, 1, &result), "a number for a text");
    ok(!invoke(sb, "Append", &invalid, 1, &result), "a text that is not UTF-8");
    ok(!openck_invoke(sb, 0, NULL, 0, &result), "no member");
    ok(!openck_invoke(sb, -1, NULL, 0, &result), "a negative member");
    is_int(openck_member("StringBuilder", "NoSuch"), 0, "an unknown member");
    is_int(openck_member("NoSuch", "Append"), 0, "an unknown class");
    is_int(openck_member(NULL, NULL), 0, "NULL names");
    ok(openck_create("NoSuch") == 0 && openck_create(NULL) == 0, "no object of such a class");
    is_int(openck_dispose(0), 0, "disposing nothing");
}

int main(void)
{
    size_t sb = openck_create("StringBuilder");
    tap_begin();
    ok(sb != 0, "an object");
    texts_with_zeros(sb);
    properties(sb);
    objects(sb);
    wrong_calls(sb);
    openck_interrupt(NULL);
    ok(openck_version()[0] != '\0', "a version");
    is_int(openck_dispose(sb), 1, "the end");
    return tap_end();
}
