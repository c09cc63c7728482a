"""How the package finds its library, and what it says when there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import BINDINGS, python_command, run

from openck import _library, _runtime

LIBRARY = Path(_runtime._loaded._name)
IMPORT = """
try:
    import openck
except ImportError as error:
    print(error)
else:
    print("loaded", openck._runtime._loaded._name)
"""


@pytest.fixture
def installed(tmp_path):
    """A folder with a copy of the packages, as if installed, without a library."""
    ignore = shutil.ignore_patterns("__pycache__", "*.so", "*.dll", "*.dylib")
    for package in ("openck", "chilkat2"):
        shutil.copytree(BINDINGS / package, tmp_path / package, ignore=ignore)
    return tmp_path


def import_from(folder, **changes):
    settings = {"OPENCK_LIBRARY": None, "CARGO_TARGET_DIR": None, "LD_LIBRARY_PATH": None}
    done = run(python_command(IMPORT), **{**settings, "PYTHONPATH": str(folder), **changes})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_is_there(installed):
    told = import_from(installed)
    name = _library._file_name()
    assert told.startswith(f"the library of openck, {name}, was not found. Tried were:\n")
    assert f"  {installed / 'openck' / name} (beside the package): there is no such file\n" in told
    assert f"  {name} (the system's search path): cannot be loaded: " in told
    assert "cargo build --release" in told and "OPENCK_LIBRARY" in told


def test_the_variable_names_a_file_that_is_not_there(installed):
    missing = installed / "nowhere" / "libopenck.so"
    told = import_from(BINDINGS, OPENCK_LIBRARY=str(missing))
    assert f"  {missing} (the environment variable OPENCK_LIBRARY): there is no such file\n" in told
    assert "beside the package" not in told  # what was asked for, and nothing else


def test_the_variable_names_something_else(installed):
    text = installed / "library.so"
    text.write_text("not a library")
    assert f"  {text} (the environment variable" in import_from(installed, OPENCK_LIBRARY=str(text))
    assert "cannot be loaded: " in import_from(installed, OPENCK_LIBRARY=str(text))


def test_the_variable_names_another_library(installed):
    import _ctypes

    told = import_from(installed, OPENCK_LIBRARY=_ctypes.__file__)
    assert "is not openck, or another version of it: " in told and "openck_version" in told


def test_beside_the_package(installed):
    beside = installed / "openck" / _library._file_name()
    os.symlink(LIBRARY, beside)
    assert import_from(installed) == f"loaded {beside}\n"


@pytest.mark.parametrize("moved", [False, True])
def test_in_the_build_tree(tmp_path, moved):
    package = tmp_path / "bindings" / "python" / "openck"
    shutil.copytree(BINDINGS / "openck", package, ignore=shutil.ignore_patterns("*.so", "*.dll"))
    (tmp_path / "Cargo.toml").touch()
    told = import_from(package.parent)
    release, debug = (
        tmp_path / "target" / kind / _library._file_name() for kind in ("release", "debug")
    )
    assert told.index(str(release)) < told.index(str(debug))

    target = tmp_path / "elsewhere" if moved else tmp_path / "target"
    built = target / "debug" / _library._file_name()
    built.parent.mkdir(parents=True)
    os.symlink(LIBRARY, built)
    changes = {"CARGO_TARGET_DIR": str(target)} if moved else {}
    assert import_from(package.parent, **changes) == f"loaded {built}\n"


def test_chilkat2_tells_the_same(installed):
    program = "import chilkat2"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(installed), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and "ImportError: the library of openck" in done.stderr
