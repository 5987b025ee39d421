"""Is a sentence in the language it should be in? py3langid says, if it is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from importlib.util import find_spec

from babelite.errors import BabeliteError, MissingExtraError

# Another language has to be so many times as likely before a sentence counts as being in it.
_TIMES_AS_LIKELY = 10.0
# A sentence with fewer letters tells no language.
_FEWEST_LETTERS = 8

# Languages that no identifier tells apart for sure in a sentence.
_ALIKE = (
    frozenset({"no", "nb", "nn", "da"}),
    frozenset({"hr", "sr", "bs"}),
    frozenset({"id", "ms"}),
    frozenset({"gl", "pt"}),
    frozenset({"cs", "sk"}),
)


class LanguageIdentifier:
    """Tells languages apart; offline, its model is in the package py3langid.

    Raises:
        MissingExtraError: The extra ``filter`` is not installed.
    """

    def __init__(self) -> None:
        if not is_available():
            raise MissingExtraError("telling languages apart", "filter")
        from py3langid.langid import MODEL_FILE
        from py3langid.langid import LanguageIdentifier as Library

        self._library = Library.from_model_file(MODEL_FILE, norm_probs=True)
        self.languages = frozenset(self._library.labels)

    def require(self, language: str) -> None:
        """Raise unless a language is known.

        Raises:
            BabeliteError: It is not.
        """
        if language not in self.languages:
            raise BabeliteError(
                f"the language {language!r} cannot be identified",
                hint="leave --languages out, or choose among " + ", ".join(sorted(self.languages)),
            )

    def likelihoods(self, text: str) -> dict[str, float]:
        """How likely each language is, the likeliest first; they add up to 1."""
        return dict(self._library.rank(text))

    def is_wrong(self, text: str, language: str) -> bool:
        """Whether a sentence is clearly in another language than the one it should be in."""
        if sum(map(str.isalpha, text)) < _FEWEST_LETTERS:
            return False
        likelihoods = self.likelihoods(text)
        best = next(iter(likelihoods))
        if best == language or any({best, language} <= group for group in _ALIKE):
            return False
        return likelihoods[best] > _TIMES_AS_LIKELY * likelihoods.get(language, 0.0)

    def main_language(self, texts: Iterable[str]) -> str:
        """The language that most of the texts are in."""
        votes = Counter(next(iter(self.likelihoods(text))) for text in texts)
        return votes.most_common(1)[0][0]


def is_available() -> bool:
    """Whether the extra ``filter`` is installed."""
    return find_spec("py3langid") is not None
