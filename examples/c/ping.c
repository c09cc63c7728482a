/* ping: asks an echo server for signs of life, between the frames of a message and by itself.
 *
 * Build: cc -std=c99 -Iinclude examples/c/ping.c -Ltarget/release -lopenck -o ping
 * Run:   LD_LIBRARY_PATH=target/release ./ping HOST PORT TLS(0|1) [CA.pem] [PATH]
 */
#include "openck.h"
#include <stdio.h>
#include <stdlib.h>

/* Each step returns NULL, or the text that tells why it failed. */
static const char *open_session(HCkRest rest, HCkWebSocket ws, int argc, char **argv)
{
    const char *ca = argc > 4 ? argv[4] : "";
    const char *path = argc > 5 ? argv[5] : "/";
    const char *body;
    if (ca[0] != '\0' && !CkRest_AddTrustedCaPem(rest, ca))
        return CkRest_lastErrorText(rest);
    if (!CkRest_Connect(rest, argv[1], atoi(argv[2]), atoi(argv[3]), FALSE))
        return CkRest_lastErrorText(rest);
    if (!CkWebSocket_UseConnection(ws, rest) || !CkWebSocket_AddClientHeaders(ws))
        return CkWebSocket_lastErrorText(ws);
    body = CkRest_fullRequestNoBody(rest, "GET", path);
    if (body == NULL)
        return CkRest_lastErrorText(rest);
    if (CkRest_getResponseStatusCode(rest) != 101) {
        printf("status %d\n%s\n", CkRest_getResponseStatusCode(rest), body);
        return "The server does not speak WebSocket on this path.";
    }
    return CkWebSocket_ValidateServerHandshake(ws) ? NULL : CkWebSocket_lastErrorText(ws);
}

static const char *talk(HCkWebSocket ws)
{
    /* ReadFrame passes over the Pong that answers this Ping. */
    if (!CkWebSocket_SendFrame(ws, "before the ping, ", FALSE) ||
        !CkWebSocket_SendPing(ws, "are you there?") ||
        !CkWebSocket_SendFrame(ws, "after the ping", TRUE) || !CkWebSocket_ReadFrame(ws))
        return CkWebSocket_lastErrorText(ws);
    printf("pong passed over: %d\n", CkWebSocket_getPongConsumed(ws));
    printf("message: %s\n", CkWebSocket_getFrameData(ws));

    /* Now ReadFrame shows it. */
    CkWebSocket_putPongAutoConsume(ws, FALSE);
    if (!CkWebSocket_SendPing(ws, "still there?") || !CkWebSocket_ReadFrame(ws))
        return CkWebSocket_lastErrorText(ws);
    printf("frame: %s\n", CkWebSocket_frameOpcode(ws));
    if (!CkWebSocket_SendClose(ws, TRUE, 1000, "done") || !CkWebSocket_ReadFrame(ws))
        return CkWebSocket_lastErrorText(ws);
    printf("%s: %d\n", CkWebSocket_frameOpcode(ws), CkWebSocket_getCloseStatusCode(ws));
    return NULL;
}

int main(int argc, char **argv)
{
    HCkRest rest = CkRest_Create();
    HCkWebSocket ws = CkWebSocket_Create();
    const char *problem = "usage: ping HOST PORT TLS(0|1) [CA.pem] [PATH]";
    if (argc >= 4 && (problem = open_session(rest, ws, argc, argv)) == NULL)
        problem = talk(ws);
    if (problem != NULL)
        fprintf(stderr, "%s\n", problem);
    CkWebSocket_Dispose(ws);
    CkRest_Dispose(rest);
    return problem == NULL ? 0 : 1;
}
