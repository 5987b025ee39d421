"""Each cleaning step: dropped pairs, counts, and switching it off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from error_codes import raises
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus import Cleaner, Cleaning, Pair, comparison_key, write_pairs

NOTHING = Cleaning(
    unicode=False,
    empty=False,
    min_words=None,
    max_words=None,
    length_ratio=None,
    identical=False,
    duplicates=False,
)
GOOD = Pair("A good pair", "Une bonne paire")


def words(count: int) -> str:
    return " ".join(f"w{number}" for number in range(count))


CASES = [
    ("unicode", {"unicode": True}, Pair("two\u00a0 spaces", "cafe\u0301")),
    ("empty", {"empty": True}, Pair("Something", " ")),
    ("length", {"min_words": 2}, Pair("One", "Une phrase")),
    ("length", {"max_words": 9}, Pair(words(10), words(9))),
    ("length_ratio", {"length_ratio": 2.0}, Pair(words(20), words(8))),
    ("identical", {"identical": True}, Pair("Firefox 3!", "firefox, 3")),
    ("duplicates", {"duplicates": True}, Pair("a GOOD pair!", "Une bonne paire.")),
]


@pytest.mark.parametrize(("step", "switch", "bad"), CASES)
def test_each_step_alone(step: str, switch: dict[str, object], bad: Pair) -> None:
    cleaner = Cleaner(replace(NOTHING, **switch))
    cleaned = list(cleaner.clean([GOOD, bad]))
    assert cleaner.counts == {step: 1}
    assert cleaned == ([GOOD, Pair("two spaces", "caf\u00e9")] if step == "unicode" else [GOOD])
    assert (cleaner.read, cleaner.kept) == (2, len(cleaned))


def test_without_steps_nothing_changes() -> None:
    bad = [bad for _, _, bad in CASES] * 2
    cleaner = Cleaner(NOTHING)
    assert list(cleaner.clean(bad)) == bad
    assert cleaner.counts == {}


def test_all_steps_together_count_in_order() -> None:
    cleaner = Cleaner(Cleaning(max_words=30))
    assert list(cleaner.clean([GOOD, *(bad for _, _, bad in CASES)])) == [
        GOOD,
        Pair("two spaces", "caf\u00e9"),
        Pair("One", "Une phrase"),
        Pair(words(10), words(9)),
        Pair(words(20), words(8)),
    ]
    assert list(cleaner.counts) == [
        "unicode",
        "empty",
        "length",
        "length_ratio",
        "identical",
        "duplicates",
    ]
    assert cleaner.read - cleaner.kept == sum(cleaner.counts.values()) - cleaner.counts["unicode"]


def test_length_ratio_keeps_short_sentences_and_other_scripts() -> None:
    cleaner = Cleaner()
    fine = [
        Pair("Hello!", "Bonjour tout le monde"),
        Pair("Liability insurance of a motor car", "Kraftfahrzeughaftpflichtversicherung"),
        Pair("The weather is very nice today", "\u4eca\u5929\u5929\u6c14\u5f88\u597d"),
    ]
    assert list(cleaner.clean(fine)) == fine
    assert list(cleaner.clean([Pair(words(40), words(8))])) == []


def test_duplicates_are_found_across_streams_and_blocks() -> None:
    pairs = [
        Pair(f"sentence {number % 9000}", f"phrase {number % 9000}") for number in range(20_000)
    ]
    cleaner = Cleaner()
    assert list(cleaner.clean(iter(pairs))) == pairs[:9000]
    assert list(cleaner.clean([*pairs[5:9], GOOD])) == [GOOD]
    assert cleaner.counts["duplicates"] == 11_000 + 4


def test_another_translation_is_not_a_duplicate() -> None:
    pairs = [
        Pair("Hi", "Salut"),
        Pair("Hi", "Bonjour"),
        Pair("Hello", "Bonjour"),
        Pair("HiSalut", "x"),
    ]
    assert list(Cleaner().clean(pairs)) == pairs


short = st.text("ab\u00e9 .A", max_size=4)


@given(st.lists(st.builds(Pair, short, short)))
def test_the_first_duplicate_is_kept_in_order(pairs: list[Pair]) -> None:
    seen: dict[tuple[bytes, bytes], Pair] = {}
    for pair in pairs:
        seen.setdefault((comparison_key(pair.source), comparison_key(pair.target)), pair)
    assert list(Cleaner(replace(NOTHING, duplicates=True)).clean(pairs)) == list(seen.values())


@given(st.lists(st.builds(Pair, st.text(max_size=8), st.text(max_size=8))))
def test_cleaning_twice_changes_nothing(pairs: list[Pair]) -> None:
    once = list(Cleaner().clean(pairs))
    again = Cleaner()
    assert list(again.clean(once)) == once
    assert not any(again.counts.values())


@pytest.mark.parametrize("name", ["test.tsv.gz", "test.jsonl", "test.parquet", "test.tmx"])
def test_excluded_sentences(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_pairs([Pair("In the test!", "Dans le test")], str(path), ("en", "fr"))
    pairs = [
        Pair("in the TEST", "autre"),
        Pair("Dans le test.", "x"),
        Pair("y", "in the test"),
        GOOD,
    ]
    cleaner = Cleaner(replace(NOTHING, exclude=(str(path),)))
    assert list(cleaner.clean(pairs)) == [GOOD]
    assert cleaner.counts == {"exclude": 3}


def test_excluded_files_use_every_column_and_any_ending(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("7\tin one\tin two\tin three\n\n")
    (tmp_path / "x.en").write_text("a plain line\n")
    cleaner = Cleaner(Cleaning(exclude=(str(tmp_path / "x.tsv"), str(tmp_path / "x.en"))))
    pairs = [Pair("In three", "zz"), Pair("zz", "A plain line"), Pair("...", "!"), GOOD]
    assert list(cleaner.clean(pairs)) == [*pairs[2:]]
    with raises("file-not-found"):
        Cleaner(Cleaning(exclude=(str(tmp_path / "none"),)))


def test_limits_that_no_pair_meets() -> None:
    with raises("option-invalid", "at least 9 and at most 3"):
        Cleaning(min_words=9, max_words=3)
    with raises("option-invalid", r"0\.5"):
        Cleaning(length_ratio=0.5)
