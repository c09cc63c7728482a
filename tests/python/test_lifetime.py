"""How objects end, and calls in the middle of calls."""

import copy
import gc
import pickle
import sys
import weakref

import pytest
from support import opened, python_command, run

import openck
from openck import _runtime


def is_living(handle):
    """Ends the object if it was."""
    return _runtime._dispose(handle) == 1


def test_a_collected_object_is_disposed():
    sb = openck.StringBuilder()
    handle, gone = sb._handle.value, weakref.ref(sb)
    del sb
    gc.collect()
    assert gone() is None and not is_living(handle)
    assert is_living(_runtime._create(b"StringBuilder"))  # the function can tell


def test_objects_of_a_cycle_are_disposed():
    class Owner:
        pass

    owner = Owner()
    owner.me, owner.bd = owner, openck.BinData()
    handle = owner.bd._handle.value
    del owner
    gc.collect()
    assert not is_living(handle)


def test_a_with_block_disposes():
    with openck.BinData() as bd:
        assert bd.LoadBinary(b"x")
        handle = bd._handle.value
    assert not is_living(handle)
    with pytest.raises(KeyError), openck.BinData() as bd:
        raise KeyError
    assert repr(bd) == "<openck.BinData disposed>"


def test_calls_after_dispose_fail_and_do_nothing_else():
    ws, sb = openck.WebSocket(), openck.StringBuilder()
    for each in (ws, sb):
        assert "disposed" not in repr(each)
        each.dispose()
        each.dispose()
    assert ws.ReadFrame() is False and ws.GetFrameData() is None
    assert ws.IsConnected is False and ws.FrameDataLen == 0 and ws.LastErrorText == ""
    ws.IdleTimeoutMs = 5
    assert ws.IdleTimeoutMs == 0
    assert openck.StringBuilder().AppendSb(sb) is False


def test_a_disposed_rest_leaves_its_websocket_the_connection(server):
    ws = opened(server.ws)  # the Rest is gone by now
    gc.collect()
    assert ws.SendFrame("still here", True) and ws.ReadFrame()
    assert ws.GetFrameData() == "still here"


def test_the_peer_notices_a_collected_websocket(peer):
    ws = opened(peer.port)
    del ws
    gc.collect()
    assert peer.closes.get(timeout=60)[0] == 1006


@pytest.mark.parametrize("copying", [copy.copy, copy.deepcopy, pickle.dumps])
def test_an_object_cannot_be_copied(copying):
    with pytest.raises(TypeError, match="a BinData cannot be copied or pickled"):
        copying(openck.BinData())


def test_the_base_is_not_a_class_of_the_library():
    with pytest.raises(TypeError, match="base of its classes"):
        _runtime.Object()


def test_objects_may_live_until_the_interpreter_ends(server):
    program = """
import sys, openck
from support import opened
ws = opened(int(sys.argv[1]))
class Late:
    ws = opened(int(sys.argv[1]))
    def __del__(self):
        self.ws.SendClose(True, 1000, "late")
cycle = [Late()]
cycle.append(cycle)
print(ws.IsConnected)
"""
    tests = [path for path in sys.path if path.endswith("tests/python")]
    prefix = f"import sys; sys.path[:0] = {tests!r}\n"
    done = run(python_command(prefix + program, server.ws))
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_a_call_between_any_two_steps_of_another_does_not_disturb_it():
    """What a signal handler or a finaliser may do, at every point where one may run."""
    outer, inner = openck.StringBuilder(), openck.StringBuilder()
    outer.SetString("outer " * 50_000)
    inner.SetString("inner " * 50_000)
    calls = []

    def trace(frame, event, _argument):
        if frame.f_globals is not vars(_runtime):
            return None
        frame.f_trace_opcodes = True
        if event in ("opcode", "line"):
            calls.append(inner.GetAsString())
        return trace

    sys.settrace(trace)
    try:
        text, length = outer.GetAsString(), outer.Length
        replaced = outer.Replace("outer", "other")
    finally:
        sys.settrace(None)
    assert text == "outer " * 50_000 and length == 300_000 and replaced == 50_000
    assert len(calls) > 20 and set(calls) == {"inner " * 50_000}


def test_an_argument_that_makes_a_call_itself():
    sb = openck.StringBuilder()
    sb.SetString("four")

    class Length:
        def __index__(self):
            return sb.Length

    assert sb.AppendInt(Length()) and sb.GetAsString() == "four4"

    class Failing:
        def __index__(self):
            sb.AppendByte  # noqa: B018 there is none

    with pytest.raises(AttributeError, match="AppendByte"):
        sb.AppendInt(Failing())
    assert sb.GetAsString() == "four4"
