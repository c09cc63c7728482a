"""Several threads at one object. That a thread waits in ReadFrame is known from its Pong."""

import threading
import time

from support import WATCHDOG, Background, opened, read


def held(peer):
    """A WebSocket whose ReadFrame waits in another thread."""
    ws = opened(peer.port, "/hold")
    reading = Background(lambda: (ws.ReadFrame(), ws.ReadFrameFailReason, ws.GetFrameData()))
    connection = peer.held.get(timeout=WATCHDOG)
    return ws, reading, connection


def test_a_thread_sends_while_another_reads(peer):
    ws, reading, _ = held(peer)
    assert ws.SendFrame("from another thread", True), ws.LastErrorText
    assert reading.result() == (True, 0, "from another thread")


def test_the_interpreter_is_free_while_a_thread_reads(peer):
    ws, reading, connection = held(peer)
    assert sum(range(100_000)) == 4_999_950_000 and ws.IsConnected is True
    peer.send(connection, "from the server")
    assert reading.result() == (True, 0, "from the server")


def test_dispose_ends_a_read(peer):
    ws, reading, _ = held(peer)
    started = time.monotonic()
    ws.dispose()
    assert reading.result()[0] is False
    assert time.monotonic() - started < 5
    assert peer.closes.get(timeout=WATCHDOG)[0] == 1006


def test_close_connection_ends_a_read(peer):
    ws, reading, _ = held(peer)
    assert ws.CloseConnection() is True
    assert reading.result()[:2] == (False, 3)


def test_a_close_from_another_thread_ends_a_read(peer):
    ws, reading, _ = held(peer)
    assert ws.SendClose(True, 1000, "from another thread")
    assert reading.result()[:2] == (True, 0)
    assert ws.FrameOpcode == "Close"
    assert peer.closes.get(timeout=WATCHDOG) == (1000, "from another thread")


def test_each_thread_has_its_own_last_error(peer):
    ws = opened(peer.port)
    assert ws.SendClose(True, 1005, "") is False
    told = ws.LastErrorText

    def succeed():
        assert ws.SendFrame("fine", True)
        return ws.LastMethodSuccess, "1005" in ws.LastErrorText

    assert Background(succeed).result() == (True, False)
    assert ws.LastMethodSuccess is False and ws.LastErrorText == told and "1005" in told


def test_many_threads_at_once(peer):
    ws, threads, each = opened(peer.port), 6, 40
    gate = threading.Barrier(threads)

    def send(number):
        gate.wait(WATCHDOG)
        return all(
            ws.SendFrame(f"{number} {n} " + "\N{CRAB}" * n, True) and ws.IsConnected
            for n in range(each)
        )

    senders = [Background(send, number) for number in range(threads)]
    received = [read(ws) for _ in range(threads * each)]
    assert [sender.result() for sender in senders] == [True] * threads
    expected = [
        [f"{number} {n} " + "\N{CRAB}" * n for n in range(each)] for number in range(threads)
    ]
    for number, texts in enumerate(expected):
        assert [text for text in received if text.startswith(f"{number} ")] == texts
