import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from babelite.encoding import AdaptedEncoder
from babelite.errors import BabeliteError
from babelite.mining import MiningOptions, candidate_pairs, mine
from babelite.neighbors import nearest

RNG = np.random.default_rng(0)
WORDS = {f"w{i}": RNG.normal(size=24) for i in range(200)}


class InterruptedRunError(Exception):
    pass


class Words:
    """A sentence is the sum of its words' vectors; it may break off after some calls."""

    dim = 24

    def __init__(self, calls: int = 10**9) -> None:
        self.left, self.seen = calls, []

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        self.left -= 1
        if self.left < 0:
            raise InterruptedRunError
        self.seen += sentences
        rows = [
            sum((WORDS.get(w, WORDS["w0"]) for w in s.split()), np.zeros(24)) for s in sentences
        ]
        rows = np.array(rows, dtype=np.float32).reshape(-1, 24)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def text(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(f"w{i}" for i in rng.integers(200, size=5)) for _ in range(count)]


def found(mined, **options):  # noqa: ANN001, ANN003, ANN201
    pairs = mined.pairs(**options)
    return [
        (mined.sources[int(s)], mined.targets[int(t)], round(float(score), 5))
        for s, t, score in zip(pairs.source, pairs.target, pairs.score, strict=True)
    ]


def test_mined_pairs_equal_those_of_the_separate_steps() -> None:
    source, target = text(60, 1), [f"{line} w3" for line in reversed(text(60, 1))]
    encoder = Words()
    with mine(source, target, encoder) as mined:
        mined_pairs = found(mined)
    vectors = encoder.encode(source), encoder.encode(target)
    pairs = candidate_pairs(nearest(*vectors, 4), nearest(*vectors[::-1], 4))
    assert {(s, t) for s, t, _ in mined_pairs} == {
        (source[i], target[j]) for i, j in zip(pairs.source, pairs.target, strict=True)
    }
    np.testing.assert_allclose([score for *_, score in mined_pairs], pairs.score, atol=2e-3)
    assert sum(t == f"{s} w3" for s, t, _ in mined_pairs) >= 58


def test_equal_and_blank_lines() -> None:
    source = ["", "w1 w2", "w1 w2 ", "  ", "w3 w4", "w1 w2"]
    target = ["w3 w4", "w3 w4", "w1 w2"]
    encoder = Words()
    with mine(source, target, encoder, k=1) as mined:
        assert list(mined.sources) == ["w1 w2", "w3 w4"]
        assert mined.sources.line_numbers.tolist() == [2, 5]
        assert mined.sources.rows.tolist() == [-1, 0, 0, -1, 1, 0]
        assert mined.targets.line_numbers.tolist() == [1, 3]
        # The same text on both sides is a pair like any other.
        assert {pair[:2] for pair in found(mined)} == {("w1 w2", "w1 w2"), ("w3 w4", "w3 w4")}
    assert encoder.seen.count("w1 w2") == 2  # once a side


def test_k_is_at_most_the_smaller_side() -> None:
    with mine(text(3, 1), text(9, 2), Words(), k=50) as mined:
        assert mined.k == 3
        assert mined.forward.scores.shape == (3, 3)
        assert mined.backward.scores.shape == (9, 3)
    with mine(["w1"], ["w2"], Words()) as mined:
        assert len(mined.pairs()) == 1


@pytest.mark.parametrize("kind", ["exact", "clusters"])
def test_a_run_interrupted_anywhere_resumes_to_the_same_pairs(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("babelite.mining.mine"), "SENTENCES_PER_BLOCK", 100)
    monkeypatch.setattr(import_module("babelite.mining.mine"), "QUERIES_PER_BLOCK", 150)
    source, target = text(600, 1), text(700, 2) + text(300, 1)
    with mine(source, target, Words(), search=kind) as mined:
        wanted = found(mined)
    work, encoded = tmp_path / "work", []
    for calls in (1, 3, 4, 100):
        encoder = Words(calls)
        steps = 0

        def tell(what: str, done: int, total: int, calls: int = calls) -> None:
            nonlocal steps
            steps += what.startswith("neighbours")
            if calls == 4 and steps == 3:
                raise InterruptedRunError

        try:
            with mine(source, target, encoder, search=kind, work=work, progress=tell) as mined:
                assert found(mined) == wanted
        except InterruptedRunError:
            # As a kill in the middle of a write leaves it.
            for file in work.glob("*.vectors"):
                with file.open("ab") as stream:
                    stream.write(b"x" * 17)
                break
        encoded += encoder.seen
    assert mined.search == kind
    assert len(encoded) < 2 * (600 + 1000)


@pytest.mark.parametrize("kind", ["exact", "clusters"])
def test_truncated_files_of_a_work_folder_are_computed_again(kind: str, tmp_path: Path) -> None:
    source, target = text(300, 1), text(300, 2)
    work = tmp_path / "work"
    with mine(source, target, Words(), search=kind, work=work) as mined:
        wanted = found(mined)
    files = [path for path in work.iterdir() if path.name != "work.json"]
    assert {path.suffix for path in files} >= {".vectors", ".neighbours", ".txt", ".npy"}
    for path in files:
        whole = path.read_bytes()
        for left in (len(whole) - 1, len(whole) // 2, 0):
            path.write_bytes(whole[:left])
            # What rests on it may not be there yet, as after a crash in the middle of a run.
            for later in work.glob("*.neighbours"):
                if path.suffix == ".npz":
                    later.unlink()
            with mine(source, target, Words(), search=kind, work=work) as mined:
                assert found(mined) == wanted


@pytest.mark.parametrize("kind", ["exact", "clusters"])
def test_damaged_files_of_a_work_folder_are_computed_again(kind: str, tmp_path: Path) -> None:
    source, target = text(300, 1), text(300, 2)
    work = tmp_path / "work"
    with mine(source, target, Words(), search=kind, work=work) as mined:
        wanted = found(mined)
    rng = np.random.default_rng(3)
    for path in sorted(path for path in work.iterdir() if path.stat().st_size):
        whole = {path: path.read_bytes() for path in work.iterdir()}
        damaged = bytearray(whole[path])
        damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        if path.suffix == ".npz":
            for later in work.glob("*.neighbours"):
                later.unlink()
        try:
            with mine(source, target, Words(), search=kind, work=work) as mined:
                assert found(mined) == wanted
        except BabeliteError as error:
            assert (path.name, error.code) == ("work.json", "file-damaged")
        for other, content in whole.items():
            other.write_bytes(content)


def test_a_work_folder_of_format_1_is_used(tmp_path: Path) -> None:
    source, target = text(50, 1), text(50, 2)
    work = tmp_path / "work"
    with mine(source, target, Words(), work=work) as mined:
        wanted = found(mined)
    for path in work.glob("*.crc"):
        path.unlink()
    manifest = json.loads((work / "work.json").read_text())
    del manifest["file_checksum"]
    (work / "work.json").write_text(json.dumps(manifest | {"format": 1}))
    encoder = Words()
    with mine(source, target, encoder, work=work) as mined:
        assert found(mined) == wanted
    assert len(encoder.seen) <= 1  # the sentence that identifies the encoder


def error_of(*arguments: object, **fields: object) -> BabeliteError:
    with pytest.raises(BabeliteError) as error, mine(*arguments, **fields):
        pass
    return error.value


def test_a_work_folder_of_another_run_is_rejected(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with mine(text(5, 1), text(5, 2), Words(), work=work):
        pass
    before = {path.name: path.read_bytes() for path in work.iterdir()}
    error = error_of(text(5, 3), text(5, 2), Words(), work=work)
    assert (error.code, error.path) == ("run-mismatch", str(work))
    assert "source" in str(error)
    error = error_of(text(5, 1), text(6, 2), Words(), work=work)
    assert error.code == "run-mismatch"
    assert "target" in str(error)
    other = AdaptedEncoder("other", lambda sentences: [[len(s), 1.0] for s in sentences])
    error = error_of(text(5, 1), text(5, 2), other, work=work)
    assert (error.code, error.path) == ("encoder-mismatch", str(work))
    assert {path.name: path.read_bytes() for path in work.iterdir()} == before
    (tmp_path / "notes.txt").write_text("mine")
    assert error_of(text(5, 1), text(5, 2), Words(), work=tmp_path).code == "run-mismatch"
    (work / "work.json").write_text("{")
    assert error_of(text(5, 1), text(5, 2), Words(), work=work).code == "file-damaged"


def test_options_are_validated_once() -> None:
    for fields in ({"k": 0}, {"margin": "best"}, {"direction": "up"}, {"search": "ivf"}):
        with pytest.raises(BabeliteError, match=str(*fields.values())) as error:
            MiningOptions(**fields)
        assert error.value.code == "option-invalid"


def test_keywords_replace_fields_of_the_options() -> None:
    source, target, options = text(30, 1), text(30, 1), MiningOptions(k=2, direction="forward")
    with mine(source, target, Words(), options, k=3, threshold=1.1) as mined:
        assert mined.options == MiningOptions(k=3, direction="forward", threshold=1.1)
        assert mined.pairs().score.min() >= 1.1
        assert len(mined.pairs(threshold=None)) == 30
        assert len(mined.pairs(threshold=None, direction="max", margin="distance")) <= 30


def test_an_explanation_adds_up() -> None:
    with mine(text(30, 1), text(30, 1), Words()) as mined:
        pair = mined.pairs().take(slice(0, 1))
        told = mined.explain(int(pair.source[0]), int(pair.target[0]))
    means = [
        np.mean([c for c, _ in side]) for side in (told.source_neighbours, told.target_neighbours)
    ]
    assert told.target in [text for _, text in told.source_neighbours]
    assert pair.ratio[0] == pytest.approx(pair.cosine[0] / np.mean(means), rel=1e-3)


def test_a_side_without_text_is_rejected() -> None:
    error = error_of(["w1"], ["", " "], Words())
    assert error.code == "input-empty"
    assert "target" in str(error)


def test_line_breaks_inside_a_sentence_become_spaces() -> None:
    with mine(["w1 w2\nw3\tw4"], ["w1 w2 w3 w4"], Words()) as mined:
        assert mined.sources[0] == "w1 w2 w3 w4"


def test_a_locked_work_folder_is_rejected(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with mine(text(5, 1), text(5, 2), Words(), work=work):
        assert error_of(text(5, 1), text(5, 2), Words(), work=work).code == "file-locked"


def test_one_string_is_not_accepted_as_text() -> None:
    error = error_of("e.txt", "f.txt", Words())
    assert error.code == "input-invalid"
    assert "source" in str(error)


def test_sentences_with_zero_vectors_are_in_no_pair() -> None:
    class Reader(Words):
        def encode(self, sentences: Sequence[str]) -> np.ndarray:
            rows = super().encode(sentences)
            rows[[s.startswith("👍") or s == "你好" for s in sentences]] = 0
            return rows

    source = ["w1 w2", "👍", "w3 w4", "你好", "w5 w6"]
    target = ["w5 w6", "👍", "👍 👍", "w1 w2", "你好", "w3 w4"]
    for direction in ("max", "intersection", "forward", "backward"):
        with mine(source, target, Reader(), direction=direction) as mined:
            pairs = mined.pairs()
            assert sorted(zip(pairs.source, pairs.target, strict=True)) == [(0, 3), (2, 5), (4, 0)]
            assert [side.sum() for side in mined.unreadable] == [2, 3]
