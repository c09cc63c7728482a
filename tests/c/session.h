/* A WebSocket session with a path of the test server, by the functions with `char` text. */
#ifndef SESSION_H
#define SESSION_H

#include "server.h"

#include "openck.h"

typedef struct {
    HCkRest rest;
    HCkWebSocket ws;
} session;

/* Connects; `scheme` is a key of the server's line, such as "ws" or "wss". */
static inline int session_connect(session *s, const char *scheme)
{
    char ca[512];
    BOOL tls = strncmp(scheme, "wss", 3) == 0;
    s->rest = CkRest_Create();
    s->ws = CkWebSocket_Create();
    return (!tls || CkRest_AddTrustedCaPem(s->rest, server_ca(ca, sizeof ca))) &&
           CkRest_Connect(s->rest, "localhost", server_port(scheme), tls, FALSE) &&
           CkWebSocket_UseConnection(s->ws, s->rest) && CkWebSocket_AddClientHeaders(s->ws);
}

/* Connects and does the handshake. */
static inline int session_open(session *s, const char *scheme, const char *path)
{
    int good = session_connect(s, scheme) &&
               CkRest_fullRequestNoBody(s->rest, "GET", path) != NULL &&
               CkWebSocket_ValidateServerHandshake(s->ws);
    if (!good)
        printf("# %s\n# %s\n", CkRest_lastErrorText(s->rest), CkWebSocket_lastErrorText(s->ws));
    return good;
}

static inline void session_end(session *s)
{
    CkWebSocket_Dispose(s->ws);
    CkRest_Dispose(s->rest);
}

/* Says goodbye and waits for the answer. */
static inline int session_close(session *s)
{
    int good = CkWebSocket_SendClose(s->ws, TRUE, 1000, "done");
    while (good && !CkWebSocket_getCloseReceived(s->ws))
        good = CkWebSocket_ReadFrame(s->ws);
    return good && !CkWebSocket_getIsConnected(s->ws);
}

#endif
