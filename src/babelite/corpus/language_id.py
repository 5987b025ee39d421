"""Language identification of sentences with py3langid (the extra ``filter``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec

from babelite.corpus.languages import base_language
from babelite.errors import BabeliteError, MissingExtraError

# A sentence is in another language if that is this many times as likely.
_LIKELIHOOD_RATIO = 10.0
# Names and codes have no likely language: below this probability nothing is said about a sentence.
_MIN_LIKELIHOOD = 0.2
# Shorter sentences are not checked.
_MIN_LETTERS = 8

# Of a sample of texts: words of a sentence, the share of letters in it, characters that are
# identified together and in all, the probability of a clear result, and the share of such results.
_MIN_WORDS = 4
_LETTER_SHARE = 0.75
_CHUNK = 150
_MIN_SAMPLE = 200
_CLEAR = 0.9
_CLEAR_SHARE = 0.7

# Groups of languages too similar to be identified by one sentence.
_SIMILAR = [set(group.split()) for group in ("no nb nn da", "hr sr bs", "id ms", "gl pt", "cs sk")]


class LanguageIdentifier:
    """Identifies languages offline; the model is part of the package py3langid.

    Raises:
        MissingExtraError: The extra ``filter`` is not installed.
    """

    def __init__(self) -> None:
        if not can_identify_languages():
            raise MissingExtraError("language identification", "filter")
        from py3langid.langid import MODEL_FILE
        from py3langid.langid import LanguageIdentifier as Library

        self._library = Library.from_model_file(MODEL_FILE, norm_probs=True)
        self.languages = frozenset(self._library.labels)

    def require(self, language: str) -> None:
        """Raise `BabeliteError` (``language-not-found``) if a language cannot be identified."""
        if base_language(language) not in self.languages:
            raise BabeliteError(
                f"the language {language!r} cannot be identified",
                code="language-not-found",
                hint="leave them out, or choose one of " + ", ".join(sorted(self.languages)),
            )

    def require_not_swapped(
        self, sources: Sequence[str], targets: Sequence[str], languages: tuple[str, str]
    ) -> None:
        """Raise `BabeliteError` (``option-invalid``) if most pairs are in the reverse languages."""
        source, target = languages
        pairs = list(zip(sources, targets, strict=False))
        swapped = sum(
            self.is_wrong(a, source)
            and self.is_wrong(b, target)
            and not self.is_wrong(a, target)
            and not self.is_wrong(b, source)
            for a, b in pairs
        )
        if swapped > len(pairs) / 2:
            problem = f"the languages are {source} and {target}, but the text is the reverse"
            hint = f"give {target}-{source}, or swap the two columns"
            raise BabeliteError(problem, code="option-invalid", hint=hint)

    def likelihoods(self, text: str) -> dict[str, float]:
        """The probability of each language, the highest first."""
        return dict(self._library.rank(text))

    def is_wrong(self, text: str, language: str) -> bool:
        """Whether a sentence is clearly in another language than the expected one."""
        if sum(map(str.isalpha, text)) < _MIN_LETTERS:
            return False
        language = base_language(language)
        likelihoods = self.likelihoods(text)
        best = next(iter(likelihoods))
        if best == language or likelihoods[best] < _MIN_LIKELIHOOD:
            return False
        if any({best, language} <= group for group in _SIMILAR):
            return False
        return likelihoods[best] > _LIKELIHOOD_RATIO * likelihoods.get(language, 0.0)

    def other_language(self, texts: Iterable[str], known: Iterable[str]) -> str | None:
        """The language of texts if it clearly is none of the known ones; else None.

        Names, code and numbers are left out, and nothing is said of less than some four sentences.
        """
        chunks = list(_chunks(filter(_is_prose, texts)))
        if sum(map(len, chunks)) < _MIN_SAMPLE:
            return None
        best = (next(iter(self.likelihoods(chunk).items())) for chunk in chunks)
        votes = Counter(language for language, share in best if share >= _CLEAR)
        if not votes:
            return None
        language, count = votes.most_common(1)[0]
        bases = {base_language(code) for code in known}
        alike = {language}.union(*(group for group in _SIMILAR if language in group))
        return language if count >= _CLEAR_SHARE * len(chunks) and not alike & bases else None

    def main_language(self, texts: Iterable[str]) -> str:
        """The most frequent language of texts."""
        votes = Counter(next(iter(self.likelihoods(text))) for text in texts)
        return votes.most_common(1)[0][0]


def _is_prose(text: str) -> bool:
    """Whether a text is made of words, most of them in lower case, as sentences are."""
    words = text.split()
    letters = sum(map(str.isalpha, text))
    if len(words) < _MIN_WORDS or letters < _LETTER_SHARE * sum(map(len, words)):
        return False
    return 2 * sum(word[0].isupper() for word in words) <= len(words)


def _chunks(texts: Iterable[str]) -> Iterator[str]:
    """Texts joined to chunks of several sentences, which are identified with more certainty."""
    chunk = ""
    for text in texts:
        chunk = f"{chunk} {text}"
        if len(chunk) >= _CHUNK:
            yield chunk
            chunk = ""
    if chunk:
        yield chunk


def can_identify_languages() -> bool:
    """Whether the extra ``filter`` is installed."""
    return find_spec("py3langid") is not None
