"""The programs of examples/python, plain and over TLS, against both servers."""

import sys

import pytest
from support import ROOT, run

EXAMPLES = ROOT / "examples" / "python"
ENDING = "Close: 1000 done"
EXPECTED = {
    "frames": ["Text, final: True", "Received: one, two, three \N{GRINNING FACE}", ENDING],
    "ping": ["Pong on the way: True, Text: hello", "Pong", ENDING],
    "binary": ["Binary: 65536 bytes", "the same: True, the first: 00010203", ENDING],
}


def run_example(name, *arguments, **changes):
    changes = {"PYTHONIOENCODING": "utf-8", **changes}
    return run([sys.executable, EXAMPLES / f"{name}.py", *map(str, arguments)], **changes)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example(server, peer, name):
    secure = ["localhost", server.wss, 1, server.ca, "/echo"]
    for arguments in (["localhost", server.ws, 0], secure, ["127.0.0.1", peer.port, 0]):
        done = run_example(name, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == EXPECTED[name]


def test_the_example_with_an_own_ca(server):
    done = run_example("tls_own_ca", "localhost", server.wss, server.ca)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "without the CA: ConnectFailReason 106"
    assert lines[1].startswith("with the CA: TLS 1.3, TLS_")
    assert lines[2:] == ["Text: hello over TLS", ENDING]


@pytest.mark.parametrize("name", [*EXPECTED, "tls_own_ca"])
def test_an_example_finds_the_package_in_the_tree_and_is_short(server, name):
    wanted = "certificate" if name == "tls_own_ca" else "Upgrade"
    arguments = [server.wss_expired, server.ca] if name == "tls_own_ca" else [server.ws, 0, ""]
    path = "/no-upgrade"
    done = run_example(name, "localhost", *arguments, path, PYTHONPATH=None)
    assert done.returncode == 1 and wanted in done.stderr, done.stderr
    assert len((EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 50


def test_every_example_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*EXPECTED, "tls_own_ca"}
