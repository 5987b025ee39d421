"""API reference of the documentation site: a MkDocs hook and a griffe extension.

A line ``<!-- api: babelite.mining -->`` on a page becomes one ``:::`` directive for each name
of ``__all__``, with the path where the object is defined. Therefore the function
``babelite.mining.mine`` is shown and not the module of the same name. A line
``<!-- api-index: babelite -->`` is replaced by a list of links to these objects.

The extension lets griffe read the section ``Example:`` as ``Examples:``, which is shown as code. It
uses the comment above a constant as its docstring.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import griffe

_SOURCE = Path(__file__).parents[1] / "src"
_MARKER = re.compile(r"^<!-- (api|api-index): ([\w.]+) -->$", re.MULTILINE)


def _parse(package: str) -> ast.Module:
    path = _SOURCE.joinpath(*package.split("."), "__init__.py")
    return ast.parse(path.read_text(encoding="utf-8"))


def public_names(package: str) -> list[str]:
    """Return ``__all__`` of a package, in its order."""
    for node in _parse(package).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    raise ValueError(f"{package} has no __all__")


def defining_path(package: str, name: str) -> str:
    """Return the dotted path where a name that a package exports is defined."""
    for node in ast.walk(_parse(package)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    folder = _SOURCE.joinpath(*node.module.split("."))
                    if folder.is_dir():
                        return defining_path(node.module, alias.name)
                    return f"{node.module}.{alias.name}"
    return f"{package}.{name}"


def _kind(name: str) -> int:
    return 2 if name.isupper() else int(name[0].isupper())


def _directives(package: str) -> str:
    """Directives of the functions, then the classes, then the constants."""
    parts = [
        f'::: {defining_path(package, name)}\n    options:\n      heading: "{name}"\n'
        f'      toc_label: "{name}"\n'
        for name in sorted(public_names(package), key=_kind)
    ]
    return "\n".join(parts)


def _links(package: str) -> str:
    names = [name for name in public_names(package) if not name.startswith("_")]
    return "\n".join(f"- [`{package}.{name}`][{defining_path(package, name)}]" for name in names)


def on_page_markdown(markdown: str, **_: object) -> str:
    """Replace the markers of a page. MkDocs calls this for each page."""
    makers = {"api": _directives, "api-index": _links}
    return _MARKER.sub(lambda match: makers[match[1]](match[2]), markdown)


class Docstrings(griffe.Extension):
    """Rename ``Example:`` to ``Examples:``, and use the comments above constants as docstrings."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Change the docstring of one object."""
        if obj.docstring:
            obj.docstring.value = re.sub(r"(?m)^Example:$", "Examples:", obj.docstring.value)
        elif obj.is_attribute and obj.parent and obj.parent.is_module and obj.lineno:
            comment = _comment_above(obj.lines_collection[obj.filepath], obj.lineno - 1)
            if comment:
                obj.docstring = griffe.Docstring(comment, parent=obj, lineno=obj.lineno)


def _comment_above(lines: list[str], row: int) -> str:
    first = row
    while first > 0 and lines[first - 1].startswith("# "):
        first -= 1
    return "\n".join(line.removeprefix("# ") for line in lines[first:row])
