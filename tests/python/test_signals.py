"""Ctrl-C and other signals while a call waits. The programs run on their own."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from support import WATCHDOG, environment, python_command

HERE = str(Path(__file__).parent)
OPENING = f"""
import signal, sys, threading, time
# A shell starts programs in the background with SIGINT ignored, and Python then leaves it so.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {HERE!r})
import openck
from support import opened
port = int(sys.argv[1])
def tell(*words):
    print(*words, flush=True)
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


class Program:
    """A Python program that waits in a call on the main thread."""

    def __init__(self, text, port):
        self.process = subprocess.Popen(
            python_command(OPENING + text, port),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def line(self):
        return self.process.stdout.readline().strip()

    def end(self):
        """The rest of the output, when nothing was written to stderr."""
        out, err = self.process.communicate(timeout=WATCHDOG)
        assert err == "" and self.process.returncode == 0, err
        return out.split("\n")[:-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


READ = """
ws = opened(port, "/hold")
started = time.monotonic()
try:
    tell(ws.ReadFrame(), ws.GetFrameData())
except KeyboardInterrupt:
    tell("interrupted", time.monotonic() - started < 10, ws.ReadFrameFailReason, ws.IsConnected)
"""


def test_ctrl_c_ends_a_read_and_the_session_can_go_on(peer):
    again = """
tell(ws.SendFrame("after it", True), ws.ReadFrame(), ws.GetFrameData())
ws.IdleTimeoutMs = 200
tell(ws.ReadFrame(), ws.ReadFrameFailReason)
"""
    with Program(READ + again, peer.port) as program:
        peer.held.get(timeout=WATCHDOG)
        program.interrupt()
        assert program.end() == ["interrupted True 2 True", "True True after it", "False 1"]


def test_ctrl_c_works_more_than_once(peer):
    with Program(READ + READ, peer.port) as program:
        for _ in range(2):
            peer.held.get(timeout=WATCHDOG)
            program.interrupt()
            assert program.line() == "interrupted True 2 True"
        assert program.end() == []


def test_a_handler_that_does_not_raise_lets_the_call_go_on(peer):
    handler = """
signal.signal(signal.SIGINT, lambda *_: tell("handled"))
"""
    with Program(handler + READ, peer.port) as program:
        connection = peer.held.get(timeout=WATCHDOG)
        for _ in range(3):
            program.interrupt()
            assert program.line() == "handled"
        peer.send(connection, "unhurt")
        assert program.end() == ["True unhurt"]


def test_what_a_handler_raises_comes_out_of_the_call(peer):
    handler = """
class Stop(Exception):
    pass
def stop(*_):
    raise Stop("by signal")
signal.signal(signal.SIGTERM, stop)
ws = opened(port, "/hold")
try:
    ws.ReadFrame()
except Stop as error:
    tell(error)
"""
    with Program(handler, peer.port) as program:
        peer.held.get(timeout=WATCHDOG)
        program.interrupt(signal.SIGTERM)
        assert program.end() == ["by signal"]


def test_a_handler_may_use_the_same_and_other_objects(peer):
    handler = """
def use(*_):
    sb = openck.StringBuilder()
    sb.SetString("from the handler")
    tell(ws.SendFrame(sb.GetAsString(), True), ws.IsConnected)
signal.signal(signal.SIGINT, use)
"""
    with Program(handler + READ, peer.port) as program:
        peer.held.get(timeout=WATCHDOG)
        program.interrupt()
        assert program.end() == ["True True", "True from the handler"]


def test_a_handler_may_end_the_call_by_closing(peer):
    handler = """
signal.signal(signal.SIGINT, lambda *_: ws.CloseConnection())
ws = opened(port, "/hold")
tell(ws.ReadFrame(), ws.ReadFrameFailReason)
"""
    with Program(handler, peer.port) as program:
        peer.held.get(timeout=WATCHDOG)
        program.interrupt()
        assert program.end() == ["False 3"]


def test_another_thread_reads_on_while_the_main_thread_is_interrupted(peer):
    text = """
ws = opened(port, "/hold")
reading = threading.Thread(target=lambda: tell(ws.ReadFrame(), ws.GetFrameData()))
reading.start()
try:
    tell("ready")
    threading.Event().wait(60)
except KeyboardInterrupt:
    tell("interrupted")
reading.join()
"""
    with Program(text, peer.port) as program:
        connection = peer.held.get(timeout=WATCHDOG)
        assert program.line() == "ready"
        program.interrupt()
        assert program.line() == "interrupted"
        peer.send(connection, "undisturbed")
        assert program.end() == ["True undisturbed"]


@pytest.mark.parametrize("tls", [False, True], ids=["request", "TLS handshake"])
def test_ctrl_c_ends_other_calls(tls):
    """A server that takes what the call sends, so that it is known to wait, and is silent."""
    text = f"""
rest = openck.Rest()
started = time.monotonic()
try:
    tell(rest.Connect("127.0.0.1", port, {tls}, False))
    tell(rest.FullRequestNoBody("GET", "/"))
except KeyboardInterrupt:
    tell("interrupted", time.monotonic() - started < 10)
"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with Program(text, listener.getsockname()[1]) as program:
            client, _ = listener.accept()
            with client:
                assert client.recv(1)
                program.interrupt()
                lines = program.end()
    assert lines == [*([] if tls else ["True"]), "interrupted True"]
