"""A teacher as a user names it: an encoder, the languages that it reads, and a weight."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from babelite.errors import BabeliteError

_WEIGHT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\*")
_LANGUAGES = re.compile(r"([a-z]{2,3}(?:,[a-z]{2,3})*)=")


@dataclass(frozen=True)
class Teacher:
    """An encoder whose vectors are learned."""

    spec: str  # as `babelite.encoding.open_encoder` takes it
    languages: tuple[str, ...] | None = None  # that it reads; None: all
    weight: float = 1.0  # of its loss, relative to those of other teachers
    minutes: float | None = None  # for which it encodes; None: until all sentences are encoded

    def reads(self, language: str) -> bool:
        """Whether the teacher encodes sentences of a language."""
        return self.languages is None or language in self.languages

    @property
    def folder_name(self) -> str:
        """The name of the folder of its vectors: readable, and different for another teacher."""
        key = f"{self.spec} {','.join(self.languages or ())}"
        if self.minutes is not None:
            key += f" {self.minutes:g}"
        readable = re.sub(r"\W+", "-", self.spec).strip("-")[-40:]
        return f"{readable}-{hashlib.blake2b(key.encode(), digest_size=4).hexdigest()}"


def parse_teacher(text: str) -> Teacher:
    """Read a teacher as it is written on the command line: ``[WEIGHT*][LANG,LANG=]SPEC``.

    Example:
        >>> teacher = parse_teacher("2*en=sentence-transformers:all-MiniLM-L6-v2")
        >>> teacher.spec, teacher.languages, teacher.weight
        ('sentence-transformers:all-MiniLM-L6-v2', ('en',), 2.0)
        >>> parse_teacher("my_module:encode").languages is None
        True
    """
    rest, weight, languages = text.strip(), 1.0, None
    if found := _WEIGHT.match(rest):
        weight, rest = float(found[1]), rest[found.end() :]
    if found := _LANGUAGES.match(rest):
        languages, rest = tuple(found[1].split(",")), rest[found.end() :]
    if not rest or weight == 0:
        raise BabeliteError(
            f"the teacher {text!r} has {'a weight of 0' if rest else 'no encoder'}",
            code="option-invalid",
            hint="write [WEIGHT*][LANGUAGES=]ENCODER, such as en=sentence-transformers:NAME",
        )
    return Teacher(rest, languages, weight)
