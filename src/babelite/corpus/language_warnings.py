"""Warnings about text that a model cannot read, or whose language it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol

from babelite.corpus.language_id import LanguageIdentifier, can_identify_languages
from babelite.corpus.languages import base_language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Texts in another script: most texts have more than this share of unknown tokens.
_MOST = 0.5
# Letters a token. Words of languages without training text are split into more tokens; only then
# is the language identified, which takes a second.
_FEW_LETTERS = 2.8


class LanguageModel(Protocol):
    """A model that tells its languages and its tokens, such as `babelite.Encoder`."""

    @property
    def languages(self) -> Sequence[str]:
        """The languages that it was trained on."""

    def tokenize(self, sentences: Iterable[str], /) -> list[list[int]]:
        """The ids of the tokens of each sentence."""

    def unknown_token_share(self, sentences: Iterable[str], /) -> NDArray[np.float32]:
        """The share of unknown tokens of each sentence."""


def language_warning(
    model: LanguageModel, texts: Sequence[str], name: str, language: str | None = None
) -> str | None:
    """What to say of texts whose language the model was not trained on; None: nothing.

    Args:
        model: The model that encodes the texts.
        texts: A sample of the texts.
        name: What the texts are, the subject of the warning.
        language: Their declared language. Default: it is identified if the texts are hard to read
            for the model and the extra ``filter`` is installed.
    """
    known = {base_language(code) for code in model.languages}
    if language is None or base_language(language) in known:
        language = _identified(model, texts)
    if language is not None:
        problem = f"{name} is in the language {language}, which the model was not trained on"
    elif texts and _is_in_unknown_script(model, texts):
        problem = f"the model knows little or nothing of {name}"
    else:
        return None
    return (
        f"{problem}, so its scores mean little; the languages of the model are "
        f"{', '.join(model.languages)}."
    )


def unreadable_warning(count: int) -> str | None:
    """What to say of a number of texts with zero vectors; None: nothing, there are none."""
    if not count:
        return None
    have = "1 text has" if count == 1 else f"{count:,} texts have"
    return (
        f"{have} no word or number that the model knows, such as emoji or words in another "
        "script: their vectors are zero and match nothing."
    )


def _is_in_unknown_script(model: LanguageModel, texts: Sequence[str]) -> bool:
    return bool((model.unknown_token_share(texts) > _MOST).mean() > _MOST)


def _identified(model: LanguageModel, texts: Sequence[str]) -> str | None:
    """The language of texts if it is clearly none of the model's."""
    letters = sum(sum(map(str.isalpha, text)) for text in texts)
    tokens = sum(map(len, model.tokenize(texts)))
    if not tokens or letters >= _FEW_LETTERS * tokens or not can_identify_languages():
        return None
    return _identifier().other_language(texts, model.languages)


@cache
def _identifier() -> LanguageIdentifier:
    """The identifier, which takes a second to load."""
    return LanguageIdentifier()
