"""The code base as the rules see it: every Python module of the product, parsed once."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "app",
    "counterpart",
    "dev",
    "ldap_schema",
    "outbound",
    "saml",
    "sandbox",
    "search_index",
    "store",
    "sync",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the product's packages, in order of path."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple(Module(path, text, ast.parse(text)) for path in paths for text in [path.read_text()])


def public_definitions(module: Module) -> list[tuple[str, ast.AST]]:
    """Names a reader meets from outside: module-level classes and functions and their public methods."""
    found: list[tuple[str, ast.AST]] = []
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found.append((node.name, node))
            methods = [item for item in node.body if isinstance(item, Function)]
            found += [(f"{node.name}.{item.name}", item) for item in methods if not item.name.startswith("_")]
        elif isinstance(node, Function) and not node.name.startswith("_"):
            found.append((node.name, node))
    return found
