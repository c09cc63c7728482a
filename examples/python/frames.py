"""Sends a message in three frames to an echo server and reads the answer."""

import argparse
import sys
from pathlib import Path

try:
    import openck
except ModuleNotFoundError:  # not installed: take it from the tree
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bindings" / "python"))
    import openck


def check(done, who):
    if not done:
        sys.exit(who.LastErrorText)


options = argparse.ArgumentParser(description=__doc__)
options.add_argument("host")
options.add_argument("port", type=int)
options.add_argument("tls", type=int, choices=(0, 1))
options.add_argument("ca", nargs="?", help="a file with certificates to trust")
options.add_argument("path", nargs="?", default="/")
o = options.parse_args()

rest, ws = openck.Rest(), openck.WebSocket()
if o.ca:
    check(rest.AddTrustedCaPem(o.ca), rest)
check(rest.Connect(o.host, o.port, o.tls == 1, False), rest)
check(ws.UseConnection(rest), ws)
check(ws.AddClientHeaders(), ws)
check(rest.FullRequestNoBody("GET", o.path) is not None, rest)
check(ws.ValidateServerHandshake(), ws)

for text, final in (("one, ", False), ("two, ", False), ("three \N{GRINNING FACE}", True)):
    check(ws.SendFrame(text, final), ws)
final = False
while not final and not ws.CloseReceived:
    check(ws.ReadFrame(), ws)
    final = ws.FinalFrame
    print(f"{ws.FrameOpcode}, final: {final}")
print(f"Received: {ws.GetFrameData()}")

check(ws.SendClose(True, 1000, "done"), ws)
check(ws.ReadFrame(), ws)
print(f"{ws.FrameOpcode}: {ws.CloseStatusCode} {ws.CloseReason}")
