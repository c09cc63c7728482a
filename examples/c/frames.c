/* frames: sends one text message in three frames to an echo server and shows the frames that
 * come back.
 *
 * Build: cc -std=c99 -Iinclude examples/c/frames.c -Ltarget/release -lopenck -o frames
 * Run:   LD_LIBRARY_PATH=target/release ./frames HOST PORT TLS(0|1) [CA.pem] [PATH]
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
    if (!CkWebSocket_SendFrame(ws, "a message ", FALSE) ||
        !CkWebSocket_SendFrame(ws, "in three ", FALSE) ||
        !CkWebSocket_SendFrame(ws, "frames", TRUE))
        return CkWebSocket_lastErrorText(ws);
    do {
        if (!CkWebSocket_ReadFrame(ws))
            return CkWebSocket_lastErrorText(ws);
        printf("frame: %s, ", CkWebSocket_frameOpcode(ws));
        printf("final: %d\n", CkWebSocket_getFinalFrame(ws));
    } while (!CkWebSocket_getFinalFrame(ws) && !CkWebSocket_getCloseReceived(ws));
    printf("message: %s\n", CkWebSocket_getFrameData(ws));
    if (!CkWebSocket_SendClose(ws, TRUE, 1000, "done"))
        return CkWebSocket_lastErrorText(ws);
    while (!CkWebSocket_getCloseReceived(ws))
        if (!CkWebSocket_ReadFrame(ws))
            return CkWebSocket_lastErrorText(ws);
    printf("%s: %d\n", CkWebSocket_frameOpcode(ws), CkWebSocket_getCloseStatusCode(ws));
    return NULL;
}

int main(int argc, char **argv)
{
    HCkRest rest = CkRest_Create();
    HCkWebSocket ws = CkWebSocket_Create();
    const char *problem = "usage: frames HOST PORT TLS(0|1) [CA.pem] [PATH]";
    if (argc >= 4 && (problem = open_session(rest, ws, argc, argv)) == NULL)
        problem = talk(ws);
    if (problem != NULL)
        fprintf(stderr, "%s\n", problem);
    CkWebSocket_Dispose(ws);
    CkRest_Dispose(rest);
    return problem == NULL ? 0 : 1;
}
