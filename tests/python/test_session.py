"""Whole sessions, with the scripted server and with an independent one."""

import pytest
from support import PATIENCE, connected, opened, read, request

import openck

NUL_TEXT = "before\0after \U0001f600\u20ac\U0001f980"


def close(ws):
    assert ws.SendClose(True, 1000, "bye"), ws.LastErrorText
    assert ws.ReadFrame(), ws.LastErrorText
    assert (ws.FrameOpcode, ws.FrameOpcodeInt, ws.CloseStatusCode) == ("Close", 8, 1000)
    assert ws.IsConnected is False


def test_a_message_in_three_frames_with_a_ping_between(server, peer):
    for port in (server.ws, peer.port):
        ws = opened(port)
        assert ws.IsConnected is True
        assert ws.SendFrame("one, ", False) and ws.SendPing("alive?")
        assert ws.SendFrame("two, ", False) and ws.SendFrame("three", True)
        assert read(ws) == "one, two, three"
        assert ws.FrameOpcode == "Text" and ws.FinalFrame is True and ws.FrameDataLen == 0
        close(ws)


@pytest.mark.parametrize("text", ["", NUL_TEXT, "\N{CRAB}" * 30_000], ids=len)
def test_text_is_echoed_as_it_was(server, peer, text):
    for port in (server.ws, peer.port):
        ws = opened(port)
        assert ws.SendFrame(text, True), ws.LastErrorText
        assert read(ws) == text


def test_bytes_are_echoed_as_they_were(server, peer):
    data = bytes(range(256)) * 1024
    for port in (server.ws, peer.port):
        ws, sent, received = opened(port), openck.BinData(), openck.BinData()
        assert sent.AppendBinary(data) and ws.SendFrameBd(sent, True) and ws.ReadFrame()
        assert (ws.FrameOpcode, ws.FrameDataLen) == ("Binary", len(data))
        assert ws.GetFrameData() is None  # not text, and so it stays
        assert ws.GetFrameDataBd(received) and received.GetBinary() == data


def test_a_string_builder_sends_and_receives(peer):
    ws, sb = opened(peer.port), openck.StringBuilder()
    assert sb.SetString(NUL_TEXT) and ws.SendFrameSb(sb, True) and ws.ReadFrame()
    assert ws.GetFrameDataSb(sb) and sb.GetAsString() == NUL_TEXT * 2


def test_nul_text_from_the_server(server):
    assert read(opened(server.ws, "/nul-text")) == NUL_TEXT


def test_fragments_are_read_one_by_one(peer):
    ws = opened(peer.port, "/fragments?a+b+c")
    seen = []
    while not ws.FinalFrame:
        assert ws.ReadFrame(), ws.LastErrorText
        seen.append((ws.FrameOpcode, ws.FinalFrame))
    assert seen[0] == ("Text", False) and seen[-1] == ("Continuation", True) and len(seen) >= 3
    assert ws.GetFrameData() == "a b c "


def test_a_ping_within_a_message_is_returned_when_asked_for(server):
    ws = opened(server.ws, "/fragments")
    ws.PingAutoRespond = False
    opcodes = []
    for _ in range(4):
        assert ws.ReadFrame(), ws.LastErrorText
        opcodes.append(ws.FrameOpcode)
        if ws.FrameOpcode == "Ping":
            assert ws.NeedSendPong is True and ws.SendPong() and ws.NeedSendPong is False
    assert opcodes == ["Text", "Continuation", "Ping", "Continuation"]
    assert ws.GetFrameData() == "one two three"


def test_pongs_are_passed_over_or_returned(server):
    ws = opened(server.ws, "/pong")
    assert read(ws) == "after pong" and ws.PongConsumed is True
    ws = opened(server.ws, "/pong")
    ws.PongAutoConsume = False
    assert ws.ReadFrame() and ws.FrameOpcode == "Pong" and ws.PongConsumed is False
    assert read(ws) == "after pong"


def test_the_peer_closes(peer):
    ws = opened(peer.port, "/close?3001")
    assert ws.ReadFrame() and ws.FrameOpcode == "Close" and ws.CloseReceived is True
    assert (ws.CloseStatusCode, ws.CloseReason) == (3001, "the peer's reason")
    assert ws.ReadFrame() is False and ws.ReadFrameFailReason == 3


def test_the_peer_sees_our_close(peer):
    ws = opened(peer.port)
    assert ws.SendClose(True, 4000, "\N{CRAB}" * 31), ws.LastErrorText  # 124 bytes: one too many
    assert ws.ReadFrame() and ws.CloseStatusCode == 4000
    assert peer.closes.get(timeout=60) == (4000, "\N{CRAB}" * 30)


def test_a_forbidden_close_code_is_not_sent(server):
    ws = opened(server.ws)
    assert ws.SendClose(True, 1005, "") is False and "1005" in ws.LastErrorText
    assert ws.SendFrame("open still", True) and read(ws) == "open still"


def test_after_a_timeout_the_session_goes_on(server):
    ws = opened(server.ws)
    ws.IdleTimeoutMs = 30
    assert ws.ReadFrame() is False and ws.ReadFrameFailReason == 1
    assert ws.LastMethodSuccess is False and ws.LastErrorText != ""
    ws.IdleTimeoutMs = PATIENCE
    assert ws.SendFrame("later", True) and read(ws) == "later" and ws.ReadFrameFailReason == 0


def test_a_timeout_within_a_frame_loses_nothing(server):
    ws = opened(server.ws, "/partial")
    ws.IdleTimeoutMs = 30
    assert ws.ReadFrame() is False and ws.ReadFrameFailReason == 1
    ws.IdleTimeoutMs = PATIENCE
    assert ws.SendPing("go on")
    assert read(ws) == "early and late"


@pytest.mark.parametrize("path", ["/masked", "/rsv", "/bad-opcode", "/bad-utf8", "/big-length"])
def test_forbidden_frames(server, path):
    ws = opened(server.ws, path)
    assert ws.ReadFrame() is False and ws.ReadFrameFailReason == 4
    assert ws.IsConnected is False and ws.LastErrorText != ""


@pytest.mark.parametrize("path", ["/end", "/cut?at=135"])
def test_a_connection_that_ends_without_a_close(server, path):
    ws = opened(server.ws, path)
    assert ws.ReadFrame() is False and ws.ReadFrameFailReason == 3
    assert ws.IsConnected is False and ws.SendFrame("x", True) is False


def test_a_connection_that_ends_within_the_answer(server):
    session = request(server.ws, "/cut?at=60")
    assert session.body is None and session.rest.ResponseStatusCode == 0
    assert session.ws.ValidateServerHandshake() is False and session.ws.IsConnected is False


def test_frames_that_came_with_the_answer(server):
    ws = opened(server.ws, "/two-messages-with-101")
    assert [read(ws), read(ws)] == ["first", "second"]


@pytest.mark.parametrize("status", [200, 302, 401, 404, 426, 503])
def test_a_refusal_shows_status_header_and_body(server, status):
    session = request(server.ws, f"/status/{status}?body=go%20away")
    rest = session.rest
    assert session.body == "go away" and rest.ResponseStatusCode == status
    assert rest.ResponseHdrByName("content-type") == "text/plain"
    assert rest.ResponseHdrByName("x-none") is None and rest.ResponseStatusText != ""
    names = [rest.ResponseHdrName(n) for n in range(rest.NumResponseHeaders)]
    assert "Content-Type" in names and rest.ResponseHdrName(len(names)) is None
    assert session.ws.ValidateServerHandshake() is False
    assert str(status) in session.ws.LastErrorText and session.ws.IsConnected is False


def test_a_chunked_refusal(server):
    session = request(server.ws, "/chunked404")
    assert session.body == "nothing there" and session.rest.ResponseStatusCode == 404


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/wrong-accept", "d3Jvbmc="),
        ("/no-upgrade", "Upgrade"),
        ("/no-connection", "Connection"),
        ("/extension", "permessage-deflate"),
    ],
)
def test_a_wrong_101_is_told_with_its_value(server, path, told):
    session = request(server.ws, path)
    assert session.rest.ResponseStatusCode == 101
    assert session.ws.ValidateServerHandshake() is False
    assert told in session.ws.LastErrorText and session.ws.IsConnected is False


def test_a_server_that_does_not_speak_http(server):
    session = request(server.ws, "/garbage")
    assert session.body is None and session.rest.LastMethodSuccess is False
    assert session.rest.ResponseStatusCode == 0 and "SSH-2.0" in session.rest.LastErrorText


def test_no_server():
    rest = openck.Rest()
    assert rest.Connect("", 80, False, False) is False and rest.ConnectFailReason == 1
    assert rest.Connect("localhost", 0, False, False) is False and rest.ConnectFailReason == 7


def test_a_header_with_a_line_break_is_refused(server):
    rest = connected(server.ws)
    assert rest.AddHeader("X-One", "1\r\nX-Two: 2") is False
    assert rest.AddHeader("X-Three", "drei") is True
    body = rest.FullRequestNoBody("GET", "/request")
    assert "X-Three: drei" in body and "X-Two" not in body


def test_secrets_stay_out_of_every_report(server):
    user, password, token = "someone", "pass-W0rd", "t0ken-value"
    basic = "c29tZW9uZTpwYXNzLVcwcmQ="
    rest, ws = connected(server.ws), openck.WebSocket()
    rest.VerboseLogging = ws.VerboseLogging = True
    reports = []

    def report():
        for each in (rest, ws):
            reports.extend((each.LastErrorText, each.LastErrorXml, each.LastErrorHtml))

    assert rest.SetAuthBasic(user, password)
    report()
    assert ws.UseConnection(rest) and ws.AddClientHeaders()
    assert basic in rest.FullRequestNoBody("GET", "/request")  # it was sent
    report()
    assert ws.ValidateServerHandshake() is False
    report()
    rest.Authorization = f"Bearer {token}"
    rest.Authorization = f"Bearer {token}\r\n"  # refused
    report()
    assert rest.FullRequestNoBody("GET", "/garbage") is None
    report()
    assert sum(map(bool, reports)) > 10
    for report_text in reports:
        for secret in (password, basic, token):
            assert secret not in report_text
