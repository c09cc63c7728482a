/* What servers do wrong, and what the program hears of it. */
#include "session.h"

static void refused_upgrade(void)
{
    session s;
    const char *body;
    ok(session_connect(&s, "ws"), "a server that does not upgrade");
    body = CkRest_fullRequestNoBody(s.rest, "GET", "/status/404?body=no+such+page");
    ok(CkRest_getLastMethodSuccess(s.rest), "the request itself succeeds");
    is_int(CkRest_getResponseStatusCode(s.rest), 404, "the status");
    is_text(CkRest_responseStatusText(s.rest), "Not Found", "its text");
    has_text(body, "no", "the body");
    has_text(CkRest_responseHeader(s.rest), "Content-Type: text/plain", "the header");
    ok(!CkWebSocket_ValidateServerHandshake(s.ws), "ValidateServerHandshake fails");
    has_text(CkWebSocket_lastErrorText(s.ws), "404", "and names the status");
    ok(!CkWebSocket_getIsConnected(s.ws), "no session");
    session_end(&s);

    ok(session_connect(&s, "ws"), "a chunked refusal");
    is_text(CkRest_fullRequestNoBody(s.rest, "GET", "/chunked404"), "nothing there", "its body");
    session_end(&s);
}

static void wrong_handshakes(void)
{
    const char *paths[] = {"/wrong-accept", "/no-upgrade", "/no-connection", "/extension"};
    int i;
    for (i = 0; i < 4; i++) {
        session s;
        ok(session_connect(&s, "ws"), paths[i]);
        ok(CkRest_fullRequestNoBody(s.rest, "GET", paths[i]) != NULL, "is asked");
        ok(!CkWebSocket_ValidateServerHandshake(s.ws), "is refused");
        ok(!CkWebSocket_getIsConnected(s.ws), "no session");
        session_end(&s);
    }
}

static void no_http(void)
{
    session s;
    ok(session_connect(&s, "ws"), "a server that does not speak HTTP");
    ok(CkRest_fullRequestNoBody(s.rest, "GET", "/garbage") == NULL, "the request fails");
    has_text(CkRest_lastErrorText(s.rest), "SSH-2.0", "the error shows what came");
    session_end(&s);
}

static void silence(void)
{
    session s;
    long start;
    ok(session_connect(&s, "ws"), "a silent server");
    CkRest_putIdleTimeoutMs(s.rest, 100);
    start = clock_ms();
    ok(CkRest_fullRequestNoBody(s.rest, "GET", "/silence") == NULL, "the request fails");
    ok(clock_ms() - start >= 95, "after its timeout");
    has_text(CkRest_lastErrorText(s.rest), "100", "the error names the time");
    session_end(&s);
}

static void read_timeouts(void)
{
    session s;
    long start;
    ok(session_open(&s, "ws", "/partial"), "half a frame, then silence");
    CkWebSocket_putIdleTimeoutMs(s.ws, 100);
    start = clock_ms();
    ok(!CkWebSocket_ReadFrame(s.ws), "ReadFrame fails");
    ok(clock_ms() - start >= 95, "after its timeout");
    is_int(CkWebSocket_getReadFrameFailReason(s.ws), 1, "by a timeout");
    ok(CkWebSocket_getIsConnected(s.ws), "the connection lives");
    CkWebSocket_putIdleTimeoutMs(s.ws, 30000);
    ok(CkWebSocket_SendPing(s.ws, ""), "the server goes on");
    ok(CkWebSocket_ReadFrame(s.ws), "and so does ReadFrame");
    is_int(CkWebSocket_getReadFrameFailReason(s.ws), 0, "without a reason");
    is_text(CkWebSocket_getFrameData(s.ws), "early and late", "nothing was lost");
    session_end(&s);
}

static void bad_frames(void)
{
    const char *paths[] = {"/masked", "/rsv", "/bad-opcode", "/bad-utf8", "/big-length"};
    int i;
    for (i = 0; i < 5; i++) {
        session s;
        ok(session_open(&s, "wss", paths[i]), paths[i]);
        ok(!CkWebSocket_ReadFrame(s.ws), "ReadFrame fails");
        is_int(CkWebSocket_getReadFrameFailReason(s.ws), 4, "for a bad frame");
        ok(!CkWebSocket_getIsConnected(s.ws), "and ends the session");
        ok(CkWebSocket_lastErrorText(s.ws)[0] != '\0', "with an explanation");
        session_end(&s);
    }
}

static void lost_connections(void)
{
    const char *schemes[] = {"ws", "wss"};
    int i;
    for (i = 0; i < 2; i++) {
        session s;
        ok(session_open(&s, schemes[i], "/end"), "a server that just goes away");
        ok(!CkWebSocket_ReadFrame(s.ws), "ReadFrame fails");
        is_int(CkWebSocket_getReadFrameFailReason(s.ws), 3, "for want of a connection");
        ok(!CkWebSocket_getIsConnected(s.ws), "the session is over");
        session_end(&s);
    }
}

static void refused_connections(void)
{
    const char *schemes[] = {"wss_expired", "wss_selfsigned", "wss_wrongname", "wss_unknownca"};
    int i;
    HCkRest rest = CkRest_Create();
    ok(!CkRest_Connect(rest, "127.0.0.1", 1, FALSE, FALSE), "a closed port");
    is_int(CkRest_getConnectFailReason(rest), 7, "is reason 7");
    ok(!CkRest_Connect(rest, "", 80, FALSE, FALSE), "no host name");
    is_int(CkRest_getConnectFailReason(rest), 1, "is reason 1");
    ok(!CkRest_Connect(rest, "localhost", server_port("wss"), TRUE, FALSE), "an unknown CA");
    is_int(CkRest_getConnectFailReason(rest), 106, "is reason 106");
    CkRest_Dispose(rest);
    for (i = 0; i < 4; i++) {
        session s;
        ok(!session_connect(&s, schemes[i]), schemes[i]);
        is_int(CkRest_getConnectFailReason(s.rest), 106, "is reason 106");
        session_end(&s);
    }
}

static void out_of_order(void)
{
    HCkWebSocket ws = CkWebSocket_Create();
    HCkRest rest = CkRest_Create();
    ok(!CkWebSocket_AddClientHeaders(ws), "AddClientHeaders before UseConnection");
    ok(!CkWebSocket_UseConnection(ws, rest), "UseConnection before Connect");
    ok(!CkWebSocket_ValidateServerHandshake(ws), "ValidateServerHandshake before all");
    ok(!CkWebSocket_SendFrame(ws, "early", TRUE), "SendFrame before the handshake");
    ok(!CkWebSocket_ReadFrame(ws), "ReadFrame before the handshake");
    is_int(CkWebSocket_getReadFrameFailReason(ws), 3, "has reason 3");
    ok(CkRest_fullRequestNoBody(rest, "GET", "/") == NULL, "a request before Connect");
    ok(!CkRest_AddHeader(rest, "X", "a\r\nY: b"), "a header with a line break");
    CkRest_Dispose(rest);
    CkWebSocket_Dispose(ws);
}

int main(void)
{
    tap_begin();
    server_start();
    refused_upgrade();
    wrong_handshakes();
    no_http();
    silence();
    read_timeouts();
    bad_frames();
    lost_connections();
    refused_connections();
    out_of_order();
    server_stop();
    return tap_end();
}
