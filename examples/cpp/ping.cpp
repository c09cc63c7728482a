/* ping: asks an echo server for signs of life, between the frames of a message and by itself.
 *
 * Build: c++ -Iinclude examples/cpp/ping.cpp -Ltarget/release -lopenck -o ping
 * Run:   LD_LIBRARY_PATH=target/release ./ping HOST PORT TLS(0|1) [CA.pem] [PATH]
 */
#include "CkRest.h"
#include "CkWebSocket.h"
#include <cstdio>
#include <cstdlib>

// Each step returns nullptr, or the text that tells why it failed.
static const char *open_session(CkRest &rest, CkWebSocket &ws, int argc, char **argv)
{
    const char *path = argc > 5 ? argv[5] : "/";
    if (argc > 4 && argv[4][0] != '\0' && !rest.AddTrustedCaPem(argv[4]))
        return rest.lastErrorText();
    if (!rest.Connect(argv[1], std::atoi(argv[2]), std::atoi(argv[3]) != 0, false))
        return rest.lastErrorText();
    if (!ws.UseConnection(rest) || !ws.AddClientHeaders())
        return ws.lastErrorText();
    const char *body = rest.fullRequestNoBody("GET", path);
    if (body == nullptr)
        return rest.lastErrorText();
    if (rest.get_ResponseStatusCode() != 101) {
        std::printf("status %d\n%s\n", rest.get_ResponseStatusCode(), body);
        return "The server does not speak WebSocket on this path.";
    }
    return ws.ValidateServerHandshake() ? nullptr : ws.lastErrorText();
}

static const char *talk(CkWebSocket &ws)
{
    // ReadFrame passes over the Pong that answers this Ping.
    if (!ws.SendFrame("before the ping, ", false) || !ws.SendPing("are you there?") ||
        !ws.SendFrame("after the ping", true) || !ws.ReadFrame())
        return ws.lastErrorText();
    std::printf("pong passed over: %d\n", ws.get_PongConsumed());
    std::printf("message: %s\n", ws.getFrameData());

    // Now ReadFrame shows it.
    ws.put_PongAutoConsume(false);
    if (!ws.SendPing("still there?") || !ws.ReadFrame())
        return ws.lastErrorText();
    std::printf("frame: %s\n", ws.frameOpcode());
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
    const char *problem = "usage: ping HOST PORT TLS(0|1) [CA.pem] [PATH]";
    if (argc >= 4 && (problem = open_session(rest, ws, argc, argv)) == nullptr)
        problem = talk(ws);
    if (problem != nullptr)
        std::fprintf(stderr, "%s\n", problem);
    return problem == nullptr ? 0 : 1;
}
