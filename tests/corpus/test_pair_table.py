"""Tables of pairs that are read repeatedly."""

from pathlib import Path

from error_codes import raises

from babelite.corpus import PairTable


def test_rows_appended_after_the_first_reading_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("one\teins\n" * 6)
    table = PairTable(str(tmp_path / "pairs.tsv"), None)
    first = list(table.side(0))
    with (tmp_path / "pairs.tsv").open("a") as stream:
        stream.write("one\tmore\n")
    assert list(table.side(0)) == first
    assert len(list(table.side(1))) == len(list(table.lines())) == len(first)
    (tmp_path / "pairs.tsv").write_text("one\tonly\n")
    with raises("file-changed", r"pairs\.tsv: .*6 rows .* 1 "):
        list(table.lines())


def test_a_row_that_changes_between_two_readings_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("one\teins\ntwo\tzwei\n")
    table = PairTable(str(tmp_path / "pairs.tsv"), None)
    assert list(table.side(0)) == ["one", "two"]
    (tmp_path / "pairs.tsv").write_text("one\teins\ntwo\tzwo!\n")
    with raises("file-changed", r"pairs\.tsv: changed"):
        list(table.side(1))
