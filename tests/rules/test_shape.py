"""Size, annotation and documentation: what keeps every module readable in one sitting."""

import ast
import re

import pytest

from tests.rules.source import Module, modules, public_definitions

MODULE_LINES = 300
FUNCTION_LINES = 40


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_module_fits_in_one_reading(module: Module) -> None:
    lines = module.text.count("\n")
    assert lines <= MODULE_LINES, f"{module.name} has {lines} lines: split it by task (limit {MODULE_LINES})"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_function_fits_on_one_screen(module: Module) -> None:
    long = {
        f.name: (f.end_lineno or f.lineno) - f.lineno + 1
        for f in module.functions()
        if (f.end_lineno or f.lineno) - f.lineno + 1 > FUNCTION_LINES
    }
    assert not long, (
        f"{module.name}: take steps out into named functions (limit {FUNCTION_LINES} lines): {long}"
    )


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_every_function_is_annotated(module: Module) -> None:
    bare = []
    for function in module.functions():
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        missing = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        if missing or function.returns is None:
            bare.append(f"line {function.lineno} {function.name}")
    assert not bare, f"{module.name}: annotate every argument and the result: {bare}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_every_module_says_what_it_is_for(module: Module) -> None:
    if not module.text.strip():
        return
    assert ast.get_docstring(module.tree), f"{module.name}: begin with a docstring of one line"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_public_names_have_docstrings_that_say_something(module: Module) -> None:
    wanting = [name for name, node in public_definitions(module) if not _says_something(name, node)]
    assert not wanting, (
        f"{module.name}: say what it does and why, in words that the name does not hold: {wanting}"
    )


def _says_something(name: str, node: ast.AST) -> bool:
    assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    text = ast.get_docstring(node) or ""
    words = set(re.findall(r"[a-z]+", text.lower()))
    named = set(re.findall(r"[a-z]+", re.sub(r"([A-Z])", r" \1", name).lower()))
    return len(words - named) >= 3
