/* binary: sends bytes to an echo server and compares what comes back.
 *
 * Build: c++ -Iinclude examples/cpp/binary.cpp -Ltarget/release -lopenck -o binary
 * Run:   LD_LIBRARY_PATH=target/release ./binary HOST PORT TLS(0|1) [CA.pem] [PATH]
 */
#include "CkBinData.h"
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
    const unsigned char bytes[] = {0x00, 0x01, 0x80, 0xfe, 0xff};
    CkBinData sent, received;
    if (!sent.AppendBinary2(bytes, sizeof bytes) || !sent.AppendEncoded("b3BlbmNr", "base64"))
        return "The bytes are not there.";
    if (!ws.SendFrameBd(sent, true))
        return ws.lastErrorText();
    do {
        if (!ws.ReadFrame() || !ws.GetFrameDataBd(received))
            return ws.lastErrorText();
        std::printf("frame: %s\n", ws.frameOpcode());
    } while (!ws.get_FinalFrame());
    std::printf("bytes: %s\n", received.getEncoded("hex"));
    if (!sent.ContentsEqual(received))
        return "Other bytes came back.";
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
    const char *problem = "usage: binary HOST PORT TLS(0|1) [CA.pem] [PATH]";
    if (argc >= 4 && (problem = open_session(rest, ws, argc, argv)) == nullptr)
        problem = talk(ws);
    if (problem != nullptr)
        std::fprintf(stderr, "%s\n", problem);
    return problem == nullptr ? 0 : 1;
}
