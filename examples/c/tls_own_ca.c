/* tls_own_ca: a server whose certificate comes from a private CA. Without that CA's certificate
 * the connection is refused; with it, it is made and checked.
 *
 * Build: cc -std=c99 -Iinclude examples/c/tls_own_ca.c -Ltarget/release -lopenck -o tls_own_ca
 * Run:   LD_LIBRARY_PATH=target/release ./tls_own_ca HOST PORT CA.pem [PATH]
 */
#include "openck.h"
#include <stdio.h>
#include <stdlib.h>

/* Each step returns NULL, or the text that tells why it failed. */
static const char *connect_twice(HCkRest rest, const char *host, int port, const char *ca)
{
    if (CkRest_Connect(rest, host, port, TRUE, FALSE))
        return "The system trusts this server; its CA is not a private one.";
    printf("without the CA: refused, reason %d\n", CkRest_getConnectFailReason(rest));
    if (!CkRest_AddTrustedCaPem(rest, ca) || !CkRest_Connect(rest, host, port, TRUE, FALSE))
        return CkRest_lastErrorText(rest);
    printf("with the CA: %s, %s\n", CkRest_tlsVersion(rest), CkRest_tlsCipherSuite(rest));
    return NULL;
}

static const char *talk(HCkRest rest, HCkWebSocket ws, const char *path)
{
    if (!CkWebSocket_UseConnection(ws, rest) || !CkWebSocket_AddClientHeaders(ws))
        return CkWebSocket_lastErrorText(ws);
    if (CkRest_fullRequestNoBody(rest, "GET", path) == NULL)
        return CkRest_lastErrorText(rest);
    if (!CkWebSocket_ValidateServerHandshake(ws) ||
        !CkWebSocket_SendFrame(ws, "nobody else can read this", TRUE) || !CkWebSocket_ReadFrame(ws))
        return CkWebSocket_lastErrorText(ws);
    printf("message: %s\n", CkWebSocket_getFrameData(ws));
    if (!CkWebSocket_SendClose(ws, TRUE, 1000, "done") || !CkWebSocket_ReadFrame(ws))
        return CkWebSocket_lastErrorText(ws);
    printf("%s: %d\n", CkWebSocket_frameOpcode(ws), CkWebSocket_getCloseStatusCode(ws));
    return NULL;
}

int main(int argc, char **argv)
{
    HCkRest rest = CkRest_Create();
    HCkWebSocket ws = CkWebSocket_Create();
    const char *problem = "usage: tls_own_ca HOST PORT CA.pem [PATH]";
    if (argc >= 4 && (problem = connect_twice(rest, argv[1], atoi(argv[2]), argv[3])) == NULL)
        problem = talk(rest, ws, argc > 4 ? argv[4] : "/");
    if (problem != NULL)
        fprintf(stderr, "%s\n", problem);
    CkWebSocket_Dispose(ws);
    CkRest_Dispose(rest);
    return problem == NULL ? 0 : 1;
}
