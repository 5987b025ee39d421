"""Imports respect the packages: no heavy library at import, no private module from outside."""

from __future__ import annotations

import ast
import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import babelite
from babelite.errors import MissingExtraError

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(path.parent.name for path in (ROOT / "src/babelite").glob("*/__init__.py"))
HEAVY = ["torch", "onnxruntime", "faiss", "pandas", "numpy", "pydantic", "typer"]
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def sources() -> Iterator[tuple[str, str, str | None]]:
    """Every Python source: where it is, its text, and the package it belongs to."""
    for folder in ("src/babelite", "benchmarks", "recipes"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).parts
            inside = folder == "src/babelite" and len(parts) > 1
            yield str(path), path.read_text(encoding="utf-8"), parts[0] if inside else None
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for block in CODE.findall(path.read_text(encoding="utf-8")):
            yield str(path), block, None


def imported_modules(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_other_packages_import_a_package_and_not_its_modules() -> None:
    inside = [
        f"{place}: {module}"
        for place, code, package in sources()
        for module in imported_modules(code)
        if (parts := module.split("."))[0] == "babelite"
        and len(parts) > 2
        and parts[1] in PACKAGES
        and parts[1] != package
    ]
    assert not inside, "\n".join(inside)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_exported_name_of_a_package_exists(name: str) -> None:
    package = __import__(f"babelite.{name}", fromlist=["__all__"])
    for exported in getattr(package, "__all__", []):
        with contextlib.suppress(MissingExtraError):  # the test environment has not all of them
            assert hasattr(package, exported)


def test_every_public_name_exists() -> None:
    for name in babelite.__all__:
        assert getattr(babelite, name) is not None
    with pytest.raises(AttributeError):
        babelite.no_such_name  # noqa: B018


def test_import_loads_no_heavy_library() -> None:
    program = f"import sys, babelite; sys.exit(sum(m in sys.modules for m in {HEAVY}))"
    subprocess.run([sys.executable, "-c", program], check=True)
