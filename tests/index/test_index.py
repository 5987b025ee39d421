import copy
import pickle
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from word_encoder import WordEncoder

from babelite.errors import BabeliteError
from babelite.index import Index
from babelite.index.description import IndexKind, VectorType
from babelite.index.row_storage import from_stored, to_stored
from babelite.neighbors import search_sentences

WORDS = ["red", "green", "blue", "sun", "moon", "sea", "tree", "house"]
LINES = st.lists(st.sampled_from(["", " \t", *WORDS, "red sun", "blue sea", "green tree house"]))
SOME_LINES = LINES.filter(lambda lines: any(map(str.strip, lines)))


def brute_force(
    queries: NDArray[np.float32],
    lines: Sequence[str],
    gone: set[int],
    k: int,
    precision: VectorType,
) -> list[list[int]]:
    """Sort the cosines of everything that can be found; rounding noise counts as a tie."""
    vectors = WordEncoder().encode(lines)
    stored = from_stored(to_stored(vectors, precision)).astype(np.float64)
    rows = [row for row, line in enumerate(lines) if line.strip() and row not in gone]
    rows = list({lines[row]: row for row in reversed(rows)}.values())  # the first of equal lines
    cosines = queries.astype(np.float64) @ stored.T
    return [sorted(rows, key=lambda i: (-round(found[i], 8), i))[:k] for found in cosines]


@settings(max_examples=40)
@given(
    first=SOME_LINES,
    changes=st.lists(st.one_of(SOME_LINES, st.sets(st.integers(0, 30))), max_size=4),
    queries=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    k=st.integers(1, 40),
    precision=st.sampled_from(["int8", "float16"]),
)
def test_search_after_changes_equals_sorting_all_cosines(
    first: list[str],
    changes: list[list[str] | set[int]],
    queries: list[str],
    k: int,
    precision: VectorType,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index = Index.build(first, WordEncoder(), Path(folder) / "index", precision=precision)
        lines, gone = list(first), set()
        for change in changes:
            if isinstance(change, set):
                rows = {row for row in change if row < len(lines)}
                index.remove(rows)
                gone |= rows
            else:
                index.add(change)
                lines += change
        there = sum(bool(line.strip()) for line in lines)
        left = there - sum(bool(lines[row].strip()) for row in gone)
        for seen in (index, Index.open(index.folder, WordEncoder())):
            assert len(seen) == left
            if not left:
                with pytest.raises(BabeliteError, match="all lines were removed"):
                    seen.search(queries, k)
                continue
            found = seen.search(queries, k)
            vectors = WordEncoder().encode(queries)
            wanted = brute_force(vectors, lines, gone, k, precision)
            assert [[hit.row for hit in hits] for hits in found] == wanted
            for hits in found:
                assert [hit.text for hit in hits] == [lines[hit.row] for hit in hits]


@pytest.fixture
def many() -> list[str]:
    """3,000 lines of four words."""
    rng = np.random.default_rng(0)
    return [" ".join(f"w{i}" for i in row) for row in rng.integers(0, 300, (3_000, 4))]


@pytest.mark.parametrize("kind", get_args(IndexKind)[1:])
def test_parts_find_nearly_all_of_the_nearest(
    tmp_path: Path, many: list[str], kind: IndexKind
) -> None:
    encoder = WordEncoder(64)
    lines = ["", *many, " "]
    exact = Index.build(lines, encoder, tmp_path / "exact", kind="exact")
    index = Index.build(lines, encoder, tmp_path / kind, kind=kind)
    assert [part.kind for part in index.description.parts] == [kind]
    queries = encoder.encode([f"{line.split(maxsplit=1)[1]} x" for line in many[::30]])
    wanted, found = exact.nearest(queries, 10), index.nearest(queries, 10)
    overlap = [len({*a} & {*b}) for a, b in zip(wanted.indices, found.indices, strict=True)]
    assert np.mean(overlap) > 8
    # What is found has its exact cosine, and comes in order.
    vectors = index._reader.vectors(slice(None))
    for query, scores, rows in zip(queries, *found, strict=True):
        np.testing.assert_allclose(vectors[rows] @ query, scores, atol=1e-5)
        assert (np.diff(scores) <= 0).all()
    # Neither what is removed nor a blank line is found; all else is, if asked for.
    index.remove(found.indices[:, 0])
    again = index.nearest(queries, 5_000)
    assert again.indices.shape[1] == len(index) == 3_000 - len(set(found.indices[:, 0].tolist()))
    every = set(range(1, 3_001)) - set(found.indices[:, 0].tolist())
    assert all(set(rows) == every for rows in again.indices[:3].tolist())


def test_lines_added_after_parts_are_found(tmp_path: Path, many: list[str]) -> None:
    encoder = WordEncoder(64)
    index = Index.build(many, encoder, tmp_path / "index", kind="ivf")
    index.add(["red sun", "blue moon"])
    hits = index.search(["blue moon", many[7]], k=3)
    assert [found[0].row for found in hits] == [3001, 7]
    assert index.description.covered == 3000


def test_changing_the_kind_needs_no_encoding(tmp_path: Path, many: list[str]) -> None:
    Index.build(many, WordEncoder(64), tmp_path / "index")
    for kind in reversed(get_args(IndexKind)):
        encoder = WordEncoder(64)
        index = Index.build(many, encoder, tmp_path / "index", kind=kind)
        assert encoder.encoded == 3  # to see whether it is the same encoder
        assert [part.kind for part in index.description.parts] == [kind] * (kind != "exact")
        assert index.search(many[:1], 1)[0][0].row == 0
    assert not list((tmp_path / "index").glob("*.faiss"))


def test_a_refused_call_does_not_change_an_index(tmp_path: Path, many: list[str]) -> None:
    Index.build(many, WordEncoder(64), tmp_path / "index", kind="ivf")
    for kind in (None, *get_args(IndexKind)):
        with pytest.raises(BabeliteError, match="is a finished index of other lines"):
            Index.build(["a b"], WordEncoder(64), tmp_path / "index", kind=kind)
    index = Index.open(tmp_path / "index", WordEncoder(64))
    assert [part.kind for part in index.description.parts] == ["ivf"]
    assert index.search(many[:1], 1)[0][0].row == 0


def test_an_index_keeps_its_kind_by_default(tmp_path: Path, many: list[str]) -> None:
    for kind in get_args(IndexKind):
        Index.build(many, WordEncoder(64), tmp_path / kind, kind=kind)
        index = Index.build(many, WordEncoder(64), tmp_path / kind)
        assert index.description.kind == kind
        assert [part.kind for part in index.description.parts] == [kind] * (kind != "exact")


def test_too_few_lines_for_a_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="kind pq needs 1,000 lines"):
        Index.build(["a b"], WordEncoder(), tmp_path / "index", kind="pq")
    with pytest.raises(BabeliteError, match="is not finished"):
        Index.open(tmp_path / "index")
    assert len(Index.build(["a b"], WordEncoder(), tmp_path / "index")) == 1
    with pytest.raises(BabeliteError, match="kind pq needs 1,000 lines"):
        Index.build(["a b"], WordEncoder(), tmp_path / "index", kind="pq")
    index = Index.open(tmp_path / "index", WordEncoder())
    index.add(["c d"])  # what was refused has left no trace
    assert [hit.text for hit in index.search(["c d"], 1)[0]] == ["c d"]


def test_hits_have_source_and_line(tmp_path: Path) -> None:
    sources = {"a.txt": ["red", "", "green"], "b.txt": ["blue"]}
    index = Index.build(sources, WordEncoder(), tmp_path / "index")
    index.add({"c.txt": ["", "sun"]})
    found = [index.search([word], 1)[0][0][2:5] for word in ("green", "blue", "sun")]
    assert found == [("green", "a.txt", 3), ("blue", "b.txt", 1), ("sun", "c.txt", 2)]


@given(lines=st.lists(st.text(st.characters(codec=None), max_size=12)))
@settings(max_examples=25)
def test_any_text_is_returned_unchanged(lines: list[str]) -> None:
    lines = ["anchor", *lines]
    with tempfile.TemporaryDirectory() as folder:
        index = Index.build(lines, WordEncoder(), Path(folder) / "index")
        texts = [hit.text for hit in index.search(["anchor"], len(lines))[0]]
    legible = {line.encode("utf-8", "replace").decode() for line in lines if line.strip()}
    assert sorted(texts) == sorted(legible)


def test_find_returns_the_rows_of_a_text(tmp_path: Path) -> None:
    index = Index.build(["red", "green", "red", "Red", ""], WordEncoder(), tmp_path / "index")
    assert index.find(["red", "", "nowhere"]) == index.find({"red", "x"}) == [0, 2]
    assert index.remove([0]) == 1
    assert index.remove([0, 4]) == 0
    assert index.find(["red"]) == [2]


@pytest.mark.parametrize("row", [-1, 3])
def test_rows_that_do_not_exist_are_refused(tmp_path: Path, row: int) -> None:
    index = Index.build(["red", "green", "blue"], WordEncoder(), tmp_path / "index")
    with pytest.raises(BabeliteError, match=f"has no row {row}; rows are 0 to 2"):
        index.remove([1, row])
    assert len(index) == 3


def test_a_search_by_vectors_needs_no_encoder(tmp_path: Path) -> None:
    Index.build(["red", "green"], WordEncoder(), tmp_path / "index")
    index = Index.open(tmp_path / "index")
    assert index.search(WordEncoder().encode(["green"]) * 7, 1)[0][0].text == "green"
    with pytest.raises(BabeliteError, match="vectors of 16 components, but the queries have 3"):
        index.search(np.ones((1, 3)))
    with pytest.raises(ValueError, match="k is 0"):
        index.search(np.ones((1, 16)), 0)
    with pytest.raises(BabeliteError, match="WordEncoder, which has no spec"):
        index.search(["green"])


def test_an_index_needs_a_line_that_is_not_blank(tmp_path: Path) -> None:
    for lines in ([], ["", "  "]):
        with pytest.raises(BabeliteError, match="blank") as caught:
            Index.build(lines, WordEncoder(), tmp_path / "index")
        assert caught.value.code == "input-empty"
    assert len(Index.build(["", "red"], WordEncoder(), tmp_path / "index")) == 1


@pytest.mark.parametrize("query", ["", " \t"])
def test_a_blank_query_has_no_hits(tmp_path: Path, query: str) -> None:
    index = Index.build(["red", "green"], WordEncoder(), tmp_path / "index")
    blank, hits = index.search([query, "green"], 1)
    assert blank == [] and [hit.text for hit in hits] == ["green"]


def test_equal_lines_are_one_hit(tmp_path: Path) -> None:
    lines = [*["red sun"] * 30, "red", "red sun", "green"]
    index = Index.build(lines, WordEncoder(), tmp_path / "index")
    found = index.search(np.tile(WordEncoder().encode(["red sun"]), (2, 1)), 3)
    assert [[hit.row for hit in hits] for hits in found] == [[0, 30, 32]] * 2
    assert index.find(["red sun"]) == [*range(30), 31]


def test_arrays_of_strings_are_queries(tmp_path: Path) -> None:
    index = Index.build(np.array(["red", "green"]), WordEncoder(), tmp_path / "index")
    assert index.search(np.array(["green"]), 1)[0][0].text == "green"


@pytest.mark.parametrize("lines", ["red", ["red", 3]])
def test_input_other_than_lines_is_refused(tmp_path: Path, lines: Any) -> None:
    with pytest.raises(
        BabeliteError, match=r"lines: a single string|lines, line 2: is not a string"
    ) as caught:
        Index.build(lines, WordEncoder(), tmp_path / "index")
    assert caught.value.code == "input-invalid"


def test_zero_queries_give_zero_results(tmp_path: Path, many: list[str]) -> None:
    for kind in get_args(IndexKind):
        index = Index.build(many, WordEncoder(), tmp_path / kind, kind=kind)
        assert index.search([]) == []


def test_lines_of_an_open_file_are_indexed(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("red sun\n\nblue moon\n last", encoding="utf-8")
    with path.open(encoding="utf-8") as stream:
        index = Index.build(stream, WordEncoder(), tmp_path / "index")
    assert index.find(["blue moon", "red sun", " last"]) == [0, 2, 3]
    assert index.search(["red sun"], 1)[0][0].text == "red sun"


def test_sources_may_be_named_by_paths(tmp_path: Path) -> None:
    lines: dict[Any, list[str]] = {Path("a.txt"): ["red sun"]}
    index = Index.build(lines, WordEncoder(), tmp_path / "index")
    assert index.search(["red sun"], 1)[0][0].source == "a.txt"


def test_an_index_is_pickled_by_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    index = Index.build(["red sun", "blue sea"], WordEncoder(), "index")
    data = pickle.dumps(index)
    assert copy.deepcopy(index).search(["sea"]) == index.search(["sea"])
    index.remove([1])
    monkeypatch.chdir("/")
    assert len(pickle.loads(data)) == 1  # the newest state


def test_lines_and_queries_that_the_encoder_cannot_read_are_not_found(tmp_path: Path) -> None:
    class Reader(WordEncoder):
        def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
            return super().encode(sentences) * np.float32([["👍" not in s] for s in sentences])

    lines = ["green", "👍", "blue sky", "👍 👍"]
    index = Index.build(lines, Reader(), tmp_path / "index")
    unreadable, hits = index.search(["👍", "green"], 4)
    assert unreadable == []
    assert sorted(hit.text for hit in hits) == ["blue sky", "green"]
    unreadable_result, found = search_sentences(Reader(), ["👍", "green"], lines, 4)
    assert unreadable_result.hits == ()
    assert sorted((hit.row, hit.text) for hit in found.hits) == [(0, "green"), (2, "blue sky")]
    assert search_sentences(Reader(), ["green"], ["👍"])[0].hits == ()


@pytest.mark.parametrize("queries", [1, 3])
@pytest.mark.parametrize("k", [1, 10, 700])
def test_integer_comparison_finds_the_rows_of_float_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, queries: int, k: int
) -> None:
    chance = np.random.default_rng(0)
    vectors = chance.standard_normal((600, 16)).astype(np.float32)
    vectors[300:400] = vectors[:100]  # ties
    vectors[50:60] *= 0  # unreadable text

    class Given:
        dim = 16

        def encode(self, lines: Sequence[str]) -> NDArray[np.float32]:
            found = vectors[[int(line.split()[1]) for line in lines]]
            return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)

    lines = [f"line {row}" if row % 9 else "" for row in range(600)]
    index = Index.build(lines, Given(), tmp_path / "index")
    index.remove(range(100, 120))
    monkeypatch.setattr("babelite.index.int8_scan._SCANNED_ROWS", 64)
    wanted = chance.standard_normal((queries, 16)).astype(np.float32)
    half = range(0, 600, 2)
    found = [index.nearest(wanted, k), index.nearest(wanted, k, rows=half)]
    monkeypatch.setattr("babelite.index.open_index.SCANNED_QUERIES", 0)
    monkeypatch.setattr("babelite.index.open_index._FEW_ROWS", 0)
    for ints, floats in zip(
        found, [index.nearest(wanted, k), index.nearest(wanted, k, rows=half)], strict=True
    ):
        np.testing.assert_array_equal(ints.indices, floats.indices)
        np.testing.assert_array_equal(ints.scores, floats.scores)
