"""Habits that hold for the whole code base, each with its reason in the message."""

import ast
import re
import subprocess

import pytest

from tests.rules.source import ROOT, Module, modules

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError|not implemented", re.IGNORECASE)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_nothing_is_left_unfinished(module: Module) -> None:
    found = [n for n, line in enumerate(module.text.splitlines(), 1) if UNFINISHED.search(line)]
    assert not found, f"{module.name}: finish or remove what is announced on lines {found}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_no_exception_is_swallowed(module: Module) -> None:
    silent = [
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "BaseException"))
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert not silent, f"{module.name}: name what you catch, or raise it again: lines {silent}"


def _calls(module: Module, dotted: set[str]) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in dotted
    ]


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_time_is_passed_in_and_never_asked_for(module: Module) -> None:
    if module.name.startswith(("counterpart/", "dev/")):
        return  # the composition root is where the clock comes from
    asked = _calls(module, {"datetime.now", "datetime.utcnow", "date.today", "datetime.today", "time.time"})
    assert not asked, f"{module.name}: take a `clock` argument instead (lines {asked})"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_only_the_composition_root_reads_the_environment(module: Module) -> None:
    if module.name.startswith(("counterpart/", "dev/")):
        return
    assert "os.environ" not in module.text, f"{module.name}: declare a setting in the package's settings.py"
    assert "getenv" not in module.text, f"{module.name}: declare a setting in the package's settings.py"


def _tracked_texts() -> list[tuple[str, str]]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    names = [name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    texts = []
    for name in names:
        data = (ROOT / name).read_bytes()
        if b"\0" not in data:
            texts.append((name, data.decode("utf-8", "replace")))
    return texts


def test_no_path_of_a_machine_is_written_down() -> None:
    machine = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/")
    found = [
        name
        for name, text in _tracked_texts()
        if machine.search(text) and name != "tests/rules/test_habits.py"
    ]
    assert not found, f"use a relative path or a setting in: {found}"


def test_no_package_registry_is_named() -> None:
    hosts = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org|archive\.ubuntu")
    found = [
        name for name, text in _tracked_texts() if hosts.search(text) and name != "tests/rules/test_habits.py"
    ]
    assert not found, f"packages are found by the machine's own configuration; remove the host from: {found}"
