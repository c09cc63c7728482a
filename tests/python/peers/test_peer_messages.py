"""Messages and fragments with every independent peer, without and with compression."""

import random
from hashlib import sha256

import pytest
from servers import bytes_of, pieces_of, text_of

# Around each length form of a frame, and large ones.
SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 2**20, 2**24]
FRAGMENTATIONS = 200
SEED = 20_251_124


def told(message):
    """What a peer answers to this message on /digest."""
    text = isinstance(message, str)
    data = message.encode() if text else message
    return f"{'text' if text else 'binary'} {len(data)} {sha256(data).hexdigest()}"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [text_of, bytes_of])
def test_a_message_of_every_size_is_echoed(peer, make, size):
    session, message = peer.open("/echo"), make(size)
    assert session.echoed(message) == message
    assert session.close()[0] == 1000


@pytest.mark.parametrize(
    ("size", "head"), [(0, 6), (125, 6), (126, 8), (65_535, 8), (65_536, 14)]
)
def test_r23_the_length_has_its_shortest_form(measuring, size, head):
    plain = measuring._replace(deflate=False)
    assert plain.open("/digest").cost(bytes(size)) == head + size


def test_r37_empty_messages_of_both_kinds(peer):
    session = peer.open("/echo")
    for message in ("", b"", "", "text", b"", b"bytes"):
        assert session.echoed(message) == message


@pytest.mark.parametrize("make", [text_of, bytes_of])
def test_r25_random_fragmentations_reach_the_peer(peer, make):
    session, message, pings = peer.open("/digest"), make(3_000), []
    for seed in range(SEED, SEED + FRAGMENTATIONS):
        chance = random.Random(seed)
        pieces = pieces_of(message, chance)
        between = [[f"{seed}.{n}"] * (chance.random() < 0.2) for n in range(len(pieces))]
        pings += sum(between, [])
        session.send(*pieces, pings=between)
        assert session.receive()[0] == told(message), f"seed {seed}"
    report = session.report()
    assert report["pings"] == pings, f"seeds from {SEED}"


@pytest.mark.parametrize("make", [text_of, bytes_of])
def test_r36_random_fragmentations_of_the_peer_are_read(fragmenting, make):
    session, message, pings = fragmenting.open("/cut"), make(3_000), []
    session.send(message)
    data = message.encode() if isinstance(message, str) else message
    for seed in range(SEED, SEED + FRAGMENTATIONS):
        chance = random.Random(seed)
        sizes = [len(piece) for piece in pieces_of(data, chance)]
        script = [f"frame:{size}" for size in sizes[:-1]] + [f"last:{sizes[-1]}"]
        if chance.random() < 0.5:
            pings.append(f"ping-{seed}")
            script.insert(chance.randrange(len(script)), f"ping:{pings[-1]}")
        session.send(" ".join(script))
        assert session.receive() == (message, sizes), f"seed {seed}"
    assert session.report()["pongs"] == pings, f"seeds from {SEED}"


def test_r38_a_character_cut_by_the_peer_is_whole_again(fragmenting):
    session, text = fragmenting.open("/cut"), "\N{CRAB}€é"
    session.send(text)
    size = len(text.encode())
    session.send(" ".join([*["frame:1"] * (size - 1), "last:1"]))
    assert session.receive() == (text, [1] * size)


def test_r37_empty_frames_around_a_message(fragmenting):
    session, message = fragmenting.open("/cut"), b"0123456789"
    session.send(message)
    session.send("frame:0 frame:0 frame:10 frame:0 last:0")
    assert session.receive() == (message, [0, 0, 10, 0, 0])
    session.send("frame:0 last:0")
    assert session.receive() == (b"", [0, 0])


def test_a_large_message_in_large_frames(fragmenting):
    session, message = fragmenting.open("/cut"), bytes_of(2**22)
    session.send(message[:2**20], message[2**20 : 2**20], message[2**20 :])
    session.send("frame:1000000 frame:70000 frame:65536 last:3058768")
    assert session.receive() == (message, [1_000_000, 70_000, 65_536, 3_058_768])
