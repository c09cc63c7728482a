"""What the peers written in Python have in common: how they are started, and what they do.

A peer is a program that prints a line of JSON with its port, serves until its standard input is
closed, and prints a line for each session that ended: its `id` and the `code` and `reason` of the
client's Close frame. What a session does is told by the path:

/echo    sends every message back
/digest  answers every message with "text" or "binary", its number of bytes, and its SHA-256
/cut     keeps the first message; each text after it is a script that tells how to send it:
         `frame:N` the next N bytes as a frame, `last:N` the same as the message's last frame,
         `plain:N` the same uncompressed, `ping:TEXT` a Ping
/close   sends a Close with `code` and `reason`, an empty one without `code`

The text "report" to /digest and /cut is answered with the Pings and Pongs that came and, if the
peer knows it, the number of bytes received.
"""

import argparse
import asyncio
import hashlib
import json
import os
import ssl
import sys
from urllib.parse import parse_qs, urlsplit


def options():
    """`--deflate` is what the package wants to be told about compression, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--deflate", type=json.loads, default={})
    chosen = parser.parse_args()
    chosen.tls = None
    if chosen.cert:
        chosen.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chosen.tls.load_cert_chain(chosen.cert, chosen.key)
    return chosen


def tell(**facts):
    print(json.dumps(facts), flush=True)


async def end_with_parent():
    await asyncio.to_thread(sys.stdin.buffer.read)
    os._exit(0)  # sessions that are still open must not hold it up


def split(target):
    """The path, and the values of the query."""
    parts = urlsplit(target)
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


class Conversation:
    """A session; the subclasses know the package.

    They define `messages()`, `send(message)`, `send_frame(text, piece, first, last)`,
    `send_ping(data)`, and `close(code, reason)`, whose code may be None.
    """

    def __init__(self):
        self.pings, self.pongs, self.received = [], [], None

    async def run(self, path, query):
        if path == "/close":
            code = query.get("code")
            await self.close(code and int(code), query.get("reason", ""))
        else:
            await {"/echo": self._echo, "/digest": self._digest, "/cut": self._cut}[path]()

    async def _echo(self):
        async for message in self.messages():
            await self.send(message)

    async def _digest(self):
        async for message in self.messages():
            await self.send(self._report() if message == "report" else digest(message))

    async def _cut(self):
        kept = None
        async for message in self.messages():
            if kept is None:
                kept = message
            elif message == "report":
                await self.send(self._report())
            else:
                await self._play(message.split(), kept)

    async def _play(self, script, message):
        text = isinstance(message, str)
        data = message.encode() if text else message
        at, first = 0, True
        for step in script:
            kind, _, value = step.partition(":")
            if kind == "ping":
                await self.send_ping(value.encode())
                continue
            end, last = at + int(value), kind == "last"
            await self.send_frame(text, data[at:end], first, last)
            at, first = end, last

    def _report(self):
        pings, pongs = (b",".join(datas).decode() for datas in (self.pings, self.pongs))
        return f"pings={pings} pongs={pongs} received={self.received or ''}"


def digest(message):
    kind, data = "binary", message
    if isinstance(message, str):
        kind, data = "text", message.encode()
    return f"{kind} {len(data)} {hashlib.sha256(data).hexdigest()}"
