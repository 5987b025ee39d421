"""Training text of the packaged model."""

from __future__ import annotations

import gzip
from itertools import combinations
from pathlib import Path

import disturbances
import disturbed
import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import Row, input_files, write_texts

from babelite.errors import BabeliteError
from babelite.storage import read_lines

SENTENCE = "Où étiez-vous né, là-bas ou ici ?"
TRANSLATION = "Where were you born, there or here?"


def letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.casefold()))


def test_two_in_five_pairs_are_disturbed_on_one_side() -> None:
    pairs = [(f"{SENTENCE} {n}", f"{TRANSLATION} {n}") for n in range(5_000)]
    found = [disturbed.disturbed(pair, ("fr", "en")) for pair in pairs]
    assert found == [disturbed.disturbed(pair, ("fr", "en")) for pair in pairs]
    sides = [
        tuple(a != b for a, b in zip(pair, new, strict=True))
        for pair, new in zip(pairs, found, strict=True)
    ]
    assert (True, True) not in sides
    assert sides.count((True, False)) == pytest.approx(1_000, abs=150)
    assert sides.count((False, True)) == pytest.approx(1_000, abs=150)


@given(
    st.text(min_size=1, max_size=60),
    st.sampled_from(["en", "fr", "de", "es", "it"]),
    st.integers(0, 99),
)
def test_any_sentence_can_be_disturbed(sentence: str, language: str, number: int) -> None:
    pair = disturbed.disturbed((sentence, str(number)), (language, "en"))
    assert all(isinstance(side, str) for side in pair)


@pytest.mark.parametrize("change", ["_end", "_greeted", "_numbered", "_smiling", "_wrapped"])
def test_additions_keep_the_words(change: str) -> None:
    for seed in range(200):
        new = getattr(disturbed, change)(SENTENCE, "fr", disturbed.Random(seed))
        assert letters(SENTENCE) in letters(new)
        assert new != SENTENCE or change == "_end"


def test_the_benchmark_uses_other_phrases_and_emoji() -> None:
    for language, greeting in disturbances._GREETINGS.items():
        phrases = [
            *disturbed._INTERJECTIONS[language],
            *disturbed._AFTER[language],
            *(
                opening + addressed
                for opening in disturbed._OPENINGS[language]
                for addressed in disturbed._ADDRESSED[language]
            ),
        ]
        assert letters(greeting) not in map(letters, phrases)
    assert not set("".join(disturbed._SMILES)) & set(disturbances._EMOJI)


def data(folder: Path, **lines: list[str]) -> Path:
    """All input files; the lines of en-fr by ``fr``, of more.fr-de by ``more_fr_de``."""
    for pair in combinations(("en", "fr", "de", "es", "it"), 2):
        for path in input_files(folder, *pair):
            name = path.name.removesuffix(".tsv.gz").removeprefix("en-")
            given = lines.get(name.replace(".", "_").replace("-", "_"), [])
            with gzip.open(path, "wt", encoding="utf-8") as stream:
                stream.writelines(f"{line}\n" for line in given)
    return folder


def rows(path: Path) -> list[str]:
    return list(read_lines(path))


def test_texts_are_split_by_kind_and_joined_across_english(tmp_path: Path) -> None:
    folder = data(
        tmp_path,
        fr=["Hello\tBonjour\ttatoeba", "hello\tSalut\ttatoeba", "Print\tImprimer\tapps-ui"],
        de=["Hello\tHallo\ttatoeba", "Peace\tFrieden\tbible", "peace\tRuhe\ttatoeba"],
        words_en_fr=["mouse\tsouris\tdictionary"],
        words_en_de=["mouse\tMaus\tdictionary"],
        more_fr_de=["Paix\tFrieden\twidelands"],
    )
    sources = write_texts(folder, tmp_path / "text", lambda text: None)
    found = {Path(source.paths[0]).name: rows(Path(source.paths[0])) for source in sources}
    assert found == {
        "en-fr.everyday.tsv.gz": ["Hello\tBonjour", "hello\tSalut"],
        "en-fr.technical.tsv.gz": ["Print\tImprimer"],
        "en-fr.words.tsv.gz": ["mouse\tsouris"],
        "en-de.everyday.tsv.gz": ["Hello\tHallo", "peace\tRuhe"],
        "en-de.prose.tsv.gz": ["Peace\tFrieden"],
        "en-de.words.tsv.gz": ["mouse\tMaus"],
        "fr-de.everyday.tsv.gz": ["Bonjour\tHallo", "Salut\tHallo"],
        "fr-de.prose.tsv.gz": ["Paix\tFrieden"],
    }
    assert {source.weight for source in sources} == {1.5, 0.75, 0.4, 1.0, 0.5}


def test_a_share_of_the_english_sentences_about_software_is_chosen() -> None:
    rows = [Row(f"Save file {number}", "", "apps-ui") for number in range(2_000)]
    chosen = [row for row in rows if row.is_chosen]
    assert len(chosen) == pytest.approx(800, abs=100)
    # The same sentences in every language pair: their translations can be joined.
    assert [row.first for row in chosen] == [
        row.first for row in rows if Row(row.first.upper(), "x", "man-pages").is_chosen
    ]
    assert all(Row(row.first, "", "bible").is_chosen for row in rows)


def test_a_line_without_a_source_is_refused(tmp_path: Path) -> None:
    folder = data(tmp_path, fr=["Hello\tBonjour"])
    with pytest.raises(BabeliteError, match=r"en-fr\.tsv\.gz, line 1: has 2 columns instead of"):
        write_texts(folder, tmp_path / "text", lambda text: None)


def test_everyday_text_and_prose_get_disturbed_copies(tmp_path: Path) -> None:
    lines = [f"Hello {n}\tBonjour {n}\ttatoeba" for n in range(200)]
    folder = data(tmp_path, fr=[*lines, "Print\tImprimer\tapps-ui"])
    clean = write_texts(folder, tmp_path / "text", lambda text: None)
    (copy,) = disturbed.write_disturbed(clean, tmp_path / "disturbed")
    pairs = [tuple(line.split("\t")[:2]) for line in lines[:: disturbed.EVERY]]
    expected = ["\t".join(disturbed.disturbed(pair, ("en", "fr"))) for pair in pairs]
    assert rows(Path(copy.paths[0])) == expected
    assert expected != ["\t".join(pair) for pair in pairs]
    before = dict(line.split("\t") for line in rows(tmp_path / "disturbed/undisturbed.tsv"))
    changed = [(new.split("\t")[0], pair[0]) for new, pair in zip(expected, pairs, strict=True)]
    assert before == {new: old for new, old in changed if new != old} != {}
    assert (copy.languages, copy.weight) == (("en", "fr"), 1.5)
