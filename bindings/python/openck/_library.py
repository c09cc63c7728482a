"""Finds the library of openck, loads it, and declares its functions."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import List, Tuple

NONE, BOOL, INT, TEXT, BYTES, OBJECT = range(6)

# The functions: name, type of the result, types of the arguments. openck_invoke has None: its
# callers pass values that have the right C types already, as conversions would double its cost.
_FUNCTIONS = (
    ("openck_version", ctypes.c_char_p, ()),
    ("openck_create", ctypes.c_size_t, (ctypes.c_char_p,)),
    ("openck_dispose", ctypes.c_int, (ctypes.c_size_t,)),
    ("openck_member", ctypes.c_int, (ctypes.c_char_p, ctypes.c_char_p)),
    ("openck_invoke", ctypes.c_int, None),
    ("openck_interrupt", None, (ctypes.c_void_p,)),
)


class Result(ctypes.Structure):
    """``openck_value``, as a call gives it back: ``data`` is an address."""

    _fields_ = (
        ("type", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("integer", ctypes.c_int64),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
    )


class Argument(ctypes.Structure):
    """``openck_value``, as a call takes it: ``data`` is set to bytes, which it keeps alive."""

    _fields_ = (
        ("type", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("integer", ctypes.c_int64),
        ("data", ctypes.c_char_p),
        ("size", ctypes.c_size_t),
    )


def load() -> ctypes.CDLL:
    """Loads the library; ImportError tells each place that was tried, and why it was not taken."""
    tried: List[str] = []
    for source, path in _places():
        if os.path.dirname(path) and not os.path.isfile(path):
            tried.append(f"{path} ({source}): there is no such file")
            continue
        try:
            return _declare(ctypes.CDLL(path))
        except OSError as error:
            tried.append(f"{path} ({source}): cannot be loaded: {error}")
        except AttributeError as error:
            tried.append(f"{path} ({source}): is not openck, or another version of it: {error}")
    raise ImportError(_report(tried), name="openck")


def _places() -> List[Tuple[str, str]]:
    """Where the library may be, the first choice first. A path that was set is the only place."""
    chosen = os.environ.get("OPENCK_LIBRARY")
    if chosen:
        return [("the environment variable OPENCK_LIBRARY", os.path.abspath(chosen))]
    name = _file_name()
    package = Path(__file__).resolve().parent
    places = [("beside the package", str(package / name))]
    root = package.parent.parent.parent
    if (root / "Cargo.toml").is_file():
        for source, target in _target_folders(root):
            places += [(source, str(target / profile / name)) for profile in ("release", "debug")]
    places.append(("the system's search path", name))
    return places


def _target_folders(root: Path) -> List[Tuple[str, Path]]:
    folders = [("the build tree", root / "target")]
    moved = os.environ.get("CARGO_TARGET_DIR")
    if moved:
        folders.insert(0, ("CARGO_TARGET_DIR", root / moved))
    return folders


def _file_name() -> str:
    if sys.platform == "win32":
        return "openck.dll"
    return "libopenck.dylib" if sys.platform == "darwin" else "libopenck.so"


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    for name, result, arguments in _FUNCTIONS:
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def _report(tried: List[str]) -> str:
    places = "\n".join(f"  {line}" for line in tried)
    return (
        f"the library of openck, {_file_name()}, was not found. Tried were:\n{places}\n"
        "Install the distribution 'openck', or build the library with 'cargo build --release' "
        "in the source tree, or set OPENCK_LIBRARY to the path of the file."
    )
