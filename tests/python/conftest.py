"""Servers for the tests, and a watchdog for each test.

The scripted server is the program of tests/support; OPENCK_TEST_SERVER is its path. The other
one, in `peer`, is independent of this project.
"""

import faulthandler
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from support import WATCHDOG

from peer import Peer


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    faulthandler.dump_traceback_later(2 * WATCHDOG, exit=True, file=sys.__stderr__)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def server():
    """The ports of the scripted server, and the path of its CA's certificate."""
    program = os.environ["OPENCK_TEST_SERVER"]
    pipe = subprocess.PIPE
    with subprocess.Popen([program], stdin=pipe, stdout=pipe, text=True) as process:
        yield SimpleNamespace(**json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(WATCHDOG) == 0


@pytest.fixture
def peer():
    """A server that is independent of this project."""
    peer = Peer()
    yield peer
    peer.end()
