"""The peers of the matrix. A test names the fixture whose combinations it is for."""

from pathlib import Path

import pytest
from servers import KINDS, Peer, Server


@pytest.fixture(scope="session")
def servers():
    """A server of each kind, started when it is first asked for."""
    started = {}

    def server(name):
        if name not in started:
            started[name] = Server(name)
        return started[name]

    yield server
    for each in started.values():
        each.end()


@pytest.fixture
def start():
    """Starts a server with options of its own, for one test."""
    started = []

    def server(name, *options):
        started.append(Server(name, *options))
        return started[-1]

    yield server
    for each in started:
        each.end()


def combinations(accepts=lambda kind: True):
    """Each peer without compression, and with it if it has it."""
    for name, kind in filter(lambda item: accepts(item[1]), KINDS.items()):
        for deflate in (False, True) if kind.deflate else (False,):
            yield pytest.param((name, deflate), id=f"{name}-{'deflate' if deflate else 'plain'}")


def used(servers, combination):
    name, deflate = combination
    peer = Peer(name, servers(name), deflate)
    yield peer
    peer.server.check()


@pytest.fixture(params=combinations())
def peer(servers, request):
    """Every peer, with and without compression."""
    yield from used(servers, request.param)


@pytest.fixture(params=combinations(lambda kind: kind.fragments))
def fragmenting(servers, request):
    """The peers that can send a message in several frames."""
    yield from used(servers, request.param)


@pytest.fixture(params=[name for name, kind in KINDS.items() if kind.deflate])
def compressing(servers, request):
    """The peers that have compression, with it."""
    yield from used(servers, (request.param, True))


@pytest.fixture(params=[n for n, kind in KINDS.items() if kind.deflate and kind.counts_bytes])
def measuring(servers, request):
    """The peers that tell how much they received compressed."""
    yield from used(servers, (request.param, True))


# tungstenite over TLS is the scripted server's echo, see test_tls.py.
@pytest.fixture(params=["websockets", "aiohttp", "ws"])
def secure(server, start, request):
    """Peers over TLS, with a certificate of the tests' CA."""
    files = Path(server.dir)
    options = ["--cert", files / "good.pem", "--key", files / "good.key"]
    peer = Peer(request.param, start(request.param, *options), False, server.ca)
    yield peer
    peer.server.check()
