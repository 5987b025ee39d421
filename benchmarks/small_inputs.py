"""Small inputs for the benchmarks, written by this program: sentences made from parts.

They test that the programs run; their numbers mean nothing.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from itertools import pairwise, product
from pathlib import Path

LANGUAGES = ("en", "fr", "de", "es", "it")
FOLDERS = ("eng_Latn", "fra_Latn", "deu_Latn", "spa_Latn", "ita_Latn")

# Each row is the same in English, French, German, Spanish and Italian.
SUBJECTS = (
    ("My sister", "Ma sœur", "Meine Schwester", "Mi hermana", "Mia sorella"),
    ("The teacher", "Le professeur", "Der Lehrer", "El profesor", "Il professore"),
    ("Our neighbour", "Notre voisin", "Unser Nachbar", "Nuestro vecino", "Il nostro vicino"),
    ("The doctor", "Le médecin", "Der Arzt", "El médico", "Il medico"),
    ("A young man", "Un jeune homme", "Ein junger Mann", "Un hombre joven", "Un giovane"),
    ("The president", "Le président", "Der Präsident", "El presidente", "Il presidente"),
)
ACTIONS = (
    ("buys bread", "achète du pain", "kauft Brot", "compra pan", "compra il pane"),
    ("reads a book", "lit un livre", "liest ein Buch", "lee un libro", "legge un libro"),
    ("plays football", "joue au football", "spielt Fußball", "juega al fútbol", "gioca a calcio"),
    ("wins 25 games", "gagne 25 matchs", "gewinnt 25 Spiele", "gana 25 partidos", "vince 25 gare"),
    ("sings a song", "chante", "singt ein Lied", "canta una canción", "canta una canzone"),
    ("goes home", "rentre chez soi", "geht nach Hause", "vuelve a casa", "torna a casa"),
)
TIMES = (
    ("today", "aujourd'hui", "heute", "hoy", "oggi"),
    ("every morning", "chaque matin", "jeden Morgen", "cada mañana", "ogni mattina"),
    ("in winter", "en hiver", "im Winter", "en invierno", "in inverno"),
    ("after work", "après le travail", "nach der Arbeit", "después del trabajo", "dopo il lavoro"),
)
TOPICS = ("food", "books", "sport", "games", "music", "home")  # of the actions


def sentences() -> list[tuple[str, ...]]:
    """144 sentences in the five languages."""
    rows = product(TIMES, SUBJECTS, ACTIONS)
    return [
        tuple(f"{who} {does} {when}." for when, who, does in zip(*row, strict=True)) for row in rows
    ]


def write_small_inputs(folder: Path) -> dict[str, str]:
    """Write evaluation sets and training text in the layout of the real ones.

    Returns:
        The folders ``dev`` and ``train``.
    """
    dev, train = folder / "dev", folder / "train"
    for path in (dev / "stsb", train):
        path.mkdir(parents=True)
    rows = sentences()
    for place, code in enumerate(LANGUAGES[1:], start=1):
        pairs = [(row[0], row[place]) for row in rows]
        _write(dev / f"tatoeba.en-{code}.tsv.gz", pairs[:72])
        _write(train / f"en-{code}.tsv.gz", [(*pair, "tatoeba") for pair in pairs])
        if code in ("fr", "de"):
            _write(dev / f"multi30k.test_2016_flickr.en-{code}.tsv.gz", pairs[72:])
    for place, name in enumerate(FOLDERS):
        (dev / "sib200" / name).mkdir(parents=True)
        texts = [(str(n), TOPICS[n % len(TOPICS)], row[place]) for n, row in enumerate(rows)]
        for split, part in (("train", texts[:72]), ("dev", texts[72:108]), ("test", texts[108:])):
            _write(dev / f"sib200/{name}/{split}.tsv", [("index_id", "category", "text"), *part])
    for place, code in enumerate(LANGUAGES):
        scored = [
            (first[place], second[place], str(round(5 * _overlap(first[0], second[0]), 2)))
            for first, second in pairwise(rows)
        ]
        _write(dev / f"stsb/{code}.test.tsv", scored)
    return {"dev": str(dev), "train": str(train)}


def _overlap(first: str, second: str) -> float:
    """The share of common words."""
    left, right = set(first.split()), set(second.split())
    return len(left & right) / len(left | right)


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    text = "".join("\t".join(row) + "\n" for row in rows)
    data = text.encode("utf-8")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
