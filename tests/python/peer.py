"""The independent server: echo, fragments, pings and closes by the package `websockets`."""

import asyncio
import queue
import threading

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

PATIENCE = 60


class Peer:
    """A server in a thread of its own. Its connections can be used from the tests' thread.

    The options are those of `websockets.asyncio.server.serve`.
    """

    def __init__(self, **options):
        self._options = {"max_size": 2**24, **options}
        # Connections of /hold whose client has answered a Ping: it is within ReadFrame.
        self.held = queue.Queue()
        # What the Close frames of the clients carried, as (code, reason).
        self.closes = queue.Queue()
        self._paths = {
            "/fragments": fragments, "/close": close, "/hold": self._hold, "/zeros": zeros
        }
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        ports = queue.Queue()
        served = self._serve(ports)
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(served,))
        self._thread.start()
        self.port = ports.get(timeout=PATIENCE)

    def send(self, connection, message):
        sending = asyncio.run_coroutine_threadsafe(connection.send(message), self._loop)
        sending.result(PATIENCE)

    def end(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self._loop.close()

    async def _serve(self, ports):
        async with serve(self._handle, "127.0.0.1", 0, **self._options) as server:
            ports.put(server.sockets[0].getsockname()[1])
            await self._stop.wait()

    async def _handle(self, connection):
        path, _, value = connection.request.path.partition("?")
        try:
            await self._paths.get(path, echo)(connection, value)
            await connection.wait_closed()
        except ConnectionClosed:
            pass
        self.closes.put((connection.close_code, connection.close_reason))

    async def _hold(self, connection, _value):
        await (await connection.ping("held"))
        self.held.put(connection)
        await echo(connection, None)


async def echo(connection, _value):
    async for message in connection:
        await connection.send(message)


async def fragments(connection, value):
    """A message in as many frames as `value` has words."""
    await connection.send([word + " " for word in value.split("+")])


async def zeros(connection, value):
    """Three messages of as many zeros as `value` says."""
    for _ in range(3):
        await connection.send(bytes(int(value)))


async def close(connection, value):
    await connection.close(int(value), "the peer's reason")
