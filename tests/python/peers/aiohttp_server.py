"""The package `aiohttp` as a server; see conversation.py for what it does.

It sends whole messages only: every frame that its writer makes is final.
"""

import asyncio

from aiohttp import WSMsgType, web

from conversation import Conversation, end_with_parent, options, split, tell


class Session(Conversation):
    def __init__(self, socket):
        super().__init__()
        self._socket = socket
        self.code = self.reason = None
        self.send_ping = socket.ping

    async def messages(self):
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.PING:
                self.pings.append(message.data)
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.pongs.append(message.data)
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                yield message.data
            else:
                self._ended(message)
                return

    async def send(self, message):
        socket = self._socket
        await (socket.send_str if isinstance(message, str) else socket.send_bytes)(message)

    async def send_frame(self, text, piece, first, last):
        assert first and last, "aiohttp sends whole messages only"
        await self._socket.send_frame(piece, WSMsgType.TEXT if text else WSMsgType.BINARY)

    async def close(self, code, reason):
        if code is not None:
            # Of the answer aiohttp keeps the code alone.
            await self._socket.close(code=code, message=reason.encode())
            self.code = self._socket.close_code
            return
        # socket.close() always has a code.
        await self._socket.send_frame(b"", WSMsgType.CLOSE)
        self._ended(await self._socket.receive())

    def _ended(self, message):
        if message.type is WSMsgType.CLOSE:
            # 0 stands for a Close without a code.
            self.code, self.reason = message.data or None, message.extra
        else:
            self.code = 1006


def handler(compress):
    async def serve_session(request):
        socket = web.WebSocketResponse(max_msg_size=0, autoping=False, compress=compress)
        await socket.prepare(request)
        session = Session(socket)
        path, query = split(request.path_qs)
        await session.run(path, query)
        tell(id=int(query["id"]), code=session.code, reason=session.reason)
        return socket

    return serve_session


async def main():
    chosen = options()
    app = web.Application()
    app.router.add_get("/{path}", handler(chosen.deflate is not None))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=chosen.tls).start()
    tell(port=runner.addresses[0][1])
    await end_with_parent()


asyncio.run(main())
