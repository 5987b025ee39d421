"""Every error has a code, and docs/error-codes.md lists exactly the codes in use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/error-codes.md").read_text(encoding="utf-8")
LISTED = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)


def calls_and_constants() -> tuple[set[str], set[str]]:
    """The strings given as ``code=...``, and all strings of the package."""
    codes, constants = set(), set()
    for path in (ROOT / "src/babelite").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code":
                codes.update(strings(node.value))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
    return codes, constants


def strings(node: ast.expr) -> Iterator[str]:
    """The possible strings of an expression: both branches of a conditional, not its condition."""
    if isinstance(node, ast.IfExp):
        yield from strings(node.body)
        yield from strings(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_code_of_an_error_is_on_the_page_and_every_code_on_the_page_is_used() -> None:
    codes, constants = calls_and_constants()
    assert codes - set(LISTED) - {""} == set()  # "": an error whose text becomes part of another
    assert set(LISTED) - constants == set()


def test_every_error_has_a_code() -> None:
    missing = []
    for path in (ROOT / "src/babelite").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) != "BabeliteError":
                continue
            if all(keyword.arg not in ("code", None) for keyword in node.keywords):
                missing.append(f"{path.name}:{node.lineno}")
    assert missing == []


def test_codes_on_the_page_are_sorted_and_in_kebab_case() -> None:
    assert sorted(set(LISTED)) == LISTED
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in LISTED)
