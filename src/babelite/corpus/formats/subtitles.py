"""Subtitles (SubRip and WebVTT) as text: one line a cue, without times and markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from babelite.errors import BabeliteError

_TIME = r"(?:\d+:)?\d{1,2}:\d{2}[,.]\d{1,3}"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(\s.*)?")
_NUMBER = re.compile(r"\s*\d+\s*")
# Tags such as <i>, </font>, <c.yellow>, <v Anna> and <00:01.000>; not the signs of "1 < 2 > 0".
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|</?\d[\d:.]*>")
_STYLE = re.compile(r"\{\\[^{}]*\}")  # of SubStation, as in {\an8}
_NO_CUE = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")


_Block = list[tuple[int, str]]  # neighbouring lines with their numbers, from 1


def subtitle_texts(lines: Sequence[str], path: str, *, is_vtt: bool) -> Iterator[str]:
    """Yield the text of each cue that has one, in the order of the file.

    Raises ``format-invalid`` with the line for a cue whose times cannot be read, and for text
    before the first cue, which would be lost.
    """
    if is_vtt and lines and not lines[0].startswith("WEBVTT"):
        problem, hint = "does not begin with WEBVTT", "fix the file, or name it .srt if it is one"
        raise BabeliteError(problem, code="format-invalid", path=path, line=1, hint=hint)
    cues: list[list[str]] = []
    for block in _blocks(lines):
        first, start = block[0]
        place = next((n for n, (_, line) in enumerate(block[:2]) if _TIMES.fullmatch(line)), None)
        if place is None and is_vtt and (first == 1 or _NO_CUE.match(start)):
            continue
        text = block if place is None else block[place + 1 :]
        wrong = next((number for number, line in text if "-->" in line), None)
        if place is not None:
            cues.append([])
        elif wrong is None and (is_vtt or not cues):  # SubRip may have an empty line in a cue
            wrong = first
        if wrong is not None:
            raise _no_times(path, wrong)
        cues[-1] += [line for _, line in text]
    for cue in cues:
        plain = _STYLE.sub("", _TAG.sub("", " ".join(cue).replace(r"\N", " ")))
        if plain := " ".join((html.unescape(plain) if is_vtt else plain).split()):
            yield plain


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    """The lines between blank ones; a cue begins a block also without a blank line before it."""
    block: _Block = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            if block:
                yield block
            block = []
            continue
        if _TIMES.fullmatch(line) and any(_TIMES.fullmatch(before) for _, before in block[:2]):
            identifier = [block.pop()] if _NUMBER.fullmatch(block[-1][1]) else []
            yield block
            block = identifier
        block.append((number, line))
    if block:
        yield block


def _no_times(path: str, line: int) -> BabeliteError:
    problem = "is not a cue of subtitles, whose times are written as 00:01:02,000 --> 00:01:04,000"
    hint = "fix the line, or give the text as .txt"
    return BabeliteError(problem, code="format-invalid", path=path, line=line, hint=hint)
