"""The independent peers as processes, and sessions with them."""

import itertools
import json
import os
import queue
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from support import WATCHDOG, opened

import openck

HERE = Path(__file__).parent


class Kind(NamedTuple):
    """What a peer is, and what its package offers."""

    command: list
    # It has permessage-deflate.
    deflate: bool = True
    # It can send a message in several frames.
    fragments: bool = True
    # It answers a Close with the same code, else always with 1000.
    echoes_code: bool = True
    # It knows how many bytes it received.
    counts_bytes: bool = True


KINDS = {
    "tungstenite": Kind(
        [Path(os.environ["OPENCK_TEST_SERVER"]).with_name("tungstenite_peer")],
        deflate=False, counts_bytes=False,
    ),
    "websockets": Kind([sys.executable, HERE / "websockets_server.py"]),
    # Its writer sets FIN in every frame, and there is no layer below.
    "aiohttp": Kind(
        [sys.executable, HERE / "aiohttp_server.py"],
        fragments=False, echoes_code=False, counts_bytes=False,
    ),
    "ws": Kind(["node", HERE / "ws_server.js"]),
}

# Every message is compressed, also short ones.
ALL = {"PermessageDeflate": True, "DeflateMinSize": 0}


class Server:
    """A peer's process. What it prints is kept, to be shown if it ends too early."""

    def __init__(self, name, *options):
        self.kind, self._output, self._facts = KINDS[name], [], queue.Queue()
        pipe, merged = subprocess.PIPE, subprocess.STDOUT
        command = [*self.kind.command, *options]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=merged)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.port = self._fact("port")["port"]
        self._ended = {}

    def closed(self, number):
        """What the peer saw of the end of this session: code and reason."""
        while number not in self._ended:
            fact = self._fact("id")
            self._ended[fact["id"]] = (fact["code"], fact["reason"])
        return self._ended.pop(number)

    def check(self):
        """Fails if the process ended."""
        assert self._process.poll() is None, self._all_output()

    def end(self):
        self._process.stdin.close()
        try:
            code = self._process.wait(WATCHDOG)
        finally:
            self._process.kill()  # if it does not end by itself
        self._reader.join(WATCHDOG)
        self._process.stdout.close()
        assert code == 0, self._all_output()

    def _read(self):
        for line in self._process.stdout:
            self._output.append(line.decode(errors="replace"))
            if line.startswith(b"{"):
                self._facts.put(json.loads(line))
        self._facts.put(None)

    def _fact(self, key):
        try:
            fact = self._facts.get(timeout=WATCHDOG)
        except queue.Empty:
            fact = None
        assert fact is not None and key in fact, self._all_output()
        return fact

    def _all_output(self):
        return f"the peer printed:\n{''.join(self._output)}"


class Peer(NamedTuple):
    """A server, to be used with compression or without."""

    name: str
    server: Server
    deflate: bool = False
    ca: str | None = None

    def open(self, path, query=None, **properties):
        offer = ALL if self.deflate else {}
        return Session(self, path, query or {}, {**offer, **properties})


class Session:
    """A WebSocket that is connected to a peer."""

    _numbers = itertools.count(1)

    def __init__(self, peer, path, query, properties):
        self._server, self._number = peer.server, next(self._numbers)
        target = f"{path}?{urlencode({'id': self._number, **query})}"
        self.ws = opened(peer.server.port, target, peer.ca, **properties)
        assert (self.ws.NegotiatedExtensions != "") is peer.deflate

    def send(self, *pieces, pings=()):
        """A message, one frame for each piece; `pings` maps places to what is sent before."""
        for place, piece in enumerate(pieces):
            for text in pings[place] if pings else ():
                assert self.ws.SendPing(text), self.ws.LastErrorText
            final = place == len(pieces) - 1
            if isinstance(piece, str):
                assert self.ws.SendFrame(piece, final), self.ws.LastErrorText
            else:
                data = openck.BinData()
                assert data.AppendBinary(piece)
                assert self.ws.SendFrameBd(data, final), self.ws.LastErrorText

    def receive(self):
        """The next message, and the number of bytes that each of its frames had."""
        ws, opcodes, sizes = self.ws, [], []
        while not opcodes or not ws.FinalFrame:
            assert ws.ReadFrame(), (ws.ReadFrameFailReason, ws.LastErrorText)
            assert not ws.CloseReceived, (ws.CloseStatusCode, ws.CloseReason)
            opcodes.append(ws.FrameOpcode)
            sizes.append(ws.FrameDataLen - sum(sizes))
        assert opcodes[1:] == ["Continuation"] * (len(opcodes) - 1), opcodes
        if opcodes[0] == "Text":
            return ws.GetFrameData(), sizes
        assert opcodes[0] == "Binary", opcodes
        data = openck.BinData()
        assert ws.GetFrameDataBd(data), ws.LastErrorText
        return data.GetBinary(), sizes

    def echoed(self, *pieces):
        """Sends a message and takes what comes back."""
        self.send(*pieces)
        return self.receive()[0]

    def report(self):
        """The Pings and Pongs that the peer got, and the number of bytes."""
        values = dict(word.split("=") for word in self.echoed("report").split(" "))
        return {
            "pings": list(filter(None, values["pings"].split(","))),
            "pongs": list(filter(None, values["pongs"].split(","))),
            "received": int(values["received"] or 0),
        }

    def cost(self, message):
        """How many bytes reach the peer for this message on /digest."""
        before = self.report()["received"]
        asking = self.report()["received"] - before
        self.echoed(message)
        return self.report()["received"] - before - 2 * asking

    def close(self, code=1000, reason=""):
        """Ends the session from this side; what came back."""
        ws = self.ws
        assert ws.SendClose(code is not None, code or 0, reason), ws.LastErrorText
        return self.read_close()

    def read_close(self):
        ws = self.ws
        assert ws.ReadFrame() and ws.FrameOpcode == "Close", ws.LastErrorText
        return ws.CloseStatusCode, ws.CloseReason

    def seen_by_peer(self):
        """Code and reason of the Close that the peer got from this side."""
        return self._server.closed(self._number)


def text_of(size):
    """Text of so many bytes, with characters of 1 to 4 bytes."""
    return "aé€\N{CRAB}" * (size // 10) + "x" * (size % 10)


def bytes_of(size):
    """Bytes, some of which can be compressed."""
    block = random.Random(size).randbytes(min(size, 30_000)) + bytes(5_000)
    return (block * (size // len(block) + 1))[:size]


def pieces_of(message, chance):
    """Cuts a message at random places into 1 to 20 pieces, some of them empty."""
    cuts = sorted(chance.choices(range(len(message) + 1), k=chance.randrange(20)))
    return [message[a:b] for a, b in zip([0, *cuts], [*cuts, len(message)])]
