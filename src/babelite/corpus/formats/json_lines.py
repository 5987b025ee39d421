"""JSON lines: objects of a file, their string fields, and the sentence pairs in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import BinaryIO, cast

from babelite.corpus.columns import choose_fields, field_names, languages_of_fields
from babelite.corpus.losses import BLANK_LINES, Losses
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError
from babelite.storage import (
    MAX_RECORD_BYTES,
    read_lines,
    record_too_large,
    suffix_of,
    writing_text,
)

# Translation data sets often nest both sides: {"translation": {"en": …, "fr": …}}.
NESTED = "translation"


def read_jsonl(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None, losses: Losses
) -> Iterator[Pair]:
    """Read the pairs of `read_jsonl_records`."""
    return (pair for pair, _ in read_jsonl_records(path, languages, columns, losses))


def read_jsonl_records(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None, losses: Losses
) -> Iterator[tuple[Pair, dict[str, object]]]:
    """Read the pair and the whole of each JSON object; blank lines are skipped.

    Null is an empty side. The default keys are the language codes, else ``source`` and ``target``,
    at the top or inside ``"translation": {…}``.
    """
    keys: tuple[str, str] | None = None
    for number, record in _objects(path, losses):
        inner = record.get(NESTED)
        nested = isinstance(inner, dict) and not (columns and set(columns) <= record.keys())
        fields = cast("dict[str, object]", inner) if nested else record
        keys = keys or choose_fields(fields, languages, columns, path, number)
        for key in keys:
            if key not in fields:
                problem, hint = f"has no {key!r}", "fix the line, or choose others with --columns"
                raise BabeliteError(
                    problem, code="column-not-found", path=path, line=number, hint=hint
                )
        pair = (string_field(fields[key], key, path, number, "--columns") for key in keys)
        yield Pair(*pair), record


def jsonl_languages(path: str, columns: tuple[str, str] | None) -> tuple[str, str] | None:
    """The languages that the keys of the first object name; None unless there are two."""
    for _, record in _objects(path):
        inner = record.get(NESTED)
        return languages_of_fields(inner if isinstance(inner, dict) else record, columns)
    return None


def jsonl_texts(path: str) -> Iterator[str]:
    """Yield every string of every object, at any depth."""
    for _, record in _objects(path):
        yield from _strings(record)


def write_jsonl(
    path: str, pairs: Iterable[Pair], languages: tuple[str, str], losses: Losses
) -> int:
    """Write objects whose keys are the two language codes; return the number of pairs."""
    names = field_names(languages)
    count = 0
    with writing_text(path) as out:
        for pair in pairs:
            record = dict(zip(names, pair, strict=True))
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count


def _objects(path: str, losses: Losses | None = None) -> Iterator[tuple[int, dict[str, object]]]:
    lines = read_lines(path)
    if suffix_of(path) == ".json":  # one array, or one object a line
        first = next(lines, "")
        lines = chain([first], lines)
        if first.lstrip().startswith("["):
            for number, item in enumerate(parse_json_array("\n".join(lines), path), 1):
                if not isinstance(item, dict):
                    problem, hint = f"item {number} is not an object", "write objects"
                    raise BabeliteError(problem, code="format-invalid", path=path, hint=hint)
                yield number, item
            return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            if losses is not None:
                losses[BLANK_LINES] += 1
        else:
            yield number, parse_json_object(line, path, number, '{"en": "…", "fr": "…"}')


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield _replace_lone_surrogates(value)
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def parse_json_object(line: str, path: str, number: int, example: str) -> dict[str, object]:
    """Parse the JSON object on line ``number``, or raise ``format-invalid`` with an example."""
    problem, cause = "is not a JSON object", None
    try:
        record = json.loads(line)
        if isinstance(record, dict):
            return record
    except (ValueError, RecursionError) as error:
        problem, cause = f"is not JSON ({error})", error
    hint = f"write one object a line, such as {example}"
    raise BabeliteError(
        problem, code="format-invalid", path=path, line=number, hint=hint
    ) from cause


def parse_json_array(content: str | bytes, path: str) -> list[object]:
    """The items of a JSON array, or raise ``format-invalid``."""
    problem, cause = "is not a JSON array", None
    try:
        found = json.loads(content)
        if isinstance(found, list):
            return found
    except (ValueError, RecursionError) as error:
        problem, cause = f"is not JSON ({error})", error
    hint = "write an array of objects, or one object a line"
    raise BabeliteError(problem, code="format-invalid", path=path, hint=hint) from cause


def read_json_array(stream: BinaryIO, path: str) -> list[object]:
    """The items of a JSON array in a stream of limited size, or raise ``format-invalid``."""
    content = stream.read(MAX_RECORD_BYTES + 1)
    if len(content) > MAX_RECORD_BYTES:
        raise record_too_large(path, "JSON array")
    return parse_json_array(content, path)


def field_value(record: Mapping[str, object], name: str) -> tuple[bool, object]:
    """Whether a record has a field, and its value; ``a.b`` is the field b of the object a.

    Example:
        >>> field_value({"a": {"b": "text"}}, "a.b")
        (True, 'text')
    """
    if name in record:
        return True, record[name]
    outer, dot, inner = name.partition(".")
    value = record.get(outer)
    return field_value(value, inner) if dot and isinstance(value, dict) else (False, None)


def string_field(value: object, name: str, path: str, number: int | None, option: str) -> str:
    """The text of field ``name`` on line ``number``; null gives "", a lone surrogate U+FFFD.

    Another value, or a zero byte, raises ``column-invalid`` with a hint to use the option.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        problem = f"{name!r} is not a string"
    elif "\0" in value:
        problem = f"{name!r} contains a zero byte (\\u0000), so it is not text"
    else:
        return _replace_lone_surrogates(value)
    hint = f"fix the line, or choose another field with {option}"
    raise BabeliteError(problem, code="column-invalid", path=path, line=number, hint=hint)


def _replace_lone_surrogates(text: str) -> str:
    r"""Replace lone surrogates, which JSON can write and UTF-8 cannot, by U+FFFD.

    Example:
        >>> _replace_lone_surrogates("a\ud83d b\ud83d\ude00")
        'a\ufffd b\U0001f600'
    """
    if text.isprintable():  # true for most texts, and never for surrogates
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
