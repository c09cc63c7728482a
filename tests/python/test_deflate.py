"""permessage-deflate with an independent server, whose compression is zlib's."""

import random
import threading

import pytest
from support import WATCHDOG, Background, connected, opened, read
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

import openck
from peer import Peer

# Every message is compressed, also short ones.
ALL = {"PermessageDeflate": True, "DeflateMinSize": 0}


@pytest.fixture
def compressing():
    """Starts servers that agree to compression like this."""
    peers = []

    def start(**parameters):
        factory = ServerPerMessageDeflateFactory(**parameters)
        peers.append(Peer(compression=None, extensions=[factory]))
        return peers[-1]

    yield start
    for peer in peers:
        peer.end()


def messages(seed):
    """Texts and bytes with more and less order in them, from nothing to half a megabyte."""
    chance = random.Random(seed)
    words = ["alpha", "beta", "\N{CRAB}", "\u20ac", "gamma " * 9, "\0", '{"id":1}']
    yield ""
    for size in (1, 30, 300, 3_000, 3_000, 30_000):
        yield " ".join(chance.choices(words, k=size))
        yield chance.randbytes(size)
        yield bytes(size) + chance.randbytes(size % 7) + b"end"
    yield bytes(500_000)
    yield ""


def echoed(ws, message):
    """Sends a message, sometimes in several frames, and takes what comes back."""
    chance = random.Random(len(message))
    pieces = [message]
    if len(message) > 1 and chance.random() < 0.5:
        cut = chance.randrange(len(message))
        pieces = [message[:cut], message[cut:cut], message[cut:]]
    sent, received = openck.BinData(), openck.BinData()
    for number, piece in enumerate(pieces, 1):
        final = number == len(pieces)
        if isinstance(piece, str):
            assert ws.SendFrame(piece, final), ws.LastErrorText
        else:
            assert sent.Clear() and sent.AppendBinary(piece) and ws.SendFrameBd(sent, final)
    if isinstance(message, str):
        return read(ws)
    while True:
        assert ws.ReadFrame(), (ws.ReadFrameFailReason, ws.LastErrorText)
        if ws.FinalFrame:
            assert ws.GetFrameDataBd(received)
            return received.GetBinary()


def agree(ws, seed=1):
    for message in messages(seed):
        assert echoed(ws, message) == message


def test_the_defaults_of_both_sides(peer):
    ws = opened(peer.port, **ALL)
    # What the package asks for, to save memory.
    expected = "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"
    assert ws.NegotiatedExtensions == expected
    agree(ws)
    assert ws.SendClose(True, 1000, "bye") and ws.ReadFrame() and ws.CloseStatusCode == 1000


def test_without_the_property_nothing_is_compressed(peer):
    ws = opened(peer.port)
    assert ws.NegotiatedExtensions == ""
    agree(ws)


@pytest.mark.parametrize("bits", range(9, 16))
def test_every_window_of_both_sides(compressing, bits):
    peer = compressing(server_max_window_bits=bits, client_max_window_bits=bits)
    ws = opened(peer.port, **ALL)
    assert ("client_max_window_bits=%d" % bits in ws.NegotiatedExtensions) == (bits < 15)
    agree(ws, bits)


@pytest.mark.parametrize("bits", range(9, 16))
def test_windows_that_the_client_asks_for(compressing, bits):
    windows = {"DeflateClientMaxWindowBits": bits, "DeflateServerMaxWindowBits": bits}
    peer = compressing()
    ws = opened(peer.port, **ALL, **windows)
    assert ("server_max_window_bits=%d" % bits in ws.NegotiatedExtensions) == (bits < 15)
    assert ("client_max_window_bits=%d" % bits in ws.NegotiatedExtensions) == (bits < 15)
    agree(ws, bits)


def test_a_window_of_8_bits_means_plain_messages_from_the_client(compressing):
    peer = compressing(client_max_window_bits=8)
    ws = opened(peer.port, **ALL)
    assert ws.NegotiatedExtensions == "permessage-deflate; client_max_window_bits=8"
    agree(ws)


@pytest.mark.parametrize("server", [True, False])
@pytest.mark.parametrize("client", [True, False])
@pytest.mark.parametrize("asks", ["server", "client"])
def test_context_takeover(compressing, server, client, asks):
    takeover, parameters = {}, {}
    if asks == "client":
        takeover = {
            "DeflateServerContextTakeover": server, "DeflateClientContextTakeover": client
        }
    else:
        parameters = {
            "server_no_context_takeover": not server, "client_no_context_takeover": not client
        }
    peer = compressing(**parameters)
    ws = opened(peer.port, **ALL, **takeover)
    assert ("server_no_context_takeover" in ws.NegotiatedExtensions) == (not server)
    assert ("client_no_context_takeover" in ws.NegotiatedExtensions) == (not client)
    agree(ws)
    agree(ws)


@pytest.mark.parametrize("level", range(10))
def test_every_level(peer, level):
    agree(opened(peer.port, DeflateLevel=level, **ALL), level)


def test_short_messages_stay_plain_and_long_ones_are_compressed(peer):
    ws = opened(peer.port, PermessageDeflate=True)
    for size in (10, 255, 256, 257, 5, 100_000, 0):
        assert echoed(ws, bytes(size)) == bytes(size)


def test_compressed_fragments_from_the_server(peer):
    ws = opened(peer.port, "/fragments?" + "+".join(["word"] * 50), **ALL)
    frames = 0
    while not ws.FinalFrame:
        assert ws.ReadFrame(), ws.LastErrorText
        frames += 1
    assert frames >= 50 and ws.FrameDataLen == 250
    assert ws.GetFrameData() == "word " * 50


def test_an_offer_by_hand_is_honoured(peer):
    rest, ws = connected(peer.port), openck.WebSocket()
    offer = "permessage-deflate; client_max_window_bits=10"
    assert rest.AddHeader("Sec-WebSocket-Extensions", offer)
    assert ws.UseConnection(rest) and ws.AddClientHeaders()
    assert rest.FullRequestNoBody("GET", "/echo") is not None
    assert ws.ValidateServerHandshake(), ws.LastErrorText
    expected = "permessage-deflate; server_max_window_bits=12; client_max_window_bits=10"
    assert ws.NegotiatedExtensions == expected
    agree(ws)


def test_a_bomb_ends_with_1009(peer):
    ws = opened(peer.port, "/zeros?16000000", MaxMessageSize=1_000_000, **ALL)
    assert ws.ReadFrame() is False and ws.ReadFrameFailReason == 4, ws.LastErrorText
    assert "1000000" in ws.LastErrorText and ws.IsConnected is False
    assert peer.closes.get(timeout=WATCHDOG)[0] == 1009


def test_a_frame_of_the_limit_passes(peer):
    ws = opened(peer.port, "/zeros?1000000", MaxMessageSize=1_000_000, MaxFrameSize=0, **ALL)
    for _ in range(3):
        assert ws.ReadFrame() and ws.FrameDataLen == 1_000_000, ws.LastErrorText
        assert ws.GetFrameData() == "\0" * 1_000_000


def test_an_object_is_used_again_with_and_without(peer):
    ws = openck.WebSocket()
    for on in (True, False, True):
        rest = openck.Rest()
        ws.PermessageDeflate = on
        assert rest.Connect("localhost", peer.port, False, False) and ws.UseConnection(rest)
        assert ws.AddClientHeaders() and rest.FullRequestNoBody("GET", "/echo") is not None
        assert ws.ValidateServerHandshake(), ws.LastErrorText
        assert (ws.NegotiatedExtensions != "") is on
        agree(ws)
        assert ws.SendClose(True, 1000, "") and ws.ReadFrame()


def test_one_thread_sends_while_another_reads(peer):
    ws = opened(peer.port, **ALL)
    texts = ["message %d %s" % (number, "x" * number) for number in range(500)]
    reading = Background(lambda: [read(ws) for _ in texts])
    for text in texts:
        assert ws.SendFrame(text, True), ws.LastErrorText
    assert reading.result() == texts


def test_frames_of_several_threads_do_not_mix(peer):
    ws = opened(peer.port, **ALL)
    texts = [f"{thread} says {number}" for thread in range(4) for number in range(50)]
    reading = Background(lambda: sorted(read(ws) for _ in texts))

    def send(thread):
        for number in range(50):
            assert ws.SendFrame(f"{thread} says {number}", True), ws.LastErrorText

    threads = [threading.Thread(target=send, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WATCHDOG)
    assert reading.result() == sorted(texts)
