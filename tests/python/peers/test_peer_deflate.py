"""permessage-deflate with the peers that have it: parameters, contexts, plain messages between."""

import json
import random

import pytest
from servers import ALL, Peer, bytes_of, text_of

EXTENSION = "permessage-deflate"
# What the packages call the parameters that a server may demand. aiohttp has none of these.
DEMANDS = {
    "websockets": {
        "server_no": "server_no_context_takeover", "client_no": "client_no_context_takeover",
        "server_bits": "server_max_window_bits", "client_bits": "client_max_window_bits",
    },
    "ws": {
        "server_no": "serverNoContextTakeover", "client_no": "clientNoContextTakeover",
        "server_bits": "serverMaxWindowBits", "client_bits": "clientMaxWindowBits",
    },
}


@pytest.fixture(params=DEMANDS)
def demanding(start, request):
    """Starts a peer that demands these parameters."""
    names = DEMANDS[request.param]

    def peer(**values):
        deflate = json.dumps({names[key]: value for key, value in values.items()})
        return Peer(request.param, start(request.param, "--deflate", deflate), True)

    return peer


def negotiated(session):
    """The parameters in force, by name."""
    name, *parameters = session.ws.NegotiatedExtensions.split("; ")
    assert name == EXTENSION
    return dict(parameter.partition("=")[::2] for parameter in parameters)


def messages(seed=1):
    """Texts and bytes with more and less order in them; some repeat what came long before."""
    chance = random.Random(seed)
    block = chance.randbytes(3_000)
    for size in (0, 1, 100, 5_000, 70_000):
        yield text_of(size)
        yield bytes_of(size)
        yield block + chance.randbytes(size) + block


def agree(session):
    for message in messages():
        assert session.echoed(message) == message
        assert session.echoed(message[:50], message[50:50], message[50:]) == message


@pytest.mark.parametrize("server", [True, False])
@pytest.mark.parametrize("client", [True, False])
def test_r83_context_takeover_as_we_ask(compressing, server, client):
    takeover = {"DeflateServerContextTakeover": server, "DeflateClientContextTakeover": client}
    session = compressing.open("/echo", **takeover)
    found = negotiated(session)
    assert ("server_no_context_takeover" in found) is not server
    assert ("client_no_context_takeover" in found) is not client
    agree(session)


@pytest.mark.parametrize("server", [True, False])
@pytest.mark.parametrize("client", [True, False])
def test_r83_context_takeover_as_the_peer_demands(demanding, server, client):
    session = demanding(server_no=not server, client_no=not client).open("/echo")
    found = negotiated(session)
    assert ("server_no_context_takeover" in found) is not server
    assert ("client_no_context_takeover" in found) is not client
    agree(session)


@pytest.mark.parametrize("takeover", [True, False])
def test_r83_only_takeover_makes_repeated_messages_small(measuring, takeover):
    session = measuring.open("/digest", DeflateClientContextTakeover=takeover)
    message = random.Random(1).randbytes(4_000)
    assert session.cost(message) > 4_000
    assert (session.cost(message) < 400) is takeover


@pytest.mark.parametrize("bits", range(9, 16))
def test_r81_r82_windows_as_we_ask(compressing, bits):
    windows = {"DeflateClientMaxWindowBits": bits, "DeflateServerMaxWindowBits": bits}
    session = compressing.open("/echo", **windows)
    limit = None if bits == 15 else str(bits)
    found = negotiated(session)
    assert found.get("server_max_window_bits") == limit
    assert found.get("client_max_window_bits") == limit
    agree(session)


@pytest.mark.parametrize("bits", [9, 10, 14])
def test_r81_r82_windows_as_the_peer_demands(demanding, bits):
    session = demanding(server_bits=bits, client_bits=bits).open("/echo")
    expected = {"server_max_window_bits": str(bits), "client_max_window_bits": str(bits)}
    assert negotiated(session) == expected
    agree(session)


# zlib cannot compress with 8 bits. Node's takes 9 for them; websockets and aiohttp decline.
@pytest.mark.parametrize("name", ["websockets", "aiohttp", "ws"])
def test_r81_a_window_of_8_bits_that_we_ask_for(servers, name):
    peer = Peer(name, servers(name), name == "ws")
    session = peer.open("/echo", **ALL, DeflateServerMaxWindowBits=8)
    if peer.deflate:
        assert negotiated(session) == {"server_max_window_bits": "8"}
    agree(session)


def test_r82_a_window_of_8_bits_means_plain_messages_from_us(demanding):
    session = demanding(client_bits=8).open("/digest")
    assert negotiated(session)["client_max_window_bits"] == "8"
    assert session.cost(bytes(10_000)) > 10_000


@pytest.mark.parametrize("name", ["aiohttp", "ws"])
def test_a_peer_that_declines_the_offer(start, name):
    peer = Peer(name, start(name, "--deflate", "null"))
    session = peer.open("/echo", **ALL)
    assert session.ws.NegotiatedExtensions == ""
    assert session.echoed("plain after all") == "plain after all"


def test_r86_the_minimum_size_decides_what_is_compressed(measuring):
    session = measuring.open("/digest", DeflateMinSize=256)
    assert session.cost(bytes(255)) >= 255
    assert session.cost(bytes(256)) < 64
    session.ws.DeflateMinSize = 20_000
    assert session.cost(bytes(19_999)) >= 19_999
    assert session.cost(bytes(20_000)) < 200


def test_r86_plain_and_compressed_messages_of_ours_mixed(compressing):
    session = compressing.open("/echo", DeflateMinSize=1_000)
    for size in (10, 999, 1_000, 1_001, 5, 100_000, 0, 2_000):
        for message in (text_of(size), bytes_of(size)):
            assert session.echoed(message) == message
            assert session.echoed(message[:3], message[3:]) == message


# websockets and aiohttp compress every message of a session.
def test_r86_plain_and_compressed_messages_of_the_peer_mixed(servers):
    session = Peer("ws", servers("ws"), True).open("/cut")
    message = text_of(4_000)
    session.send(message)
    for kind in ("plain", "last", "plain", "plain", "last", "last"):
        session.send(f"{kind}:4000")
        assert session.receive() == (message, [4_000])


def test_r90_pings_between_compressed_frames(compressing):
    session = compressing.open("/digest")
    session.send("x" * 500, "y" * 500, "z", pings=[[], ["plain-1"], ["plain-2"]])
    assert session.receive()[0].startswith("text 1001 ")
    assert session.report()["pings"] == ["plain-1", "plain-2"]
