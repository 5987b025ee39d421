from __future__ import annotations

import copy
import io
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from error_codes import raises
from word_encoder import WordEncoder

from babelite import Encoder
from babelite.classification import ClassifierKind, TextClassifier
from babelite.corpus import LabelledText, hold_out_texts
from babelite.errors import BabeliteError

WORDS = {
    "sport": ["goal", "match", "team", "ball", "run"],
    "food": ["salt", "bread", "soup", "rice", "cook"],
}
ROWS = [
    LabelledText(label, f"{words[i]} {words[j]} {words[k]}")
    for label, words in WORDS.items()
    for i in range(5)
    for j in range(5)
    for k in (0, 3)
]
Trained = dict[ClassifierKind, TextClassifier]
KINDS: tuple[ClassifierKind, ...] = ("logistic", "mlp")


@pytest.fixture(scope="module")
def trained() -> Trained:
    rows, dev = hold_out_texts(ROWS)
    encoder = WordEncoder()
    return {kind: TextClassifier.train(encoder, rows, dev=dev, classifier=kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_classifier_predicts_as_before(
    kind: ClassifierKind, trained: Trained, tmp_path: Path
) -> None:
    before, path = trained[kind], tmp_path / "topics.classifier"
    before.save(path)
    after = TextClassifier.load(path, WordEncoder())
    texts = ["ball team", "salt soup", "", "match rice", "  "]
    assert after.predict(texts) == before.predict(texts)
    assert [found.label for found in after.predict(texts[:3])] == ["sport", "food", None]
    assert after.predict(texts)[2].probability is None
    np.testing.assert_array_equal(after.predict_proba(texts), before.predict_proba(texts))
    after.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["again", "topics.classifier"]


def test_no_pickle_is_written(trained: Trained, tmp_path: Path) -> None:
    trained["mlp"].save(tmp_path / "c")
    with zipfile.ZipFile(tmp_path / "c") as archive:
        for name in archive.namelist():
            assert archive.read(name)[:6] == b"\x93NUMPY"
            np.load(io.BytesIO(archive.read(name)), allow_pickle=False)


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    for name in "ab":
        made = TextClassifier.train(WordEncoder(), ROWS[:60:2], classifier="mlp", seed=4)
        made.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("encoder", "code"),
    [
        (WordEncoder(seed=1), "encoder-mismatch"),
        (WordEncoder(dim=8), "encoder-mismatch"),
        (None, None),
    ],
)
def test_another_encoder_is_refused(
    encoder: WordEncoder | None,
    code: str | None,
    trained: Trained,
    tmp_path: Path,
) -> None:
    trained["logistic"].save(tmp_path / "c")
    with pytest.raises(BabeliteError) as refused:
        TextClassifier.load(tmp_path / "c", encoder)
    assert code is None or refused.value.code == code
    assert refused.value.path == str(tmp_path / "c")


def test_the_packaged_model_is_opened_on_load(tmp_path: Path) -> None:
    encoder = Encoder.load(threads=1)
    rows = [LabelledText("a", "A sunny day."), LabelledText("b", "The bank has closed.")]
    TextClassifier.train(encoder, rows).save(tmp_path / "c")
    loaded = TextClassifier.load(tmp_path / "c")
    assert [found.label for found in loaded.predict([row.text for row in rows])] == ["a", "b"]


def test_damaged_files_are_refused(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "c"
    trained["mlp"].save(path)
    whole = path.read_bytes()
    for size in (0, 3, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(BabeliteError, match=r"c: is (not a classifier|truncated)") as refused:
            TextClassifier.load(path, WordEncoder())
        assert refused.value.code in ("format-unknown", "file-damaged")
    for place in range(len(whole) // 3, len(whole), 997):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        try:
            TextClassifier.load(path, WordEncoder())  # an unused byte was changed
        except BabeliteError as error:
            assert error.code == "file-damaged"
    path.write_text("label\ttext\n")
    with pytest.raises(BabeliteError) as refused:
        TextClassifier.load(path, WordEncoder())
    assert refused.value.code == "format-unknown"
    with pytest.raises(BabeliteError, match="there is no such file"):
        TextClassifier.load(tmp_path / "none", WordEncoder())


def test_pickles_inside_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "c").open("wb") as stream:
        np.savez(stream, description=np.array([{"a": 1}], dtype=object))
    with pytest.raises(BabeliteError, match="damaged"):
        TextClassifier.load(tmp_path / "c", WordEncoder())


def test_a_newer_format(trained: Trained, tmp_path: Path) -> None:
    trained["mlp"].save(tmp_path / "c")
    with np.load(tmp_path / "c", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    text = arrays["description"].tobytes().replace(b'"format_version":1', b'"format_version":9')
    arrays["description"] = np.frombuffer(text, np.uint8)
    with (tmp_path / "c").open("wb") as stream:
        np.savez(stream, **arrays)
    with pytest.raises(BabeliteError, match="newer format; run: pip install --upgrade babelite"):
        TextClassifier.load(tmp_path / "c", WordEncoder())


def test_a_file_of_an_older_version_is_opened(tmp_path: Path) -> None:
    # The description as babelite 0.1 wrote it; format version 1.
    description = (
        b'{"format_version":1,"babelite_version":"0.1.0","classifier":"logistic",'
        b'"labels":["food","sport"],"by_sentence":false,"encoder":{"spec":null,'
        b'"name":"word_encoder.WordEncoder","dim":16,"checksum":null},"probes":["goal","salt"]}'
    )
    encoder = WordEncoder()
    sides = encoder.encode(["salt", "goal"]).T
    with (tmp_path / "c").open("wb") as stream:
        np.savez(
            stream,
            description=np.frombuffer(description, np.uint8),
            probes=encoder.encode(["goal", "salt"]),
            weights=np.ascontiguousarray(sides, np.float32),
            biases=np.zeros(2, np.float32),
            strength=np.ones(1, np.float32),
        )
    loaded = TextClassifier.load(tmp_path / "c", encoder)
    assert [found.label for found in loaded.predict(["goal", "salt"])] == ["sport", "food"]


def test_streaming_equals_predicting_in_one_call(
    trained: Trained,
) -> None:
    texts = [row.text for row in ROWS]
    classifier = trained["logistic"]
    streamed = list(classifier.stream(iter(texts), block_size=7))
    assert [text for text, _ in streamed] == texts
    assert [found.label for _, found in streamed] == [f.label for f in classifier.predict(texts)]


def test_refitting_on_more_texts(trained: Trained) -> None:
    again = trained["logistic"].refitted(ROWS)
    assert again.predict(["ball"])[0].label == "sport"
    assert again.head.arrays()["weights"].shape == (16, 2)
    assert not np.array_equal(
        again.head.arrays()["weights"], trained["logistic"].head.arrays()["weights"]
    )
    assert trained["mlp"].refitted(ROWS) is trained["mlp"]


def test_refitting_after_loading(trained: Trained, tmp_path: Path) -> None:
    trained["logistic"].save(tmp_path / "c")
    loaded = TextClassifier.load(tmp_path / "c", trained["logistic"].encoder)
    np.testing.assert_allclose(
        loaded.refitted(ROWS).head.arrays()["weights"],
        trained["logistic"].refitted(ROWS).head.arrays()["weights"],
        rtol=1e-3,
    )


def test_a_text_that_the_encoder_cannot_read_has_no_label() -> None:
    class Reader(WordEncoder):
        def encode(self, sentences: Sequence[str]) -> np.ndarray:
            return super().encode(sentences) * [["👍" not in text] for text in sentences]

    trained = TextClassifier.train(Reader(), ROWS)
    assert trained.predict(["👍", " "]) == [(None, None)] * 2
    assert trained.predict([ROWS[0].text])[0].label == ROWS[0].label


def test_blank_texts_are_ignored() -> None:
    blank = [LabelledText("sport", " "), LabelledText("food", "")]
    with_blank = TextClassifier.train(WordEncoder(), [*ROWS, *blank], dev=blank)
    without = TextClassifier.train(WordEncoder(), ROWS)
    np.testing.assert_array_equal(
        with_blank.head.arrays()["weights"], without.head.arrays()["weights"]
    )


def test_pairs_and_columns_are_accepted() -> None:
    pairs = [(label, text) for label, text in ROWS]
    trained = TextClassifier.train(WordEncoder(), iter(pairs))
    texts = np.array(["ball team", "salt soup"])
    assert [found.label for found in trained.predict(texts)] == ["sport", "food"]
    assert trained.predict(iter(texts)) == trained.predict(tuple(texts))
    assert trained.predict_proba(np.array([], str)).shape == (0, 2)


@pytest.mark.parametrize(
    "examples",
    [{"label": ["a", "b"], "text": ["c", "d"]}, ["a", "b"], [("a",)], [("a", 3)], "ab", [None]],
)
def test_examples_other_than_pairs_are_refused(examples: Any) -> None:
    with raises("input-invalid", "pairs"):
        TextClassifier.train(WordEncoder(), examples)


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_is_pickled_and_copied(kind: ClassifierKind) -> None:
    encoder = Encoder.load(threads=1)
    before = TextClassifier.train(encoder, ROWS[::9], classifier=kind)
    texts = ["goal team", ""]
    for after in (pickle.loads(pickle.dumps(before)), copy.deepcopy(before)):
        assert after.predict(texts) == before.predict(texts)


def test_texts_and_labels_may_be_two_columns() -> None:
    pairs = TextClassifier.train(WordEncoder(), ROWS)
    labels, texts = zip(*ROWS, strict=True)
    columns = TextClassifier.train(WordEncoder(), np.array(texts), np.array(labels, object))
    some = ["ball team", "salt soup", "run"]
    assert columns.predict(some) == pairs.predict(some)
    numbers = [int(label == "food") for label in labels]
    numbered = TextClassifier.train(WordEncoder(), list(texts), np.array(numbers))
    assert numbered.classes_ == ("0", "1")
    assert numbered.score(texts, numbers) == pairs.score(texts, labels) == 1
    assert pairs.score(["ball team", "salt soup", ""], ["sport", "sport", "sport"]) == 1 / 3


@pytest.mark.parametrize(
    "labels",
    [["a"], ["a", None], ["a", float("nan")], ["a", "b", "c"], [["a"], ["b"]], np.ones((2, 2))],
)
def test_labels_that_do_not_fit_the_texts_are_refused(labels: list[Any]) -> None:
    with raises("labels-invalid"):
        TextClassifier.train(WordEncoder(), ["ball", "soup"], labels)


@pytest.mark.parametrize("labels", [{"a": 1, "b": 2}, {"a", "b"}, "ab"])
def test_collections_other_than_columns_of_labels_are_refused(labels: Any) -> None:
    with raises("input-invalid"):
        TextClassifier.train(WordEncoder(), ["ball", "soup"], labels)
