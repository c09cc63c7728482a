"""Arguments and results: text, bytes, numbers, objects, and what is refused."""

import array
import mmap
import sys

import pytest

import openck

ODD_TEXTS = ["", "a\0b", "\0", "\N{GRINNING FACE}\N{CRAB}", "\u20ac\u00e9\r\n", "\ufeffmark"]
ODD_TEXTS.append("\N{EURO SIGN}" * 70_000)
KINDS_OF_BYTES = {
    "bytes": lambda data: data,
    "bytearray": bytearray,
    "memoryview of bytes": memoryview,
    "memoryview of a bytearray": lambda data: memoryview(bytearray(data)),
    "part of bytes": lambda data: memoryview(b"<" + data + b">")[1:-1],
    "part of a bytearray": lambda data: memoryview(bytearray(b"<" + data + b">"))[1:-1],
    "read-only view": lambda data: memoryview(bytearray(data)).toreadonly(),
    "array of bytes": lambda data: array.array("B", data),
}


@pytest.fixture
def sb():
    return openck.StringBuilder()


@pytest.fixture
def bd():
    return openck.BinData()


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_text_comes_back_as_it_was(sb, bd, text):
    assert sb.SetString(text) and sb.GetAsString() == text
    assert bd.AppendString(text, "utf-8") and bd.GetBinary() == text.encode()


@pytest.mark.parametrize("text", ["\ud800", "ok \udc80", "\udfff\ud800"], ids=ascii)
def test_a_lone_surrogate_is_refused_by_the_name_of_the_argument(sb, text):
    sb.SetString("before")
    with pytest.raises(ValueError, match=r"StringBuilder\.SetString: value has a lone surrogate"):
        sb.SetString(text)
    assert sb.GetAsString() == "before"


@pytest.mark.parametrize("data", [b"", b"\0", bytes(range(256)), b"\xff" * 100_000], ids=len)
@pytest.mark.parametrize("kind", KINDS_OF_BYTES)
def test_every_kind_of_bytes_is_taken(bd, kind, data):
    assert bd.AppendBinary(KINDS_OF_BYTES[kind](data)) is True
    found = bd.GetBinary()
    assert type(found) is bytes and found == data


def test_buffers_with_wide_items_and_mapped_memory(bd):
    assert bd.LoadBinary(array.array("I", [1, 2, 3]))
    assert bd.GetBinary() == array.array("I", [1, 2, 3]).tobytes()
    with mmap.mmap(-1, 4096) as memory:
        memory[:4] = b"page"
        assert bd.LoadBinary(memory)
    assert bd.GetBinaryChunk(0, 5) == b"page\0"


def test_a_buffer_is_free_again_after_the_call(bd):
    data = bytearray(b"abc")
    assert bd.LoadBinary(data)
    data.append(1)  # BufferError while someone holds the buffer
    assert len(data) == 4


def test_arguments_are_let_go_after_the_call(bd):
    data = b"x" * 1000
    before = sys.getrefcount(data)
    bd.LoadBinary(data)
    assert sys.getrefcount(data) == before
    bd.AppendBinary(memoryview(data))
    assert sys.getrefcount(data) == before


def test_a_buffer_with_gaps_is_refused(bd):
    with pytest.raises(ValueError, match="BinData.AppendBinary: data must be a buffer without"):
        bd.AppendBinary(memoryview(b"abcdef")[::2])
    assert bd.NumBytes == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: openck.StringBuilder().SetString(b"x"), "value must be str, not bytes"),
        (lambda: openck.StringBuilder().SetString(None), "value must be str, not NoneType"),
        (lambda: openck.BinData().AppendBinary("x"), "data must be bytes, .*, not str"),
        (lambda: openck.BinData().AppendBinary([1]), "data must be bytes, .*, not list"),
        (lambda: openck.BinData().AppendByte(1.5), "byteValue must be int, not float"),
        (lambda: openck.BinData().AppendByte("1"), "byteValue must be int, not str"),
        (lambda: openck.WebSocket().SendFrame("x", "yes"), "finalFrame must be bool, not str"),
        (lambda: openck.WebSocket().SendFrame("x", None), "finalFrame must be bool, not NoneType"),
        (lambda: openck.WebSocket().UseConnection(openck.BinData()), "must be Rest, not BinData"),
        (lambda: openck.WebSocket().UseConnection(None), "connection must be Rest, not NoneType"),
        (lambda: openck.WebSocket().SendFrameBd(b"x", True), "bdToSend must be BinData, not bytes"),
        (lambda: setattr(openck.WebSocket(), "IdleTimeoutMs", "1"), "IdleTimeoutMs must be int"),
        (lambda: setattr(openck.WebSocket(), "PingAutoRespond", ""), "Respond must be bool, not"),
        (lambda: setattr(openck.Rest(), "Host", 5), r"Rest\.Host must be str, not int"),
    ],
)
def test_a_wrong_type_is_a_type_error_that_names_the_argument(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 10**30])
def test_a_number_out_of_range_is_an_overflow_error(number):
    ws = openck.WebSocket()
    with pytest.raises(OverflowError, match=r"WebSocket\.IdleTimeoutMs must be an integer of "):
        ws.IdleTimeoutMs = number
    with pytest.raises(OverflowError, match=r"WebSocket\.SendClose: statusCode must be an integer"):
        ws.SendClose(True, number, "")
    assert ws.IdleTimeoutMs == 30_000


def test_the_widest_numbers_fit(sb):
    for number in (2**63 - 1, -(2**63)):
        assert sb.Clear() is None
        assert sb.AppendInt64(number) and sb.GetAsString() == str(number)
    sb.IntValue = -(2**31)
    assert sb.IntValue == -(2**31)


def test_truth_values_and_numbers_that_are_not_plain(sb):
    class Number:
        def __index__(self):
            return 7

    assert sb.AppendInt(Number()) and sb.AppendInt(True) and sb.GetAsString() == "71"
    assert sb.Contains("7", 1) is True and sb.Contains("8", 0) is False


def test_a_misspelt_member_is_an_attribute_error():
    ws = openck.WebSocket()
    with pytest.raises(AttributeError, match="IdleTimeoutMS"):
        ws.IdleTimeoutMS = 5
    with pytest.raises(AttributeError, match="ReadFrames"):
        ws.ReadFrames()
    with pytest.raises(AttributeError):
        ws.IsConnected = True  # read-only
    with pytest.raises(AttributeError):
        ws.ReadFrame = None


def test_a_failed_call_returns_none_or_false_and_tells_why(bd):
    ws = openck.WebSocket()
    assert ws.ReadFrame() is False and ws.ReadFrameFailReason == 3
    assert ws.LastMethodSuccess is False and "UseConnection" in ws.LastErrorText
    assert openck.Rest().FullRequestNoBody("GET", "/") is None
    assert openck.Rest().ReadRespBodyBinary() is None
    assert openck.Rest().ReadResponseHeader() == -1
    assert bd.LoadBinary(b"\xff\xfe\xfd") and bd.GetEncoded("no such encoding") is None


def test_a_refused_property_keeps_its_value():
    rest = openck.Rest()
    rest.Authorization = "Bearer one"
    rest.Authorization = "Bearer two\r\nX: y"
    assert rest.Authorization == "Bearer one"
    assert "Authorization" in rest.LastErrorText


def test_an_object_may_be_given_to_itself(sb, bd):
    assert sb.SetString("ab") and sb.AppendSb(sb) and sb.GetAsString() == "abab"
    assert bd.LoadBinary(b"ab") and bd.AppendBd(bd) and bd.GetBinary() == b"abab"


def test_a_derived_class_can_override_and_add(sb):
    class Mine(openck.StringBuilder):
        def SetString(self, value):
            return super().SetString(f"<{value}>")

    mine = Mine()
    mine.note = "derived classes have attributes of their own"
    assert mine.SetString("x") and sb.AppendSb(mine) and sb.GetAsString() == "<x>"
