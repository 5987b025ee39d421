"""Warnings about text that a model cannot read, or whose language it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

import typer

if TYPE_CHECKING:
    from babelite.encoding import Encoder, SentenceEncoder

_Item = TypeVar("_Item")

_SAMPLED_LINES = 200


class _Texts(Protocol):
    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> str: ...


@dataclass
class _Sample:
    """Some texts from all parts of a file, whose language may be declared."""

    name: str
    language: str | None
    texts: list[str] = field(default_factory=list)
    _seen: int = 0
    _step: int = 1

    def add(self, text: str) -> None:
        if text.strip():
            if self._seen % self._step == 0:
                self.texts.append(text)
                if len(self.texts) == 2 * _SAMPLED_LINES:
                    del self.texts[1::2]
                    self._step *= 2
            self._seen += 1


class TextCheck:
    """Samples the texts of a command, and warns of them once, in `warn`.

    Nothing is known about the languages of other libraries' encoders, and nothing said.
    """

    def __init__(self, encoder: SentenceEncoder) -> None:
        from babelite.encoding import Encoder

        self._encoder: Encoder | None = encoder if isinstance(encoder, Encoder) else None
        self._before = self._encoder.unreadable_texts if self._encoder else 0
        self._samples: list[_Sample] = []

    def watch(
        self,
        items: Iterable[_Item],
        name: str,
        language: str | None = None,
        *,
        text_of: Callable[[_Item], str] = str,
    ) -> Iterator[_Item]:
        """The items of a stream, unchanged; some of their texts are remembered."""
        if language is None:
            language = _declared([name])[0]
        sample = _Sample(name, language)
        self._samples.append(sample)
        for item in items:
            if self._encoder is not None:
                sample.add(text_of(item))
            yield item

    def add(self, texts: _Texts, name: str, language: str | None = None) -> None:
        """Remember some of the texts of a sequence."""
        rows = range(0, len(texts), max(1, len(texts) // _SAMPLED_LINES))
        for _ in self.watch((texts[row] for row in rows), name, language):
            pass

    def add_sides(
        self,
        sides: Sequence[_Texts],
        names: Sequence[str],
        languages: Sequence[str | None] = (None, None),
    ) -> None:
        """Remember some of the texts of two sides, whose names may declare their languages."""
        for texts, name, given, found in zip(
            sides, names, languages, _declared(names), strict=True
        ):
            self.add(texts, name, given or found)

    def warn(self, unreadable: int | None = None) -> None:
        """Print the warnings to standard error, and begin anew.

        ``unreadable`` is the number of texts that the model cannot read; default: those that the
        encoder has met since the check began.
        """
        if self._encoder is None:
            return
        from babelite.corpus import unreadable_warning

        for sample in self._samples:
            self._warn_of_language(self._encoder, sample)
        self._samples.clear()
        if unreadable is None:
            unreadable = self._encoder.unreadable_texts - self._before
        self._before = self._encoder.unreadable_texts
        warning = unreadable_warning(unreadable)
        if warning:
            _say(warning)

    def _warn_of_language(self, encoder: Encoder, sample: _Sample) -> None:
        from babelite.corpus import language_warning

        name = "standard input" if sample.name == "-" else sample.name
        warning = language_warning(encoder, sample.texts, name, sample.language)
        if warning:
            _say(
                f"{warning} Give a model for the language with --model, or train one with "
                "`babelite train`."
            )


def _declared(names: Sequence[str]) -> tuple[str | None, ...]:
    from babelite.corpus import languages_in_names

    return languages_in_names(names)


def _say(message: str) -> None:
    typer.echo(f"babelite: {message}", err=True)
