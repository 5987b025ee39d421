"""Noise for training text: sentences as people type, copy and send them.

One side of two in five pairs is changed in a way that keeps its meaning: other final punctuation, a
typing mistake, a greeting, a price or a number beside it, markup. The encoder learns to ignore
them. Phrases, marks and numbers differ from those of ``benchmarks/disturbances.py``, which measures
the effect.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from html.entities import codepoint2name
from itertools import islice
from pathlib import Path
from random import Random
from typing import TextIO

from babelite.corpus import PairSource
from babelite.storage import read_lines, writing_text

SHARE = 0.4
KINDS = ("everyday", "prose")
UNDISTURBED = "undisturbed.tsv"  # columns: disturbed English sentence, what it was before
EVERY = 2  # the stage is short: it needs only every second pair

# Greetings are an opening and whom it addresses; interjections stand alone.
_OPENINGS = {
    "en": ("Hi", "Hello", "Hey", "Good evening", "Good afternoon", "Welcome"),
    "fr": ("Salut", "Bonjour", "Coucou", "Bonsoir", "Rebonjour", "Bienvenue"),
    "de": ("Hi", "Hallo", "Servus", "Guten Abend", "Guten Tag", "Willkommen"),
    "es": ("Hola", "Buenas", "Oye", "Buenas tardes", "Buenas noches", "Bienvenidos"),
    "it": ("Ciao", "Salve", "Ehi", "Buonasera", "Buon pomeriggio", "Benvenuti"),
}
_ADDRESSED = {
    "en": (
        "",
        "",
        " Anna",
        " Mr Smith",
        " there",
        " team",
        " dear friends",
        " ladies and gentlemen",
    ),
    "fr": ("", "", " Anna", " M. Petit", " vous tous", " l'équipe", " chers amis", " mesdames"),
    "de": ("", "", " Anna", " Herr Schmidt", " ihr Lieben", " Team", " liebe Freunde", " alle"),
    "es": ("", "", " Ana", " señor García", " amigos", " equipo", " queridos amigos", " señores"),
    "it": ("", "", " Anna", " signor Rossi", " ragazzi", " squadra", " cari amici", " signori"),
}
_INTERJECTIONS = {
    "en": ("Dear colleagues", "Sorry", "Well", "By the way", "OK", "Listen", "Oh"),
    "fr": ("Chers collègues", "Pardon", "Eh bien", "Au fait", "OK", "Écoute", "Oh"),
    "de": ("Liebe Kollegen", "Entschuldigung", "Also", "Übrigens", "OK", "Hör mal", "Oh"),
    "es": ("Estimados colegas", "Perdón", "Bueno", "Por cierto", "Vale", "Escucha", "Oh"),
    "it": ("Cari colleghi", "Scusa", "Beh", "A proposito", "OK", "Senti", "Oh"),
}
_MARKS = ",,,!."
_AFTER = {
    "en": ("Thanks!", "Thank you in advance.", "Best regards", "See you soon.", "Good night."),
    "fr": ("Merci !", "Merci d'avance.", "Cordialement", "À bientôt.", "Bonne nuit."),
    "de": ("Danke!", "Vielen Dank im Voraus.", "Viele Grüße", "Bis bald.", "Gute Nacht."),
    "es": ("¡Gracias!", "Gracias de antemano.", "Un saludo", "Hasta pronto.", "Buenas noches."),
    "it": ("Grazie!", "Grazie in anticipo.", "Cordiali saluti", "A presto.", "Buonanotte."),
}
_SMILES = tuple(":) :-) ;-) :D :( <3 xD 😊 🙂 😉 😍 😢 👏 ✅ 🚀".split())  # noqa: SIM905 - one line
_STATEMENTS = ("", "", "!", "!!", "..", ";", " .", ". . .", ".....", "!?")
_QUESTIONS = ("", "", "??", " ?", "?..", "!?", " .", "!")
_WRAPPED = (
    "({})",
    "[{}]",
    "* {}",
    "- {}",
    "> {}",
    "**{}**",
    "_{}_",
    "<p>{}</p>",
    "<b>{}</b>",
    "'{}'",
)
_END = re.compile(r"[\s.!?…;:]*$")
_ENTITIES = {code: f"&{name};" for code, name in codepoint2name.items() if code > 127}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write_disturbed(sources: Sequence[PairSource], out: Path) -> list[PairSource]:
    """Write disturbed copies of every second pair of the files of `KINDS`, unless they exist.

    The copies have the languages and weights of their originals. `UNDISTURBED` is for the teacher.
    """
    out.mkdir(parents=True, exist_ok=True)
    originals = [each for each in sources if Path(each.paths[0]).name.split(".")[1] in KINDS]
    copies = [replace(each, paths=(str(out / Path(each.paths[0]).name),)) for each in originals]
    if not (out / UNDISTURBED).exists():
        with writing_text(out / UNDISTURBED) as undisturbed:
            for original, copy in zip(originals, copies, strict=True):
                _write_copy(original, copy, undisturbed)
    return copies


def _write_copy(original: PairSource, copy: PairSource, undisturbed: TextIO) -> None:
    with writing_text(Path(copy.paths[0])) as stream:
        for line in islice(read_lines(Path(original.paths[0])), 0, None, EVERY):
            first, second = line.split("\t")
            pair = disturbed((first, second), original.languages)
            stream.write("\t".join(pair) + "\n")
            if pair[0] != first and original.source_language == "en":
                undisturbed.write(f"{pair[0]}\t{first}\n")


def disturbed(pair: tuple[str, str], languages: tuple[str, str]) -> tuple[str, str]:
    """The pair, or the pair with one side disturbed; the same result for the same pair."""
    random = Random("\t".join(pair))
    if random.random() >= SHARE:
        return pair
    side = random.randrange(2)
    change = random.choice(_CHANGES)
    sentence = change(pair[side], languages[side], random)
    return (sentence, pair[1]) if side == 0 else (pair[0], sentence)


def _end(sentence: str, language: str, random: Random) -> str:
    body = _END.sub("", sentence)
    return body + random.choice(_QUESTIONS if "?" in sentence[len(body) :] else _STATEMENTS)


def _greeted(sentence: str, language: str, random: Random) -> str:
    if random.random() < 0.3:
        return f"{sentence} {random.choice(_AFTER[language])}"
    if random.random() < 0.3:
        before = random.choice(_INTERJECTIONS[language])
    else:
        before = random.choice(_OPENINGS[language]) + random.choice(_ADDRESSED[language])
    return f"{before}{random.choice(_MARKS)} {sentence}"


def _numbered(sentence: str, language: str, random: Random) -> str:
    small, large = random.randint(1, 31), random.randint(100, 9999)
    clock = f"{small % 24}:{large % 60:02}"
    before = (f"{small}.", f"{small})", clock, f"{large}:", f"No. {small}:")
    after = (
        f"(p. {small})",
        f"({large})",
        f"- {small},90 €",
        f"${small}.99",
        f"{large} €",
        f"{small}/{small % 12 + 1}/{1990 + large % 40}",
        f"{1990 + large % 40}-{small % 12 + 1:02}-{small:02}",
        f"{small} %",
        f"{large} km",
        f"{small} cm",
        f"^{small}",
    )
    if random.random() < 0.4:
        return f"{random.choice(before)} {sentence}"
    return f"{sentence} {random.choice(after)}"


def _smiling(sentence: str, language: str, random: Random) -> str:
    return f"{sentence} {''.join(random.choices(_SMILES, k=random.choice((1, 1, 2))))}"


def _wrapped(sentence: str, language: str, random: Random) -> str:
    return random.choice(_WRAPPED).format(sentence)


def _escaped(sentence: str, language: str, random: Random) -> str:
    if random.random() < 0.5:
        return sentence.encode("ascii", "xmlcharrefreplace").decode("ascii")
    return html.escape(sentence).translate(_ENTITIES)


def _plain(sentence: str, language: str, random: Random) -> str:
    parts = unicodedata.normalize("NFD", sentence)
    letters = "".join(part for part in parts if not unicodedata.combining(part))
    return re.sub(r"(?<!\w)[,;:]|[,;:](?!\w)", "", letters) if random.random() < 0.5 else letters


def _mistyped(sentence: str, language: str, random: Random) -> str:
    for _ in range(random.choice((1, 1, 2))):
        places = [place for place, letter in enumerate(sentence) if letter.isalpha()]
        if places:
            place = random.choice(places)
            here, after = sentence[place], sentence[place + 1 :]
            typed = (after[:1] + here, "", here + here, random.choice(_LETTERS))
            kind = random.randrange(len(typed))
            sentence = sentence[:place] + typed[kind] + (after[1:] if kind == 0 else after)
    return sentence


_Change = Callable[[str, str, Random], str]
# The changes that harm most are listed several times.
_CHANGES: tuple[_Change, ...] = (
    *(_end, _greeted) * 3,
    *(_numbered, _mistyped) * 2,
    _smiling,
    _wrapped,
    _escaped,
    _plain,
)
