"""Disturbances of clean text, as pure functions of sentence and seed.

A disturbance takes a sentence, its language and a random generator. It returns the sentence as
somebody might have typed, copied or sent it. The meaning is unchanged, so a robust encoder still
finds the translation.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from html.entities import codepoint2name
from random import Random

Disturbance = Callable[[str, str, Random], str]

# Rows of the keyboard, for typos on neighbouring keys.
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_EMOJI = ("😀", "👍", "🎉", "❤️", "🙏", "😂", "🔥", "🤔")
_ENDS = ("!!!", "...", "…", "?!", " !", ".", "")
_QUOTES = {"en": "“”", "fr": "«»", "de": "„“", "es": "«»", "it": "«»"}
_GREETINGS = {
    "en": "Good morning everybody,",
    "fr": "Bonjour à tous,",
    "de": "Guten Morgen zusammen,",
    "es": "Buenos días a todos,",
    "it": "Buongiorno a tutti,",
}
# Punctuation outside of tokens: not the marks in "3.5" and "e-mail".
_PUNCTUATION = re.compile(r"(?<!\w)[^\w\s]+|[^\w\s]+(?!\w)")
_ENTITIES = {code: f"&{name};" for code, name in codepoint2name.items() if code > 127}
_LONG_WORD = re.compile(r"[^\W\d_]{6,}")
_END = re.compile(r"[\s.!?…]*$")


def as_is(sentence: str, language: str, random: Random) -> str:
    """The sentence unchanged."""
    return sentence


def lower_case(sentence: str, language: str, random: Random) -> str:
    """Lower case."""
    return sentence.lower()


def upper_case(sentence: str, language: str, random: Random) -> str:
    """Upper case."""
    return sentence.upper()


def title_case(sentence: str, language: str, random: Random) -> str:
    """Every word with a capital letter, as in a headline.

    Example:
        >>> title_case("it's what they don't say", "en", Random(0))
        "It's What They Don't Say"
    """
    return re.sub(r"\S+", lambda word: word[0][:1].upper() + word[0][1:], sentence)


def no_accents(sentence: str, language: str, random: Random) -> str:
    """Without accents.

    Example:
        >>> no_accents("Où êtes-vous né ?", "fr", Random(0))
        'Ou etes-vous ne ?'
    """
    parts = unicodedata.normalize("NFD", sentence)
    return "".join(part for part in parts if not unicodedata.combining(part))


def no_punctuation(sentence: str, language: str, random: Random) -> str:
    """Without punctuation, except inside words.

    Example:
        >>> no_punctuation("Well, don't — e-mail me!", "en", Random(0))
        "Well don't e-mail me"
    """
    return " ".join(_PUNCTUATION.sub(" ", sentence).split()) or sentence


def other_end(sentence: str, language: str, random: Random) -> str:
    """With other final punctuation, or none."""
    body = _END.sub("", sentence)
    end = sentence[len(body) :].strip()
    return body + random.choice([other for other in _ENDS if other.strip() != end])


def one_typo(sentence: str, language: str, random: Random) -> str:
    """One typo: a letter swapped, omitted, doubled or replaced by that of a neighbouring key."""
    places = [i for i, letter in enumerate(sentence) if letter.isalpha()]
    if not places:
        return sentence
    for _ in range(10):
        place = random.choice(places)
        typed = random.choice((_swap, _drop, _double, _neighbour))(sentence, place, random)
        if typed != sentence:
            return typed
    return _double(sentence, place, random)


def two_typos(sentence: str, language: str, random: Random) -> str:
    """Two typos, as `one_typo`."""
    return one_typo(one_typo(sentence, language, random), language, random)


def _swap(text: str, place: int, random: Random) -> str:
    return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]


def _drop(text: str, place: int, random: Random) -> str:
    return text[:place] + text[place + 1 :]


def _double(text: str, place: int, random: Random) -> str:
    return text[: place + 1] + text[place:]


def _neighbour(text: str, place: int, random: Random) -> str:
    letter = text[place]
    for row in _KEYS:
        if (column := row.find(letter.lower())) >= 0:
            near = random.choice(row[max(column - 1, 0) : column] + row[column + 1 : column + 2])
            return text[:place] + (near.upper() if letter.isupper() else near) + text[place + 1 :]
    return text


def emoji(sentence: str, language: str, random: Random) -> str:
    """One to three emoji after the sentence."""
    return f"{sentence} {''.join(random.choices(_EMOJI, k=random.randint(1, 3)))}"


def odd_spaces(sentence: str, language: str, random: Random) -> str:
    """Doubled and no-break spaces, also before and after, as copied from a web page."""
    words = sentence.split()
    gaps = [random.choice(("  ", "\u00a0", " \u00a0", "\u202f", "   ")) for _ in words]
    return " " + "".join(word + gap for word, gap in zip(words, gaps, strict=True))


def quoted(sentence: str, language: str, random: Random) -> str:
    """In the language's quotation marks, with typographic apostrophes.

    Example:
        >>> quoted("It's late.", "en", Random(0))
        '“It’s late.”'
    """
    quotes = _QUOTES.get(language, "“”")
    space = "\u00a0" if language == "fr" else ""
    inner = sentence.replace("'", "’").replace('"', "")
    return f"{quotes[0]}{space}{inner}{space}{quotes[1]}"


def number_added(sentence: str, language: str, random: Random) -> str:
    """A weight, a price, a date or a reference after the sentence."""
    number = random.randint(2, 99)
    added = (f"({number} kg)", f"€ {number},50", f"[{number}]", f"#{number}", f"{number}.11.2019")
    return f"{sentence} {random.choice(added)}"


def greeting(sentence: str, language: str, random: Random) -> str:
    """After a greeting in the sentence's language."""
    return f"{_GREETINGS.get(language, _GREETINGS['en'])} {sentence}"


def decomposed(sentence: str, language: str, random: Random) -> str:
    """Accents as combining characters (Unicode NFD), as in file names on macOS."""
    return unicodedata.normalize("NFD", sentence)


def html_entities(sentence: str, language: str, random: Random) -> str:
    """Letters with accents, quotes and ampersands as HTML entities, as in bad web text.

    Example:
        >>> html_entities("L'été à Köln", "fr", Random(0))
        'L&#x27;&eacute;t&eacute; &agrave; K&ouml;ln'
    """
    return html.escape(sentence).translate(_ENTITIES)


def some_decomposed(sentence: str, language: str, random: Random) -> str:
    """About half of the letters with accents decomposed, as in text of several sources."""
    return "".join(
        unicodedata.normalize("NFD", letter) if random.random() < 0.5 else letter
        for letter in sentence
    )


def soft_hyphens(sentence: str, language: str, random: Random) -> str:
    """Soft hyphens in words of six letters and more, as in web pages and e-books."""
    return _LONG_WORD.sub(lambda word: _insert(word[0], "\u00ad", random), sentence)


def zero_width_spaces(sentence: str, language: str, random: Random) -> str:
    """Zero-width spaces after punctuation and within long words, where a line may break."""
    within = _LONG_WORD.sub(lambda word: _insert(word[0], "\u200b", random), sentence)
    return re.sub(r"(?<=[^\w\s])|(?<=\s)(?=\w)", "\u200b", within)


def _insert(word: str, character: str, random: Random) -> str:
    """A character in the middle of a word, twice in a long one."""
    places = range(2, len(word) - 1)
    for place in sorted(random.sample(places, 1 + (len(word) > 9)), reverse=True):
        word = word[:place] + character + word[place:]
    return word


def byte_order_mark(sentence: str, language: str, random: Random) -> str:
    """After a byte-order mark, as in the first line of joined files."""
    return f"\ufeff{sentence}"


def direction_marks(sentence: str, language: str, random: Random) -> str:
    """Between direction marks or isolates, as copied from messages and office programs."""
    before, after = random.choice(
        (("\u200e", "\u200e"), ("\u202a", "\u202c"), ("\u2068", "\u2069"))
    )
    return before + sentence + after


def full_width(sentence: str, language: str, random: Random) -> str:
    """ASCII in the full-width forms of East Asian keyboards, spaces as half-width ones.

    Example:
        >>> full_width("Ok!", "en", Random(0))
        'Ｏｋ！'
    """
    return sentence.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


def mojibake(sentence: str, language: str, random: Random) -> str:
    """UTF-8 read as if it were Windows-1252; a sentence in ASCII stays as it is.

    Example:
        >>> mojibake("L'été", "fr", Random(0))
        "L'Ã©tÃ©"
    """
    return "".join(_as_cp1252(byte) for byte in sentence.encode("utf-8", "replace"))


def _as_cp1252(byte: int) -> str:
    """A byte in Windows-1252; the five bytes without a character stay controls, as in browsers."""
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


# Title of the row -> the disturbance.
DISTURBANCES: dict[str, Disturbance] = {
    "as it is": as_is,
    "lower case": lower_case,
    "ALL CAPS": upper_case,
    "Title Case": title_case,
    "no accents": no_accents,
    "no punctuation": no_punctuation,
    "other final punctuation": other_end,
    "one typo": one_typo,
    "two typos": two_typos,
    "emoji added": emoji,
    "odd spaces": odd_spaces,
    "in quotation marks": quoted,
    "number or price added": number_added,
    "greeting in front": greeting,
    "accents decomposed (NFD)": decomposed,
    "some accents decomposed": some_decomposed,
    "soft hyphens": soft_hyphens,
    "zero-width spaces": zero_width_spaces,
    "byte-order mark": byte_order_mark,
    "direction marks": direction_marks,
    "full-width letters": full_width,
    "HTML entities": html_entities,
    "UTF-8 read as Windows-1252": mojibake,
}


def disturb(
    disturbance: Disturbance, sentences: Sequence[str], language: str, seed: int = 0
) -> list[str]:
    """Disturb sentences, each with a separate generator, so that results do not depend on order.

    Args:
        disturbance: The disturbance.
        sentences: The clean sentences.
        language: Language code, such as ``en``.
        seed: Random seed.

    Returns:
        The disturbed sentences.
    """
    return [disturbance(text, language, Random(f"{seed} {text}")) for text in sentences]


def half_translated(sentences: Sequence[str], translations: Sequence[str]) -> list[str]:
    """The first half of each sentence's words, then the second half of its translation's.

    Example:
        >>> half_translated(["I am at home today."], ["Heute bin ich zu Hause."])
        ['I am at ich zu Hause.']
    """
    mixed = []
    for sentence, translation in zip(sentences, translations, strict=True):
        here, there = sentence.split(), translation.split()
        mixed.append(" ".join(here[: (len(here) + 1) // 2] + there[len(there) // 2 :]))
    return mixed


def paragraphs(sentences: Sequence[str], size: int = 5) -> list[str]:
    """Join every ``size`` sentences to a paragraph; the last one may be shorter.

    Example:
        >>> paragraphs(["One.", "Two.", "Three."], size=2)
        ['One. Two.', 'Three.']
    """
    starts = range(0, len(sentences), size)
    return [" ".join(sentences[start : start + size]) for start in starts]
