"""What the package offers: classes, members, annotations, versions."""

import ast
import inspect
import re
import sys

import chilkat2
import pytest
from support import BINDINGS, ROOT, run

import openck
from openck import _runtime

CLASSES = [name for name in openck.__all__ if name != "__version__"]


def members(cls):
    """The keys by which the library knows the members."""
    for name, member in vars(cls).items():
        if isinstance(member, property):
            yield f"get:{name}"
            if member.fset:
                yield f"put:{name}"
        elif inspect.isfunction(member):
            yield name


def test_the_classes_of_the_original_are_there():
    assert {"WebSocket", "Rest", "BinData", "StringBuilder", "Global"} <= set(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
def test_both_modules_have_the_same_class(name):
    assert getattr(chilkat2, name) is getattr(openck, name)
    assert repr(getattr(openck, name)) == f"<class 'openck.{name}'>"


@pytest.mark.parametrize("name", CLASSES)
def test_every_member_is_in_the_library(name):
    keys = list(members(getattr(openck, name)))
    find = _runtime._loaded.openck_member
    missing = [key for key in keys if not find(name.encode(), key.encode())]
    assert len(keys) > 10 and missing == []
    assert find(name.encode(), b"get:NoSuchMember") == 0


@pytest.mark.parametrize("name", CLASSES)
def test_every_property_can_be_read_and_has_the_annotated_type(name):
    instance = getattr(openck, name)()
    for key, member in vars(type(instance)).items():
        if isinstance(member, property):
            kind = {"bool": bool, "int": int, "str": str}[member.fget.__annotations__["return"]]
            assert type(getattr(instance, key)) is kind, key


def test_every_parameter_can_be_converted():
    known = {*_runtime._CONVERSIONS, *CLASSES}
    for name in CLASSES:
        cls = getattr(openck, name)
        for key in members(cls):
            function = inspect.getattr_static(cls, key.rpartition(":")[2])
            if isinstance(function, property):
                function = function.fset if key.startswith("put:") else function.fget
            kinds = {of: kind for of, kind in function.__annotations__.items() if of != "return"}
            assert set(kinds.values()) <= known, f"{name}.{key}"
            assert list(kinds) == list(inspect.signature(function).parameters)[1:]


def test_type_checkers_find_annotations():
    for package in ("openck", "chilkat2"):
        assert (BINDINGS / package / "py.typed").is_file()
    tree = ast.parse((BINDINGS / "openck" / "_generated.py").read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert len(functions) > 100
    assert [
        f.name
        for f in functions
        if f.returns is None or not ast.get_docstring(f) and not f.decorator_list
    ] == []


def test_all_files_compile(tmp_path):
    folders = [BINDINGS / "openck", BINDINGS / "chilkat2", ROOT / "examples" / "python"]
    command = [sys.executable, "-m", "compileall", "-q", *map(str, folders)]
    done = run(command, PYTHONPYCACHEPREFIX=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.rglob("_generated*.pyc"))


def test_versions_agree():
    found = [openck.__version__, chilkat2.__version__, openck.WebSocket().Version]
    for path in (
        "Cargo.toml",
        "bindings/python/pyproject.toml",
        "bindings/python/chilkat2-dist/pyproject.toml",
    ):
        text = (ROOT / path).read_text(encoding="utf-8")
        found.append(re.search(r'^version = "(.*)"$', text, re.MULTILINE)[1])
    text = (ROOT / "bindings/python/chilkat2-dist/pyproject.toml").read_text(encoding="utf-8")
    found.append(re.search(r'"openck==(.*)"', text)[1])
    assert set(found) == {openck.__version__}
