"""The package `websockets` as a server; see conversation.py for what it does."""

import asyncio

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Opcode

from conversation import Conversation, end_with_parent, options, split, tell


class Connection(ServerConnection):
    """Keeps what the package passes over."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.conversation = Session(self)

    def data_received(self, data):
        self.conversation.received += len(data)
        super().data_received(data)

    def process_event(self, event):
        opcode = getattr(event, "opcode", None)  # the first event is the request
        if opcode is Opcode.PING:
            self.conversation.pings.append(bytes(event.data))
        elif opcode is Opcode.PONG:
            self.conversation.pongs.append(bytes(event.data))
        super().process_event(event)


class Session(Conversation):
    def __init__(self, connection):
        super().__init__()
        self.received = 0
        self._connection = connection
        self.messages = connection.__aiter__
        self.send = connection.send

    async def send_ping(self, data):
        async with self._connection.send_context():
            self._connection.protocol.send_ping(data)

    async def send_frame(self, text, piece, first, last):
        # connection.send() puts an empty frame behind the last piece.
        protocol = self._connection.protocol
        begin = protocol.send_text if text else protocol.send_binary
        async with self._connection.send_context():
            (begin if first else protocol.send_continuation)(piece, fin=last)

    async def close(self, code, reason):
        if code is not None:
            await self._connection.close(code, reason)
            return
        # connection.close() always has a code.
        async with self._connection.send_context():
            self._connection.protocol.send_close()


async def serve_session(connection):
    path, query = split(connection.request.path)
    try:
        await connection.conversation.run(path, query)
    except ConnectionClosed:
        pass
    await connection.wait_closed()
    # 1005 stands for a Close without a code.
    code = connection.close_code if connection.close_code != 1005 else None
    tell(id=int(query["id"]), code=code, reason=connection.close_reason)


async def main():
    chosen = options()
    named = {
        "ssl": chosen.tls, "create_connection": Connection, "max_size": None,
        "compression": None, "ping_interval": None,
        "extensions": [ServerPerMessageDeflateFactory(**chosen.deflate)],
    }
    async with serve(serve_session, "127.0.0.1", 0, **named) as server:
        tell(port=server.sockets[0].getsockname()[1])
        await end_with_parent()


asyncio.run(main())
