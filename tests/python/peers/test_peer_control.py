"""Pings, Pongs and Closes with every independent peer."""

import pytest

NO_CODE = 0


def test_r36_pings_of_the_peer_between_its_frames_are_answered(fragmenting):
    session = fragmenting.open("/cut")
    session.send("one, two, three")
    session.send("ping:first frame:5 ping:second frame:5 ping: last:5 ping:third")
    assert session.receive() == ("one, two, three", [5, 5, 5])
    # The third Ping is answered while the report is read.
    session.report()
    assert session.report()["pongs"] == ["first", "second", "third"]


def test_r40_pings_of_the_peer_between_messages_are_answered(peer):
    session, longest = peer.open("/cut"), "p" * 125
    session.send("message")
    session.send(f"ping:a last:7 ping:b ping:{longest}")
    assert session.receive() == ("message", [7])
    session.report()
    assert session.report()["pongs"] == ["a", "b", longest]


def test_r26_our_pings_between_our_frames(peer):
    session = peer.open("/digest")
    session.send("one, ", "two, ", "three", pings=[[], ["alpha"], ["beta", "gamma"]])
    assert session.receive()[0].startswith("text 15 ")
    assert session.ws.PongConsumed is True
    assert session.report()["pings"] == ["alpha", "beta", "gamma"]


def test_pongs_are_returned_when_asked_for(peer):
    session = peer.open("/echo")
    session.ws.PongAutoConsume = False
    session.send("a", "b", pings=[["ping"], ["pong"]])
    opcodes = []
    while opcodes.count("Pong") < 2 or "Text" not in opcodes:
        assert session.ws.ReadFrame(), session.ws.LastErrorText
        opcodes.append(session.ws.FrameOpcode)
    assert sorted(opcodes) == ["Pong", "Pong", "Text"]
    assert session.ws.GetFrameData() == "ab"


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
@pytest.mark.parametrize("reason", ["", "done \N{CRAB}"])
def test_r46_our_close_is_seen_by_the_peer(peer, code, reason):
    session = peer.open("/echo")
    answer, _ = session.close(code, reason)
    assert answer == (code if peer.server.kind.echoes_code else 1000)
    assert session.seen_by_peer() == (code, reason)
    assert session.ws.IsConnected is False


def test_r48_a_reason_is_cut_at_a_character(peer):
    session = peer.open("/echo")
    session.close(4000, "\N{CRAB}" * 31)  # 124 bytes: one too many
    assert session.seen_by_peer() == (4000, "\N{CRAB}" * 30)


def test_our_empty_close_is_seen_by_the_peer(peer):
    session = peer.open("/echo")
    answer, _ = session.close(None)
    assert answer == (NO_CODE if peer.server.kind.echoes_code else 1000)
    assert session.seen_by_peer() == (None, "")


@pytest.mark.parametrize("code", [1000, 1001, 1008, 3000, 4999])
@pytest.mark.parametrize("reason", ["", "go away \N{CRAB}", "r" * 123])
def test_r46_a_close_of_the_peer_is_answered_with_its_code(peer, code, reason):
    session = peer.open("/close", {"code": code, "reason": reason})
    assert session.read_close() == (code, reason)
    # aiohttp does not tell the reason of an answer.
    assert session.seen_by_peer() in ((code, ""), (code, None))
    assert session.ws.ReadFrame() is False and session.ws.ReadFrameFailReason == 3


def test_r46_an_empty_close_of_the_peer_is_answered_empty(peer):
    session = peer.open("/close")
    assert session.read_close() == (NO_CODE, "")
    assert session.seen_by_peer() == (None, "")
    assert session.ws.IsConnected is False


def test_r46_a_close_of_the_peer_answered_by_hand(peer):
    session = peer.open("/close", {"code": 4001, "reason": "by hand"}, CloseAutoRespond=False)
    assert session.read_close() == (4001, "by hand") and session.ws.IsConnected is True
    assert session.ws.SendClose(True, 4002, "bye"), session.ws.LastErrorText
    assert session.seen_by_peer() in ((4002, "bye"), (4002, None))
    assert session.ws.IsConnected is False


def test_a_dropped_connection_is_1006_for_the_peer(peer):
    session = peer.open("/echo")
    assert session.echoed("before") == "before"
    assert session.ws.CloseConnection(), session.ws.LastErrorText
    assert session.seen_by_peer()[0] == 1006
