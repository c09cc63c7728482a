"""What carries the generated classes: objects of the library, and calls of their members."""

from __future__ import annotations

import atexit
import ctypes
import functools
import operator
import re
import threading
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple, Type

from . import _library
from ._library import BOOL, BYTES, INT, OBJECT, TEXT

_loaded = _library.load()
_create = _loaded.openck_create
_dispose = _loaded.openck_dispose
_invoke = _loaded.openck_invoke

version: str = _loaded.openck_version().decode()

# The handle of a disposed object.
_NOTHING = ctypes.c_size_t(0)

# The library takes no more arguments in one call.
_MAX_ARGUMENTS = 8


class Object:
    """An object of the library.

    It is disposed when the last reference to it goes, at the end of a ``with`` block, or by
    ``dispose``. Any thread may call any member; while a call waits, other threads run.
    """

    __slots__ = ("_handle", "__weakref__")
    _class_name = ""
    _members: "_Members"

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        # A class of the library, not one that a program derives from it.
        if "_class_name" in cls.__dict__:
            cls._members = _Members(cls)

    def __init__(self) -> None:
        self._handle = _NOTHING
        if not self._class_name:
            raise TypeError("openck's Object is the base of its classes; make one of those")
        self._handle = ctypes.c_size_t(_create(self._class_name.encode()))
        if not self._handle:
            raise ImportError(f"the library of openck has no class {self._class_name}")

    def dispose(self) -> None:
        """Lets the object go at once; a call that waits on it in another thread ends.

        Every later call fails. May be called again.
        """
        handle, self._handle = self._handle, _NOTHING
        if handle:
            _dispose(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_exception: object) -> None:
        self.dispose()

    # The default keeps the function while an ending interpreter clears this module.
    def __del__(self, dispose: Callable[[int], int] = _dispose) -> None:
        handle = getattr(self, "_handle", None)
        if handle:
            dispose(handle)

    def __repr__(self) -> str:
        state = f"0x{self._handle.value:x}" if self._handle else "disposed"
        return f"<openck.{type(self).__name__} {state}>"

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")

    def _call(self, key: str, *values: Any) -> Any:
        """Calls a method; None, False or -1 when it failed, as the method's text says."""
        member = self._members[key]
        state = _threads.state
        if state.busy:
            return _elsewhere(self._call, key, *values)
        try:
            state.busy = True
            if values:
                kept = member.write(state.slots, values)  # noqa: F841 must outlive the call
            if not _invoke(self._handle, member.number, state.arguments, len(values), state.place):
                raise member.refused(state.text())
            if state.raised is not None:
                state.raise_caught()
            result = state.result
            kind = result.type
            if kind == BOOL:
                return result.integer != 0
            if kind == INT:
                return result.integer
            if kind == TEXT:
                return state.text()
            return state.bytes() if kind == BYTES else None
        finally:
            if values:
                member.forget(state.slots)
            state.busy = False

    def _get(self, key: str) -> Any:
        """Reads a property; of a disposed object, False, 0 or an empty text."""
        number = self._members[key].number
        state = _threads.state
        if state.busy:
            return _elsewhere(self._get, key)
        try:
            state.busy = True
            _invoke(self._handle, number, None, 0, state.place)
            result = state.result
            kind = result.type
            if kind == INT:
                return result.integer
            if kind == BOOL:
                return result.integer != 0
            return state.text() if kind == TEXT else ""
        finally:
            state.busy = False

    def _put(self, key: str, value: Any) -> None:
        """Sets a property. A value that it refuses changes nothing; LastErrorText tells."""
        self._call(key, value)


class _Members(Dict[str, "_Member"]):
    """The members of a class, each looked up in the library when it is first used."""

    __slots__ = ("_owner",)

    def __init__(self, owner: Type[Object]) -> None:
        super().__init__()
        self._owner = owner

    def __missing__(self, key: str) -> "_Member":
        name = self._owner._class_name
        number = _loaded.openck_member(name.encode(), key.encode())
        if not number:
            raise ImportError(
                f"the library of openck (version {version}) has no {name}.{key}: it is not the "
                "one that this package was made for"
            )
        parameters = _parameters(self._owner, key)
        member = self[key] = _Member(ctypes.c_int(number), parameters)
        return member


class _Parameter(NamedTuple):
    # Writes a value into an argument; a result other than None is to be kept during the call.
    convert: Callable[[_library.Argument, Any, str], Any]
    # Whether the argument refers to memory that is Python's.
    refers: bool
    # How the parameter is called in errors.
    label: str


class _Member:
    """A member: its number in the library, and what its arguments are."""

    __slots__ = ("number", "_parameters")

    def __init__(self, number: ctypes.c_int, parameters: Tuple[_Parameter, ...]) -> None:
        self.number = number
        self._parameters = parameters

    def write(self, slots: Tuple[_library.Argument, ...], values: Tuple[Any, ...]) -> list:
        """Writes the values into the arguments; what it returns must outlive the call."""
        return [
            convert(slot, value, label)
            for slot, value, (convert, _, label) in zip(slots, values, self._parameters)
        ]

    def forget(self, slots: Tuple[_library.Argument, ...]) -> None:
        """Lets texts and bytes go that the arguments of the last call referred to."""
        for slot, (_, refers, _) in zip(slots, self._parameters):
            if refers:
                slot.data = b""  # None would not replace what ctypes keeps alive

    def refused(self, text: str) -> Exception:
        """The exception for a call that the library did not take. It alone knows the ranges."""
        found = re.search(r"argument (\d+) must be (an .*integer of \d+ bits, not .*)\.$", text)
        if found is None:
            return TypeError(text)
        label = self._parameters[int(found[1]) - 1].label
        return OverflowError(f"{label} must be {found[2]}")


def _parameters(owner: Type[Object], key: str) -> Tuple[_Parameter, ...]:
    """Reads the parameters from the annotations, which are text."""
    side, _, name = key.rpartition(":")
    if side == "get":
        return ()
    found = getattr(owner, name)
    annotations = (found.fset if side else found).__annotations__
    return tuple(
        _parameter(kind, f"{owner.__name__}.{name}" if side else f"{owner.__name__}.{name}: {of}")
        for of, kind in annotations.items()
        if of != "return"
    )


def _parameter(kind: str, label: str) -> _Parameter:
    if kind in _CONVERSIONS:
        return _Parameter(_CONVERSIONS[kind], kind not in ("bool", "int"), label)
    return _Parameter(functools.partial(_write_object, kind), False, label)


def _write_bool(slot: _library.Argument, value: Any, label: str) -> None:
    if not isinstance(value, int):
        raise _wrong_type(label, "bool", value)
    slot.type = BOOL
    slot.integer = bool(value)


def _write_int(slot: _library.Argument, value: Any, label: str) -> None:
    try:
        number = operator.index(value)
    except TypeError:
        raise _wrong_type(label, "int", value) from None
    if not -(1 << 63) <= number < 1 << 63:
        raise OverflowError(f"{label} must be an integer of at most 64 bits, not {number}")
    slot.type = INT
    slot.integer = number


def _write_text(slot: _library.Argument, value: Any, label: str) -> None:
    if not isinstance(value, str):
        raise _wrong_type(label, "str", value)
    try:
        data = value.encode()
    except UnicodeEncodeError as error:
        half = ascii(value[error.start])
        raise ValueError(
            f"{label} has a lone surrogate, {half} at index {error.start}, which is not a character"
        ) from None
    slot.type = TEXT
    slot.data = data
    slot.size = len(data)


def _write_bytes(slot: _library.Argument, value: Any, label: str) -> Any:
    """Any buffer without gaps; copied only if it is read-only and not the whole of some bytes."""
    kept = None
    if not isinstance(value, bytes):
        try:
            view = memoryview(value)
        except TypeError:
            raise _wrong_type(label, "bytes, bytearray or memoryview", value) from None
        if not view.c_contiguous:
            raise ValueError(f"{label} must be a buffer without gaps (C-contiguous)")
        value, size = view.obj, view.nbytes
        if type(value) is not bytes or len(value) != size:
            if view.readonly or not size:
                value = view.tobytes()
            else:
                kept = ctypes.c_char.from_buffer(view)
                slot.data = ctypes.addressof(kept)
    else:
        size = len(value)
    if kept is None:
        slot.data = value
    slot.type = BYTES
    slot.size = size
    return kept


def _write_object(name: str, slot: _library.Argument, value: Any, label: str) -> None:
    if not isinstance(value, Object) or value._class_name != name:
        raise _wrong_type(label, name, value)
    slot.type = OBJECT
    slot.integer = value._handle.value


def _wrong_type(label: str, wanted: str, value: Any) -> TypeError:
    return TypeError(f"{label} must be {wanted}, not {type(value).__name__}")


_CONVERSIONS = {
    "bool": _write_bool,
    "int": _write_int,
    "str": _write_text,
    "bytes | bytearray | memoryview": _write_bytes,
}

# PYFUNCTYPE: called with the interpreter's lock held.
_decode = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t)(
    ("PyUnicode_FromStringAndSize", ctypes.pythonapi)
)
_check_signals = ctypes.PYFUNCTYPE(ctypes.c_int)(("PyErr_CheckSignals", ctypes.pythonapi))
_CHECK = ctypes.CFUNCTYPE(ctypes.c_int)


class _State:
    """What a thread needs for its calls; made once, as that costs more than a call."""

    __slots__ = ("busy", "result", "place", "arguments", "slots", "raised", "_check")

    def __init__(self) -> None:
        # A text or bytes result must be copied before this thread's next call. `busy` says that
        # one is under way; see `_elsewhere`.
        self.busy = False
        self.result = _library.Result()
        self.place = ctypes.byref(self.result)
        # The slots are views of one block of memory and keep it alive.
        block = (_library.Argument * _MAX_ARGUMENTS)()
        self.slots = tuple(block)
        self.arguments = ctypes.byref(block)
        self.raised: Optional[BaseException] = None
        self._check: Any = None
        # Python runs signal handlers on its main thread only.
        if threading.get_ident() == threading.main_thread().ident:
            atexit.register(_loaded.openck_interrupt, None)
            self._watch_signals()

    def text(self) -> str:
        return _decode(self.result.data, self.result.size) if self.result.size else ""

    def bytes(self) -> bytes:
        return ctypes.string_at(self.result.data, self.result.size)

    def raise_caught(self) -> None:
        """Raises what a signal handler raised while the library waited."""
        raised = self.raised
        self._watch_signals()
        self.raised = None
        if raised is not None:
            raise raised

    def _watch_signals(self) -> None:
        listener = _listen(self)
        next(listener)
        # A listener that has ended answers 1: the call ends.
        check = _CHECK(functools.partial(next, listener, 1))
        _loaded.openck_interrupt(ctypes.cast(check, ctypes.c_void_p))
        self._check = check


def _listen(state: _State):
    """Runs signal handlers each time it is asked; ends when one of them raises.

    It is a generator and not a function because the interpreter may run a handler before the
    first statement of a function, where nothing catches what it raises. Here it is resumed
    within the `try`.
    """
    try:
        while True:
            yield 0
            _check_signals()
    except GeneratorExit:
        raise
    except BaseException as error:
        state.raised = error


def _elsewhere(function: Callable[..., Any], *arguments: Any) -> Any:
    """Makes a call that came in the middle of another of the same thread on a thread of its own.

    A signal handler or a finaliser may run anywhere, also between the library's return and the
    copy of its result. Its calls must not overwrite that result.
    """
    outcome: list = []

    def run() -> None:
        try:
            outcome.append((function(*arguments), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run, name="openck", daemon=True)
    thread.start()
    thread.join()
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


class _Threads(threading.local):
    def __init__(self) -> None:
        self.state = _State()


_threads = _Threads()
