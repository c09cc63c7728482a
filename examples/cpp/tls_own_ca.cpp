/* tls_own_ca: a server whose certificate comes from a private CA. Without that CA's certificate
 * the connection is refused; with it, it is made and checked.
 *
 * Build: c++ -Iinclude examples/cpp/tls_own_ca.cpp -Ltarget/release -lopenck -o tls_own_ca
 * Run:   LD_LIBRARY_PATH=target/release ./tls_own_ca HOST PORT CA.pem [PATH]
 */
#include "CkRest.h"
#include "CkWebSocket.h"
#include <cstdio>
#include <cstdlib>

// Each step returns nullptr, or the text that tells why it failed.
static const char *connect_twice(CkRest &rest, const char *host, int port, const char *ca)
{
    if (rest.Connect(host, port, true, false))
        return "The system trusts this server; its CA is not a private one.";
    std::printf("without the CA: refused, reason %d\n", rest.get_ConnectFailReason());
    if (!rest.AddTrustedCaPem(ca) || !rest.Connect(host, port, true, false))
        return rest.lastErrorText();
    std::printf("with the CA: %s, %s\n", rest.tlsVersion(), rest.tlsCipherSuite());
    return nullptr;
}

static const char *talk(CkRest &rest, CkWebSocket &ws, const char *path)
{
    if (!ws.UseConnection(rest) || !ws.AddClientHeaders())
        return ws.lastErrorText();
    if (rest.fullRequestNoBody("GET", path) == nullptr)
        return rest.lastErrorText();
    if (!ws.ValidateServerHandshake() || !ws.SendFrame("nobody else can read this", true) ||
        !ws.ReadFrame())
        return ws.lastErrorText();
    std::printf("message: %s\n", ws.getFrameData());
    if (!ws.SendClose(true, 1000, "done"))
        return ws.lastErrorText();
    while (!ws.get_CloseReceived())
        if (!ws.ReadFrame())
            return ws.lastErrorText();
    std::printf("%s: %d\n", ws.frameOpcode(), ws.get_CloseStatusCode());
    return nullptr;
}

int main(int argc, char **argv)
{
    CkRest rest;
    CkWebSocket ws;
    const char *problem = "usage: tls_own_ca HOST PORT CA.pem [PATH]";
    if (argc >= 4)
        problem = connect_twice(rest, argv[1], std::atoi(argv[2]), argv[3]);
    if (argc >= 4 && problem == nullptr)
        problem = talk(rest, ws, argc > 4 ? argv[4] : "/");
    if (problem != nullptr)
        std::fprintf(stderr, "%s\n", problem);
    return problem == nullptr ? 0 : 1;
}
