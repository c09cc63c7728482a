"""What several test modules use."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
BINDINGS = ROOT / "bindings" / "python"
sys.path.insert(0, str(BINDINGS))

import openck  # noqa: E402

# Seconds that no step of a test takes unless something is broken.
WATCHDOG = 60
# Milliseconds; a test that is right never waits so long.
PATIENCE = 30_000


def connected(port, ca=None, host="localhost"):
    """A Rest that is connected."""
    rest = openck.Rest()
    rest.IdleTimeoutMs = PATIENCE
    if ca is not None:
        assert rest.AddTrustedCaPem(ca), rest.LastErrorText
    assert rest.Connect(host, port, ca is not None, False), rest.LastErrorText
    return rest


def request(port, path, ca=None, **properties):
    """A session whose opening request was answered; nothing is checked yet."""
    rest, ws = connected(port, ca), openck.WebSocket()
    ws.IdleTimeoutMs = PATIENCE
    for name, value in properties.items():
        setattr(ws, name, value)
        assert getattr(ws, name) == value, ws.LastErrorText
    assert ws.UseConnection(rest), ws.LastErrorText
    assert ws.AddClientHeaders(), ws.LastErrorText
    return SimpleNamespace(rest=rest, ws=ws, body=rest.FullRequestNoBody("GET", path))


def opened(port, path="/echo", ca=None, **properties):
    """A WebSocket after its handshake."""
    session = request(port, path, ca, **properties)
    assert session.rest.ResponseStatusCode == 101, session.rest.LastErrorText
    assert session.ws.ValidateServerHandshake(), session.ws.LastErrorText
    return session.ws


def read(ws):
    """The text of the next message."""
    final = False
    while not final:
        assert ws.ReadFrame(), (ws.ReadFrameFailReason, ws.LastErrorText)
        assert not ws.CloseReceived, (ws.CloseStatusCode, ws.CloseReason)
        final = ws.FinalFrame
    return ws.GetFrameData()


class Background:
    """A call in another thread."""

    def __init__(self, call, *arguments):
        self._outcome = []
        self._thread = threading.Thread(
            target=lambda: self._outcome.append(call(*arguments)), daemon=True
        )
        self._thread.start()

    def result(self):
        self._thread.join(WATCHDOG)
        assert not self._thread.is_alive(), "the call does not end"
        return self._outcome[0]


def python_command(program, *arguments):
    return [sys.executable, "-c", program, *map(str, arguments)]


def environment(**changes):
    """The environment of a program of its own that can import the package; None removes."""
    changed = {**os.environ, "PYTHONPATH": str(BINDINGS), **changes}
    return {name: value for name, value in changed.items() if value is not None}


def run(command, **changes):
    """Runs a program to its end."""
    return subprocess.run(
        command, env=environment(**changes), capture_output=True, text=True, timeout=WATCHDOG
    )
