"""Ids and fields of lines: filters, lookup, replacing, and what survives kills and damage."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from error_codes import raises
from hypothesis import given, settings
from hypothesis import strategies as st
from word_encoder import WordEncoder

from babelite.errors import BabeliteError
from babelite.index import Index, IndexRow, building, open_index

WORDS = ["red", "green", "blue", "sun", "moon", "sea"]
VALUES = st.sampled_from(["fr", "de", 7, None])
ROWS = st.lists(
    st.builds(
        lambda text, id, lang, year: IndexRow(
            text, id, {"lang": lang} if year is None else {"lang": lang, "year": year}
        ),
        st.sampled_from(["", *WORDS, "red sun", "blue sea"]),
        st.sampled_from([None, *"abcdefgh"]),
        VALUES,
        st.sampled_from([None, 2020, 2021]),
    ),
    min_size=1,
    unique_by=lambda row: row.id or object(),
)


def articles(folder: Path) -> Index:
    rows = [
        IndexRow("red sun", "a", {"lang": "en", "year": 2020}),
        IndexRow("blue sea", "b", {"lang": "fr", "year": 2021}),
        IndexRow("red sea", "c", {"lang": "fr"}),
        IndexRow("green tree"),
    ]
    return Index.build({"x.csv": rows}, WordEncoder(), folder)


def found(index: Index, query: str, **options: Any) -> list[str]:
    return [hit.text for hit in index.search([query], 10, **options)[0]]


def test_filters_select_lines_by_their_fields(tmp_path: Path) -> None:
    index = articles(tmp_path / "index")
    assert (index.fields, index.has_ids) == (("lang", "year"), True)
    [first, second] = index.search(["red sea"], where={"lang": "fr"})[0]
    assert (first.text, first.id, first.fields) == ("red sea", "c", {"lang": "fr"})
    assert (second.id, second.fields) == ("b", {"lang": "fr", "year": 2021})
    for year in (2021, "2021", 2021.0, np.int64(2021), [1, 2021]):
        assert found(index, "red", where={"year": year}) == ["blue sea"]
    assert set(found(index, "red", where={"year": None})) == {"red sea", "green tree"}
    assert found(index, "red", where={"lang": ["en", "fr"], "year": [2020]}) == ["red sun"]
    assert found(index, "red", where={"lang": "xx"}) == []
    assert set(found(index, "red", where={})) == {"red sun", "red sea", "blue sea", "green tree"}
    assert found(index, "red", where={"lang": "fr"}, rows=[0, 1]) == ["blue sea"]
    assert found(index, "red", rows=np.array([3])) == ["green tree"]
    with raises("column-not-found", "no field 'language'.*lang, year"):
        index.search(["red"], where={"language": "fr"})
    with raises("option-invalid", "has no row 9"):
        index.search(["red"], rows=[9])


def test_fields_of_an_index_without_any_are_an_error(tmp_path: Path) -> None:
    index = Index.build(["red"], WordEncoder(), tmp_path / "index")
    with raises("column-not-found", "has no fields"):
        index.search(["red"], where={"lang": "fr"})
    with raises("column-not-found", "has no ids"):
        index.get("a")
    assert [hit.id for hit in index.search(["red"])[0]] == [None]
    assert not list(index.folder.glob("field*"))


def test_lines_are_found_by_id(tmp_path: Path) -> None:
    index = articles(tmp_path / "index")
    assert index.get("b") == IndexRow("blue sea", "b", {"lang": "fr", "year": 2021})
    assert index.get("z") is None
    assert index.find(ids=["c", "z", "a"]) == [0, 2]
    assert index.find(where={"lang": "fr"}) == [1, 2]
    assert index.find(["red sea", "red sun"], where={"lang": "fr"}) == [2]
    assert index.remove(index.find(ids=["b"])) == 1
    assert index.get("b") is None
    assert found(index, "blue", where={"lang": "fr"}) == ["red sea"]


def test_an_added_line_replaces_the_line_of_its_id(tmp_path: Path) -> None:
    index = articles(tmp_path / "index")
    old = Index.open(index.folder)
    index.add([IndexRow("white moon", "b", {"lang": "de"}), IndexRow("white", "d"), "black"])
    for seen in (index, Index.open(index.folder, WordEncoder())):
        assert seen.get("b") == IndexRow("white moon", "b", {"lang": "de"})
        assert found(seen, "sea", where={"lang": "fr"}) == ["red sea"]
        assert len(seen) == 6
    index.remove(index.find(ids=["a"]))
    index.add([IndexRow("yellow", "b"), IndexRow("", "d")])  # an empty text removes the line
    assert (index.get("a"), index.get("b"), index.get("d")) == (None, IndexRow("yellow", "b"), None)
    assert len(index) == 4
    assert len(list(index.folder.glob("removed*.npy"))) == 1
    # A process that opened the index before still finds what was there.
    assert old.find(ids=["b"]) == [1]


def test_an_id_that_occurs_twice_is_an_error(tmp_path: Path) -> None:
    rows = {"a": [IndexRow("red", "1"), "green"], "b": [IndexRow("blue", "2"), IndexRow("x", "1")]}
    with raises("id-repeated", "b, line 2: the id '1' occurs twice"):
        Index.build(rows, WordEncoder(), tmp_path / "index")


@pytest.mark.parametrize(
    "row",
    [
        IndexRow("red", fields={"x": object()}),
        IndexRow("red", fields={"": 1}),
        IndexRow("red", fields={1: 1}),  # type: ignore[dict-item]
        IndexRow("red", fields={"x": float("inf")}),
        IndexRow("red", ""),
        IndexRow("red", 1.5),  # type: ignore[arg-type]
        IndexRow(3),  # type: ignore[arg-type]
    ],
)
def test_unusable_rows_are_refused(tmp_path: Path, row: IndexRow) -> None:
    with raises("input-invalid", "lines, line 2: "):
        Index.build(["green", row], WordEncoder(), tmp_path / "index")


def test_values_keep_their_types(tmp_path: Path) -> None:
    fields = {"n": 1, "x": 0.5, "yes": True, "none": None, "list": [1, {"a": "ü"}], "text": "1"}
    rows = [IndexRow("red", "ü", fields), IndexRow("green", 5, {"n": np.float32("nan")})]  # type: ignore[arg-type]
    index = Index.build(rows, WordEncoder(), tmp_path / "index")
    assert index.get("ü") == IndexRow("red", "ü", fields)
    assert index.get("5") == IndexRow("green", "5", {"n": None})
    assert found(index, "red", where={"yes": True, "x": 0.5, "list": None}) == []
    assert found(index, "red", where={"yes": "true", "x": "0.5", "text": 1}) == ["red"]


def wanted_texts(rows: dict[int, IndexRow], where: dict[str, Any]) -> set[str]:
    def passes(row: IndexRow) -> bool:
        return all(
            str(row.fields.get(name)) in map(str, value if isinstance(value, list) else [value])
            for name, value in where.items()
        )

    return {row.text for row in rows.values() if row.text and passes(row)}


@settings(max_examples=40)
@given(
    first=ROWS.filter(lambda rows: any(row.text for row in rows)),
    changes=st.lists(st.one_of(ROWS, st.sets(st.integers(0, 20))), max_size=4),
    wheres=st.lists(
        st.dictionaries(
            st.just("lang"), st.one_of(VALUES, st.lists(VALUES, max_size=3)), max_size=1
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_what_is_found_after_changes_is_what_a_dictionary_holds(
    first: list[IndexRow], changes: list[list[IndexRow] | set[int]], wheres: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index = Index.build(first, WordEncoder(), Path(folder) / "index")
        rows = dict(enumerate(first))
        count = len(first)
        for change in changes:
            if isinstance(change, set):
                gone = {row for row in change if row < count}
                index.remove(gone)
                rows = {row: content for row, content in rows.items() if row not in gone}
            else:
                index.add(change)
                new = {content.id for content in change} - {None}
                rows = {row: content for row, content in rows.items() if content.id not in new}
                rows |= dict(enumerate(change, count))
                count += len(change)
        live = {row: content for row, content in rows.items() if content.text}
        assert len(index) == len(live)
        for seen in (index, Index.open(index.folder, WordEncoder())) if live else ():
            for where in wheres:
                hits = seen.search(["red moon"], 30, where=where)[0]
                assert {hit.text for hit in hits} == wanted_texts(rows, where)
                assert sum(hit.equal_lines for hit in hits) == len(seen.find(where=where))
            for row, content in live.items():
                assert content.id is None or seen.find(ids=[content.id]) == [row]


@pytest.mark.parametrize("kind", ["exact", "ivf", "pq"])
@pytest.mark.parametrize("few", [True, False])
def test_filters_in_an_index_of_any_kind(
    tmp_path: Path, kind: Any, few: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{i}" for i in row) for row in rng.integers(0, 300, (2_000, 4))]
    rows = [IndexRow(text, fields={"part": i % 3}) for i, text in enumerate(texts)]
    encoder = WordEncoder(64)
    index = Index.build(rows, encoder, tmp_path / "index", kind=kind)
    index.add([IndexRow(texts[0], fields={"part": 1})])
    monkeypatch.setattr(open_index, "_FEW_ROWS", 20_000 if few else 10)
    queries = encoder.encode([f"{text.split(maxsplit=1)[1]} x" for text in texts[1:300:30]])
    passing = np.array(index.find(where={"part": 1}))
    assert passing.tolist() == [*range(1, 2_000, 3), 2_000]
    vectors = index._reader.vectors(passing)
    exact = passing[np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :10]]
    cosines, nearest = index.nearest(queries, 10, where={"part": 1})
    assert (nearest % 3 == 1).sum() + (nearest == 2_000).sum() == nearest.size
    assert (np.diff(cosines) <= 0).all()
    overlap = np.mean([len({*a} & {*b}) for a, b in zip(exact, nearest, strict=True)])
    assert overlap > (9.99 if few or kind == "exact" else 8)
    # All lines that pass are found if as many are wanted.
    assert sorted(index.nearest(queries[:1], 5_000, where={"part": 1}).indices[0]) == [*passing]
    assert index.nearest(queries, 5, where={"part": 7}).indices.shape == (len(queries), 0)


def test_hits_below_the_least_score_are_left_out(tmp_path: Path) -> None:
    index = Index.build(["red sun", "red", "green"], WordEncoder(), tmp_path / "index")
    [hits] = index.search(["red sun"], min_score=0.5)
    assert hits[0].text == "red sun"
    assert hits == [hit for hit in index.search(["red sun"])[0] if hit.cosine >= 0.5]
    assert index.search(["red sun"], min_score=1.1) == [[]]


def test_a_hit_tells_how_many_lines_are_equal(tmp_path: Path) -> None:
    lines = ["red sun", "red", *["red sun"] * 40, "red", "green", "red sun"]
    rows = [IndexRow(line, str(i), {"odd": i % 2}) for i, line in enumerate(lines)]
    index = Index.build(rows, WordEncoder(), tmp_path / "index")
    index.remove([5])
    for k in (1, 2, 3):
        hits = index.search(["red sun"], k)[0]
        assert [hit.equal_lines for hit in hits] == [41, 2, 1][:k]
    assert [hit.equal_lines for hit in index.search(["red sun"], 1, where={"odd": 1})[0]] == [19]
    each = index.search(["red sun"], 5, distinct=False)[0]
    assert [(hit.row, hit.equal_lines) for hit in each] == [(row, 1) for row in (0, 2, 3, 4, 6)]


def test_an_index_is_closed_at_the_end_of_a_block(tmp_path: Path) -> None:
    with articles(tmp_path / "index") as index:
        assert "4 lines" in repr(index)
        assert "lang, year" in repr(index)
    assert "closed" in repr(index)
    with pytest.raises(ValueError, match="closed"):
        index.search(["red"])


# --- the files ------------------------------------------------------------------------------------


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(building, "_BLOCK_LINES", 10)
    yield


def many_rows(count: int = 45) -> dict[str, list[str | IndexRow]]:
    fields = [{}, {"lang": "fr"}, {"lang": "de", "year": 3}]
    rows: list[str | IndexRow] = [
        IndexRow(f"w{i}", f"id{i}", fields[i // 15]) for i in range(count)
    ]
    return {"plain": ["red", *["x y"] * 12], "rows": rows, "more": [IndexRow("z", None, {"n": 1})]}


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("after", [5, 15, 25, 35, 50, 58])
@pytest.mark.parametrize("change", ["none", "fields", "plain"])
def test_an_interrupted_build_with_fields_equals_one_that_was_not(
    tmp_path: Path, after: int, change: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        Index.build(many_rows(), WordEncoder(fail_after=after), tmp_path / "index")
    sources = many_rows()
    if change == "fields":
        sources["rows"][7] = IndexRow("w7", "id7", {"other": 1})
    elif change == "plain":
        sources = {"plain": ["red", *["x y"] * 12, "new"]}
    Index.build(sources, WordEncoder(), tmp_path / "index")
    Index.build(sources, WordEncoder(), tmp_path / "whole")
    assert content(tmp_path / "index") == content(tmp_path / "whole")


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("after", [0, 5, 12, 25])
def test_an_interrupted_replacement_is_found_when_it_is_complete(
    tmp_path: Path, after: int
) -> None:
    index = articles(tmp_path / "index")
    shutil.copytree(index.folder, tmp_path / "whole")
    new = {"new.csv": [IndexRow(f"w{i}", i or "a", {"lang": "it", "n": i}) for i in range(30)]}  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        Index.open(index.folder, WordEncoder(fail_after=after + 3)).add(new)
    before = Index.open(index.folder, WordEncoder())
    assert (before.fields, before.get("a")) == (("lang", "year"), index.get("a"))
    for folder in (index.folder, tmp_path / "whole"):
        assert Index.open(folder, WordEncoder()).add(new) == []
        assert Index.open(folder, WordEncoder()).add(new) == ["new.csv"]
    assert content(index.folder) == content(tmp_path / "whole")
    assert Index.open(index.folder).get("a") == IndexRow("w0", "a", {"lang": "it", "n": 0})


def test_lines_with_other_fields_are_other_lines(tmp_path: Path) -> None:
    index = Index.build({"a": [IndexRow("red", fields={"n": 1})]}, WordEncoder(), tmp_path / "i")
    assert index.add({"a": [IndexRow("red", fields={"n": 1})]}) == ["a"]
    assert index.add({"a": [IndexRow("red", fields={"n": 2})]}) == []
    with raises("index-exists", "other lines"):
        Index.build({"a": [IndexRow("red")]}, WordEncoder(), tmp_path / "i")


def test_fields_may_begin_later(tmp_path: Path) -> None:
    index = Index.build(["red", "green"], WordEncoder(), tmp_path / "index")
    index.add([IndexRow("blue", "x", {"lang": "fr"})])
    index.add([IndexRow("white", "y", {"n": 1})])
    assert found(index, "red", where={"lang": None, "n": 1}) == ["white"]
    assert set(found(index, "red", where={"lang": None, "n": None})) == {"red", "green"}
    assert index.get("x") == IndexRow("blue", "x", {"lang": "fr"})


def test_a_flipped_bit_in_fields_is_an_error(tmp_path: Path) -> None:
    def answers() -> object:
        index = Index.open(folder, WordEncoder())
        filters = [index.search(["red"], where={"lang": lang, "year": None}) for lang in ("fr", 1)]
        return filters, [index.get(id) for id in "abc"], len(index)

    index = articles(tmp_path / "index")
    index.add([IndexRow("white", "a", {"lang": "fr"})])
    folder = index.folder
    right = answers()
    rng = np.random.default_rng(1)
    files = [*folder.glob("field*"), *folder.glob("removed*"), folder / "index.json"]
    assert len(files) == 12
    noticed = 0
    for path in files:
        whole = path.read_bytes()
        for _ in range(8):
            damaged = bytearray(whole)
            damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged)
            try:
                assert answers() == right
            except BabeliteError as error:
                assert error.code in ("index-invalid", "file-damaged", "format-too-new")
                noticed += 1
        path.write_bytes(whole)
        path.unlink()
        with pytest.raises(BabeliteError):
            answers()
        path.write_bytes(whole)
    assert noticed >= 60
    assert answers() == right


def test_rows_are_read_in_the_given_order(tmp_path: Path) -> None:
    index = articles(tmp_path / "index")
    rows = index.read(np.array([3, 0]))
    assert rows == [IndexRow("green tree"), IndexRow("red sun", "a", {"lang": "en", "year": 2020})]
    assert index.read([]) == []
    for wrong in (-1, 4):
        with raises("option-invalid", f"no row {wrong}"):
            index.read([0, wrong])
