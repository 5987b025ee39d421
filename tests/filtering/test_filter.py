import numpy as np
import pytest
from error_codes import raises

from babelite.filtering import LanguageIdentifier, can_identify_languages, filter_pairs
from babelite.filtering.filter import is_copied
from babelite.filtering.truncation import LastWords, TruncationCheck, beginning, has_end_mark

RNG = np.random.default_rng(0)
MEANINGS = RNG.normal(size=(400, 24))


class Words:
    """e7 and f7 mean the same; a sentence is the sum of its words."""

    dim = 24

    def encode(self, sentences):  # noqa: ANN001, ANN201
        rows = [
            sum((MEANINGS[int(w[1:]) % 400] for w in s.split() if w[1:].isdigit()), np.zeros(24))
            for s in sentences
        ]
        rows = np.array(rows, dtype=np.float32).reshape(-1, 24)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def corpus(count: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(1)
    rows = [rng.integers(400, size=12) for _ in range(count)]
    return tuple([" ".join(f"{side}{w}" for w in row) for row in rows] for side in "ef")  # type: ignore[return-value]


def test_a_pair_with_an_unreadable_side_is_dropped() -> None:
    source, target = corpus(50)
    source[3], target[3], target[4], source[5], target[5] = (
        "👍 🔥 👍",
        "👍 🔥 👍",
        "你好",
        "你好",
        " ",
    )
    with filter_pairs(source, target, Words()) as filtered:
        verdicts = list(filtered)
    assert [verdicts[i].reasons for i in (3, 4, 5)] == [
        ("unreadable",),
        ("unreadable",),
        ("empty",),
    ]
    assert np.isnan(verdicts[3].score)
    assert filtered.counts["unreadable"] == 2
    assert not any(verdict.reasons for verdict in verdicts[6:])


def test_each_kind_of_noise_is_found_and_good_pairs_are_kept() -> None:
    source, target = corpus(300)
    target[0], target[1] = target[1], target[0]  # misaligned
    target[2] = " ".join(target[2].split()[:5])  # truncated
    source[3] = " ".join(source[3].split()[:5])
    target[4] = source[4]  # copied
    target[5] = " "  # blank
    target[6] = target[6].replace("f", "f9", 1)  # another number
    with filter_pairs(source, target, Words()) as filtered:
        verdicts = list(filtered)
    reasons = [set(verdict.reasons) for verdict in verdicts]
    assert "low-score" in reasons[0] & reasons[1]
    assert "truncated" in reasons[2] & reasons[3]
    assert reasons[4] == {"copied"}
    assert reasons[5] == {"empty"}
    assert np.isnan(verdicts[5].score)
    assert "numbers" in reasons[6]
    assert not any(reasons[7:])
    assert filtered.counts["kept"] == 293
    assert filtered.languages is None
    assert [len(filtered), len(verdicts)] == [300, 300]


def test_an_interrupted_run_resumes(tmp_path, monkeypatch) -> None:  # noqa: ANN001
    from babelite.filtering import filter as filter_module

    monkeypatch.setattr(filter_module, "_PAIRS_PER_BLOCK", 64)
    source, target = corpus(200)
    with filter_pairs(source, target, Words()) as filtered:
        wanted = list(filtered)

    class StoppedError(Exception):
        pass

    def stop(what: str, done: int, total: int) -> None:
        if what == "checking" and done >= 128:
            raise StoppedError

    with (
        pytest.raises(StoppedError),
        filter_pairs(source, target, Words(), work=tmp_path / "w", progress=stop),
    ):
        pass
    told = []
    with filter_pairs(
        source, target, Words(), work=tmp_path / "w", progress=lambda *step: told.append(step)
    ) as filtered:
        assert list(filtered) == wanted
    assert ("checking", 128, 200) in told
    with filter_pairs(source, target, Words(), work=tmp_path / "w", threshold=9.0) as filtered:
        assert filtered.counts["low-score"] == 200


def test_sides_of_different_length_are_rejected() -> None:
    with (
        pytest.raises(ValueError, match="2 sources, but 1 targets"),
        filter_pairs(["e1", "e2"], ["f1"], Words()),
    ):
        pass


@pytest.mark.skipif(not can_identify_languages(), reason="the extra filter is not installed")
def test_pairs_in_another_language_are_dropped() -> None:
    identifier = LanguageIdentifier()
    english = "The weather was wonderful, so we went swimming in the lake."
    french = "Il faisait un temps magnifique, alors nous sommes allés nager dans le lac."
    assert identifier.is_wrong(french, "en")
    assert not identifier.is_wrong(english, "en")
    assert not identifier.is_wrong("OK", "fr")
    assert identifier.main_language([english, french, french]) == "fr"
    encoder = Words()
    sources = [f"{english} e4", f"{english} e5", "e1 e2"]
    with filter_pairs(
        sources, [f"{french} f4", f"{english} f5", "f1 f2"], encoder,
        threshold=-9.0, identifier=identifier, languages=("en", "fr"),
    ) as filtered:  # fmt: skip
        assert ["language" in verdict.reasons for verdict in filtered][:2] == [False, True]


@pytest.mark.skipif(not can_identify_languages(), reason="the extra filter is not installed")
def test_swapped_languages_are_refused_before_the_work_begins() -> None:
    english = ["Where is the nearest train station, please?", "The weather was wonderful today."]
    french = ["Où se trouve la gare la plus proche ?", "Le temps était magnifique aujourd'hui."]

    identifier = LanguageIdentifier()
    with (
        raises("option-invalid", "en_GB-fr"),
        filter_pairs(english, french, object(), identifier=identifier, languages=("fr", "en_GB")),
    ):
        pass
    identifier.require_not_swapped(["OK", *english], ["OK", *french], ("en", "fr"))
    identifier.require_not_swapped(["OK", "Ja"], ["OK", "Oui"], ("fr", "de"))
    identifier.require_not_swapped(english, french, ("es", "it"))
    identifier.require_not_swapped([], [], ("en", "fr"))


@pytest.mark.skipif(not can_identify_languages(), reason="the extra filter is not installed")
def test_names_are_in_no_language_and_regions_do_not_matter() -> None:
    identifier = LanguageIdentifier()
    identifier.require("pt_BR")
    for names in ("Anna Müller, Jean Dupont, Mario Rossi", "Barack Obama, Angela Merkel"):
        assert not identifier.is_wrong(names, "en")
    assert not identifier.is_wrong("Onde fica a estação de trem mais próxima?", "pt_BR")
    assert not identifier.is_wrong("Onde fica a estação de trem mais próxima?", "por")
    assert identifier.is_wrong("Where is the nearest train station, please?", "pt_BR")


@pytest.mark.skipif(not can_identify_languages(), reason="the extra filter is not installed")
def test_a_corpus_without_a_complete_pair() -> None:
    identifier = LanguageIdentifier()
    with filter_pairs(["e1 e2", ""], ["", "f1"], Words(), identifier=identifier) as filtered:
        assert [verdict.reasons for verdict in filtered] == [("empty",), ("empty",)]
        assert filtered.languages is None


def test_signs_of_truncation() -> None:
    """Without a hint from its vector a sentence is cut off by its length, its end and its words."""
    good = [(f"the house {i} of the king is old and cold.", f"das haus {i} ist alt und kalt jetzt.")
            for i in range(60)]  # fmt: skip
    check = TruncationCheck(good, Words())
    long = "the house of the king and the queen is old and cold and dark."
    pairs = [
        (long, "das haus des koenigs und der koenigin ist alt und kalt."),
        (long, "das haus des koenigs ist"),
        ("the house of the", "das haus des koenigs und der koenigin ist alt und kalt"),
        (long, "das haus ist alt und kalt jetzt."),
    ]
    same = np.zeros((len(pairs), 24), np.float32)
    found = check.truncated(pairs, (same, same), np.zeros(len(pairs), np.float32))
    assert found.tolist() == [False, True, True, False]
    assert not check.truncated([], (same[:0], same[:0]), np.zeros(0, np.float32)).size


def test_words_that_rarely_end_a_sentence() -> None:
    words = LastWords(["we saw the house", "the house was old", "it was the king"] * 50)
    assert words.oddness("we saw the") > 2
    assert words.oddness("we saw the.") == 0
    assert words.oddness("the house was old") == 0
    assert words.oddness("unheard") == 0
    assert words.oddness("...") == LastWords([]).oddness("the") == 0
    for closed in ("Yes.", "No!»", "好。", "(so.)", "She said: “Yes.”"):
        assert has_end_mark(closed)
    assert not has_end_mark("Open the")


def test_copies_and_beginnings() -> None:
    assert is_copied("Open the file", "open the file.")
    assert not is_copied("Mozilla Firefox", "Mozilla Firefox")
    assert not is_copied("1 2 3 4", "1 2 3 4")
    assert beginning("今天天气很好", 3) == "今天天"
    assert beginning("one two three", 6) == "one two"
    assert beginning("one", 0) == "o"
    for length in (8, 10):
        assert beginning("the house is old", length) == "the house"
