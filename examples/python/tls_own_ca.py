"""Connects over TLS to a server whose certificate comes from a private CA."""

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
options.add_argument("ca", help="a file with certificates to trust")
options.add_argument("path", nargs="?", default="/")
o = options.parse_args()

# Without the CA the certificate cannot be verified, and nothing is sent.
rest, ws = openck.Rest(), openck.WebSocket()
if not rest.Connect(o.host, o.port, True, False):
    print(f"without the CA: ConnectFailReason {rest.ConnectFailReason}")

check(rest.AddTrustedCaPem(o.ca), rest)
check(rest.Connect(o.host, o.port, True, False), rest)
print(f"with the CA: {rest.TlsVersion}, {rest.TlsCipherSuite}")
check(ws.UseConnection(rest), ws)
check(ws.AddClientHeaders(), ws)
check(rest.FullRequestNoBody("GET", o.path) is not None, rest)
check(ws.ValidateServerHandshake(), ws)
check(ws.SendFrame("hello over TLS", True), ws)
check(ws.ReadFrame(), ws)
print(f"{ws.FrameOpcode}: {ws.GetFrameData()}")

check(ws.SendClose(True, 1000, "done"), ws)
check(ws.ReadFrame(), ws)
print(f"{ws.FrameOpcode}: {ws.CloseStatusCode} {ws.CloseReason}")
