"""Files added twice: the same file is not added again, so a killed addition can be repeated."""

from pathlib import Path

from word_encoder import WordEncoder

from babelite.index import Index


def small(tmp_path: Path) -> Index:
    return Index.build({"a.txt": ["red", "", "green"]}, WordEncoder(), tmp_path / "index")


def sources(index: Index) -> list[tuple[str, int]]:
    return [(source.name, source.lines) for source in index.description.contents.sources]


def test_an_unchanged_file_is_not_added_again(tmp_path: Path) -> None:
    index = small(tmp_path)
    assert index.add({"b.txt": ["blue", "red"]}) == []
    assert index.add({"b.txt": ["blue\n", "red"], "c.txt": ["white"]}) == ["b.txt"]
    assert index.add({"a.txt": ["red", " ", "green"]}) == ["a.txt"]
    assert sources(index) == [("a.txt", 3), ("b.txt", 2), ("c.txt", 1)]


def test_a_changed_file_is_added_completely(tmp_path: Path) -> None:
    index = small(tmp_path)
    for lines in (
        ["red", "", "white"],
        ["red"],
        ["red", "", "green", "pink"],
        ["red", "", "white"],
    ):
        index.add({"a.txt": iter(lines)})
    assert sources(index) == [("a.txt", 3), ("a.txt", 3), ("a.txt", 1), ("a.txt", 4)]
    assert index._reader.texts_as_bytes(7, 11) == [b"red", b"", b"green", b"pink"]


def test_a_file_whose_lines_were_removed_is_added_again(tmp_path: Path) -> None:
    index = small(tmp_path)
    index.remove([0])
    assert index.add({"a.txt": ["red", "", "green"]}) == ["a.txt"]
    index.remove([2])
    assert index.add({"a.txt": ["red", "", "green"]}) == []
    assert len(index) == 2


def test_lines_without_a_name_are_always_added(tmp_path: Path) -> None:
    index = small(tmp_path)
    for _ in range(2):
        assert index.add(["blue"]) == []
    assert len(index) == 4


def test_a_file_that_begins_with_many_known_lines_is_added_completely(tmp_path: Path) -> None:
    lines = [f"w{i}" for i in range(9_000)]
    index = Index.build({"a.txt": lines}, WordEncoder(), tmp_path / "index")
    index.add({"a.txt": iter([*lines, "red"])})
    assert sources(index) == [("a.txt", 9_000), ("a.txt", 9_001)]
    assert index.search(["red"], 1)[0][0].line == 9_001
    assert index.find(["w8999"]) == [8_999, 17_999]
