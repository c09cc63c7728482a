/* binary: sends bytes to an echo server and compares what comes back.
 *
 * Build: cc -std=c99 -Iinclude examples/c/binary.c -Ltarget/release -lopenck -o binary
 * Run:   LD_LIBRARY_PATH=target/release ./binary HOST PORT TLS(0|1) [CA.pem] [PATH]
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

static const char *talk(HCkWebSocket ws, HCkBinData sent, HCkBinData received)
{
    const unsigned char bytes[5] = {0x00, 0x01, 0x80, 0xfe, 0xff};
    if (!CkBinData_AppendBinary2(sent, bytes, sizeof bytes) ||
        !CkBinData_AppendEncoded(sent, "b3BlbmNr", "base64"))
        return "The bytes are not there.";
    if (!CkWebSocket_SendFrameBd(ws, sent, TRUE))
        return CkWebSocket_lastErrorText(ws);
    do {
        if (!CkWebSocket_ReadFrame(ws) || !CkWebSocket_GetFrameDataBd(ws, received))
            return CkWebSocket_lastErrorText(ws);
        printf("frame: %s\n", CkWebSocket_frameOpcode(ws));
    } while (!CkWebSocket_getFinalFrame(ws));
    printf("bytes: %s\n", CkBinData_getEncoded(received, "hex"));
    if (!CkBinData_ContentsEqual(sent, received))
        return "Other bytes came back.";
    if (!CkWebSocket_SendClose(ws, TRUE, 1000, "done") || !CkWebSocket_ReadFrame(ws))
        return CkWebSocket_lastErrorText(ws);
    printf("%s: %d\n", CkWebSocket_frameOpcode(ws), CkWebSocket_getCloseStatusCode(ws));
    return NULL;
}

int main(int argc, char **argv)
{
    HCkRest rest = CkRest_Create();
    HCkWebSocket ws = CkWebSocket_Create();
    HCkBinData sent = CkBinData_Create(), received = CkBinData_Create();
    const char *problem = "usage: binary HOST PORT TLS(0|1) [CA.pem] [PATH]";
    if (argc >= 4 && (problem = open_session(rest, ws, argc, argv)) == NULL)
        problem = talk(ws, sent, received);
    if (problem != NULL)
        fprintf(stderr, "%s\n", problem);
    CkBinData_Dispose(sent);
    CkBinData_Dispose(received);
    CkWebSocket_Dispose(ws);
    CkRest_Dispose(rest);
    return problem == NULL ? 0 : 1;
}
