/* Sessions over ws and wss: texts, frames, binary data, pings, closing. */
#include "session.h"

static const char *scheme;

/* The name of a test with the scheme in front. */
static const char *on(const char *what)
{
    static char name[128];
    snprintf(name, sizeof name, "%s: %s", scheme, what);
    return name;
}

static void text_comes_back(session *s)
{
    const char *text = "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80";
    ok(CkWebSocket_SendFrame(s->ws, text, TRUE), on("a text is sent"));
    ok(CkWebSocket_ReadFrame(s->ws), on("its echo is read"));
    is_int(CkWebSocket_getFrameOpcodeInt(s->ws), 1, on("it is a text frame"));
    is_int(CkWebSocket_getFinalFrame(s->ws), 1, on("it is final"));
    is_int(CkWebSocket_getFrameDataLen(s->ws), (long)strlen(text), on("it has its bytes"));
    is_text(CkWebSocket_getFrameData(s->ws), text, on("it is the same text"));
    is_int(CkWebSocket_getFrameDataLen(s->ws), 0, on("taking it empties the buffer"));
    is_text(CkWebSocket_getFrameData(s->ws), "", on("a second taking is empty"));
}

static void several_texts_in_one_call(session *s)
{
    char line[64];
    ok(CkWebSocket_SendFrame(s->ws, "ring", TRUE) && CkWebSocket_ReadFrame(s->ws), on("ring"));
    snprintf(line, sizeof line, "%s|%s|%s|%s|%s", CkWebSocket_frameOpcode(s->ws),
             CkWebSocket_closeReason(s->ws), CkRest_responseHdrByName(s->rest, "Upgrade"),
             CkWebSocket_uncommonOptions(s->ws), CkWebSocket_frameOpcode(s->ws));
    is_text(line, "Text||websocket||Text", on("several texts live at once"));
    is_text(CkWebSocket_getFrameData(s->ws), "ring", on("the data is still there"));
}

static void the_last_ten_texts_live(session *s)
{
    const char *texts[10];
    int i, good = 1;
    for (i = 0; i < 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "text %d", i);
        CkWebSocket_SendFrame(s->ws, text, TRUE);
        CkWebSocket_ReadFrame(s->ws);
        texts[i] = CkWebSocket_getFrameData(s->ws);
    }
    for (i = 0; i < 10; i++)
        good = good && texts[i] != NULL && texts[i][5] == '0' + i;
    ok(good, on("ten texts of one object live at once"));
}

static void out_strings(session *s)
{
    HCkString out = CkString_Create();
    CkString_setString(out, "old");
    ok(CkWebSocket_SendFrame(s->ws, "into", TRUE) && CkWebSocket_ReadFrame(s->ws), on("out"));
    CkWebSocket_getFrameOpcode(s->ws, out);
    is_text(CkString_getString(out), "Text", on("a getter fills a CkString"));
    ok(CkWebSocket_GetFrameData(s->ws, out), on("GetFrameData takes a CkString"));
    is_text(CkString_getString(out), "into", on("and replaces its content"));
    ok(CkRest_ResponseHdrByName(s->rest, "Upgrade", out), on("so does ResponseHdrByName"));
    is_text(CkString_getString(out), "websocket", on("with the header"));
    ok(!CkRest_ResponseHdrByName(s->rest, "No-Such", out), on("a missing header fails"));
    is_text(CkString_getString(out), "websocket", on("and leaves the CkString alone"));
    CkString_Dispose(out);
}

static void string_builder(session *s)
{
    HCkStringBuilder sb = CkStringBuilder_Create();
    CkStringBuilder_Append(sb, "built");
    ok(CkWebSocket_SendFrameSb(s->ws, sb, TRUE) && CkWebSocket_ReadFrame(s->ws), on("SendFrameSb"));
    ok(CkWebSocket_GetFrameDataSb(s->ws, sb), on("GetFrameDataSb"));
    is_text(CkStringBuilder_getAsString(sb), "builtbuilt", on("appends"));
    CkStringBuilder_Dispose(sb);
}

static void binary_comes_back(session *s)
{
    static unsigned char bytes[300000];
    HCkBinData sent = CkBinData_Create(), received = CkBinData_Create();
    size_t i;
    for (i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    CkBinData_AppendBinary2(sent, bytes, sizeof bytes);
    ok(CkWebSocket_SendFrameBd(s->ws, sent, TRUE), on("300000 bytes are sent"));
    ok(CkWebSocket_ReadFrame(s->ws), on("and read"));
    is_text(CkWebSocket_frameOpcode(s->ws), "Binary", on("in a binary frame"));
    is_int(CkWebSocket_getFrameDataLen(s->ws), 300000, on("all of them"));
    ok(CkWebSocket_GetFrameDataBd(s->ws, received), on("GetFrameDataBd"));
    ok(CkBinData_ContentsEqual(sent, received), on("they are the same"));
    CkBinData_Dispose(sent);
    CkBinData_Dispose(received);
}

static void frames_of_one_message(session *s)
{
    ok(CkWebSocket_SendFrame(s->ws, "one ", FALSE) && CkWebSocket_SendPing(s->ws, "between") &&
           CkWebSocket_SendFrame(s->ws, "two ", FALSE) && CkWebSocket_SendFrame(s->ws, "three", 7),
       on("three frames and a ping are sent"));
    ok(CkWebSocket_ReadFrame(s->ws), on("the echo is read"));
    ok(CkWebSocket_getPongConsumed(s->ws), on("the pong was passed over"));
    is_text(CkWebSocket_getFrameData(s->ws), "one two three", on("it is one message"));
}

static void closing(session *s)
{
    ok(session_close(s), on("the close handshake is done"));
    is_int(CkWebSocket_getCloseStatusCode(s->ws), 1000, on("the code comes back"));
    is_text(CkWebSocket_frameOpcode(s->ws), "Close", on("the last frame is Close"));
    ok(!CkWebSocket_SendFrame(s->ws, "late", TRUE), on("no more sending"));
    has_text(CkWebSocket_lastErrorText(s->ws), "SendFrame", on("the error names the call"));
    ok(!CkWebSocket_ReadFrame(s->ws), on("no more reading"));
    is_int(CkWebSocket_getReadFrameFailReason(s->ws), 3, on("for want of a connection"));
}

static void echo_session(void)
{
    session s;
    if (ok(session_open(&s, scheme, "/echo"), on("a session opens"))) {
        ok(CkWebSocket_getIsConnected(s.ws), on("it is connected"));
        text_comes_back(&s);
        several_texts_in_one_call(&s);
        out_strings(&s);
        the_last_ten_texts_live(&s);
        string_builder(&s);
        binary_comes_back(&s);
        frames_of_one_message(&s);
        closing(&s);
    }
    session_end(&s);
}

static void fragments_from_the_server(void)
{
    const char *opcodes[] = {"Text", "Continuation", "Continuation"};
    session s;
    int i;
    ok(session_open(&s, scheme, "/fragments"), on("a session with fragments"));
    for (i = 0; i < 3; i++) {
        ok(CkWebSocket_ReadFrame(s.ws), on("a fragment"));
        is_text(CkWebSocket_frameOpcode(s.ws), opcodes[i], on("has its opcode"));
        is_int(CkWebSocket_getFinalFrame(s.ws), i == 2, on("and the last one is final"));
    }
    is_text(CkWebSocket_getFrameData(s.ws), "one two three", on("the fragments add up"));
    session_end(&s);
}

static void frames_behind_the_handshake(void)
{
    session s;
    ok(session_open(&s, scheme, "/two-messages-with-101"), on("frames behind the 101"));
    CkRest_Dispose(s.rest);
    ok(CkWebSocket_PollDataAvailable(s.ws), on("data is there, though the Rest is gone"));
    ok(CkWebSocket_ReadFrame(s.ws), on("first"));
    is_text(CkWebSocket_getFrameData(s.ws), "first", on("is not lost"));
    ok(CkWebSocket_ReadFrame(s.ws), on("second"));
    is_text(CkWebSocket_getFrameData(s.ws), "second", on("neither"));
    CkWebSocket_Dispose(s.ws);
}

static void pings_by_hand(void)
{
    session s;
    ok(session_open(&s, scheme, "/ping-then-text"), on("a server that pings"));
    CkWebSocket_putPingAutoRespond(s.ws, FALSE);
    ok(CkWebSocket_ReadFrame(s.ws), on("the ping is shown"));
    is_text(CkWebSocket_frameOpcode(s.ws), "Ping", on("as a Ping"));
    ok(CkWebSocket_getNeedSendPong(s.ws), on("it wants an answer"));
    ok(CkWebSocket_SendPong(s.ws), on("it gets it"));
    ok(!CkWebSocket_getNeedSendPong(s.ws), on("and wants no more"));
    ok(CkWebSocket_ReadFrame(s.ws), on("the text"));
    is_text(CkWebSocket_getFrameData(s.ws), "after ping", on("comes after it"));
    ok(CkWebSocket_ReadFrame(s.ws), on("the server's report"));
    has_text(CkWebSocket_getFrameData(s.ws), "opcode=10 masked=1 payload=are you there",
             on("the pong had the ping's data"));
    session_end(&s);
}

static void closed_by_the_server(void)
{
    session s;
    HCkString out = CkString_Create();
    ok(session_open(&s, scheme, "/close?code=4000&reason=bye"), on("a server that closes"));
    ok(CkWebSocket_ReadFrame(s.ws), on("the Close is a frame"));
    is_int(CkWebSocket_getFrameOpcodeInt(s.ws), 8, on("of opcode 8"));
    is_int(CkWebSocket_getCloseStatusCode(s.ws), 4000, on("with its code"));
    CkWebSocket_getCloseReason(s.ws, out);
    is_text(CkString_getString(out), "bye", on("and its reason"));
    ok(!CkWebSocket_getIsConnected(s.ws), on("the answer ended the session"));
    CkString_Dispose(out);
    CkRest_Dispose(s.rest);

    s.rest = CkRest_Create();
    ok(CkRest_Connect(s.rest, "127.0.0.1", server_port("ws"), FALSE, FALSE) &&
           CkWebSocket_UseConnection(s.ws, s.rest) && CkWebSocket_AddClientHeaders(s.ws) &&
           CkRest_fullRequestNoBody(s.rest, "GET", "/echo") != NULL &&
           CkWebSocket_ValidateServerHandshake(s.ws),
       on("the object can be used again"));
    ok(!CkWebSocket_getCloseReceived(s.ws), on("and starts clean"));
    ok(session_close(&s), on("and closes again"));
    session_end(&s);
}

int main(void)
{
    const char *schemes[] = {"ws", "wss", "wss_tls12"};
    int i;
    tap_begin();
    server_start();
    for (i = 0; i < 3; i++) {
        scheme = schemes[i];
        echo_session();
        fragments_from_the_server();
        frames_behind_the_handshake();
        pings_by_hand();
        closed_by_the_server();
    }
    server_stop();
    return tap_end();
}
