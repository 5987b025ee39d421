"""Every format: round trips, and errors that name file and line."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from error_codes import raises
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus import Losses, Pair, PairSource, read_texts, write_pairs
from babelite.errors import BabeliteError, MissingExtraError

LANGUAGES = ("en", "fr")
PAIRS = [
    Pair("Hello world", "Bonjour le monde"),
    Pair('"Quoted" <b>& more</b>', "\u00ab Cit\u00e9 \u00bb"),
    Pair("\U0001f600 smile", "\u4f60\u597d"),
    Pair("", "vide"),
]
OUTS = [
    f"x{ending}{packed}"
    for ending in (".tsv", ".csv", ".jsonl", ".tmx", ".xliff", ".parquet")
    for packed in ("", ".gz", ".xz", ".zst")
    if not (ending == ".parquet" and packed)
]


def read(path: Path | str, columns: tuple[str, str] | None = None, **kwargs: str) -> list[Pair]:
    return list(PairSource((str(path),), *LANGUAGES, columns, **kwargs).read())


@pytest.mark.parametrize("name", OUTS)
def test_round_trip(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    losses = Losses()
    has_units = any(ending in name for ending in (".tmx", ".xliff"))  # a unit has two sides
    pairs = PAIRS[:-1] if has_units else PAIRS
    assert write_pairs(iter(PAIRS), str(path), LANGUAGES, losses) == len(pairs)
    assert losses.total() == len(PAIRS) - len(pairs)
    assert read(path) == pairs
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    texts = set(read_texts(str(path)))
    if ".csv" in name:  # the header is text too
        texts -= set(LANGUAGES)
    assert texts == {side for pair in pairs for side in pair}


@pytest.mark.parametrize("packed", ["", ".gz", ".xz", ".zst"])
def test_round_trip_of_aligned_files(tmp_path: Path, packed: str) -> None:
    paths = [str(tmp_path / f"x.{language}{packed}") for language in LANGUAGES]
    assert write_pairs(PAIRS, ",".join(paths), LANGUAGES) == len(PAIRS)
    assert list(PairSource(tuple(paths), *LANGUAGES).read()) == PAIRS


sentence = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@given(
    pairs=st.lists(st.builds(Pair, sentence, sentence), min_size=1),
    ending=st.sampled_from([".jsonl", ".parquet", ".tsv", ".tmx", ".xliff"]),
)
def test_round_trip_of_any_text(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair], ending: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"x{ending}"
    write_pairs(pairs, str(path), LANGUAGES)
    expected = pairs
    if ending == ".tsv":
        expected = [Pair(*(" ".join(line_free(side)) for side in pair)) for pair in pairs]
    if ending in (".tmx", ".xliff"):
        expected = [Pair(*map(xml_text, pair)) for pair in pairs]
        expected = [pair for pair in expected if all(map(str.strip, pair))]
    if expected:
        assert read(path) == expected


def line_free(text: str) -> list[str]:
    return re.split(r"[\t\r\n]+", text)


def xml_text(text: str) -> str:
    kept = "".join(
        char if char in "\t\n\r" or " " <= char <= "\ufffd" or char >= "\U00010000" else " "
        for char in text
    )
    return kept


def test_equal_languages_get_distinct_columns(tmp_path: Path) -> None:
    for name in ("x.jsonl", "x.parquet"):
        write_pairs(PAIRS, str(tmp_path / name), ("en", "en"))
        assert list(PairSource((str(tmp_path / name),), "en", "en").read()) == PAIRS


def test_standard_output_is_tsv(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_pairs([Pair("a\tb", "c\nd")], "-", LANGUAGES)
    assert capfdbinary.readouterr().out == b"a b\tc d\n"


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> object:
        yield PAIRS[0]
        raise BabeliteError("went wrong", code="input-invalid")

    for out in (*(str(tmp_path / name) for name in OUTS), f"{tmp_path}/x.en,{tmp_path}/x.fr"):
        with pytest.raises(BabeliteError, match="went wrong"):
            write_pairs(failing(), out, LANGUAGES)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("ending", [".tsv", ".jsonl", ".tmx", ".xliff", ".parquet"])
def test_a_full_disk(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"full{ending}"
    path.symlink_to("/dev/full")
    with raises("not-writable", "No space left on device"):
        write_pairs(PAIRS * 5000, str(path), LANGUAGES)


def test_read_only_formats(tmp_path: Path) -> None:
    with raises("format-unknown", r"\.po.*\.tmx"):
        write_pairs(PAIRS, str(tmp_path / "x.po"), LANGUAGES)
    for name in ("x.tmx", "x.xliff"):
        with raises("languages-unknown"):
            write_pairs(PAIRS, str(tmp_path / name), ("source", "target"))


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("x.parquet", "pyarrow"),
        ("x.po", "translate.storage"),
        ("x.tsv.zst", "zstandard"),
    ],
)
def test_a_missing_library_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    (tmp_path / name).write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'babelite\[corpus\]'"):
        read(tmp_path / name)


# --- TSV and aligned files ------------------------------------------------------------------------


def test_tsv_of_an_alignment_gives_the_texts(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("source\ttarget\tscore\tsource_text\ttarget_text\n1\t2-3\t0.9\ta\tb\n")
    assert read(path) == [Pair("a", "b")]


def test_tsv_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("id\ten\tfr\n\n1\tyes\toui\n2\tno\tnon\n", encoding="utf-8-sig")
    assert read(path, ("en", "fr")) == [Pair("yes", "oui"), Pair("no", "non")]
    assert read(path, ("fr", "2"))[0] == Pair("oui", "yes")
    assert read(path, ("3", "2"))[0] == Pair("oui", "yes")  # line 1 has the names
    assert read(path)[0] == Pair("yes", "oui")
    with raises("column-not-found", r"has no column .de."):
        read(path, ("en", "de"))
    with raises("column-not-found", "line 1: .*3 columns.*column 4"):
        read(path, ("1", "4"))
    with raises("column-not-found", "'0'"):
        read(path, ("0", "1"))


def test_columns_called_source_and_target_are_found(tmp_path: Path) -> None:
    path = tmp_path / "mined.tsv"
    path.write_text("score\tcosine\tsource\ttarget\n1.2\t0.9\tyes\toui\n")
    assert read(path) == [Pair("yes", "oui")]
    assert read(path, ("1", "2"))[0] == Pair("1.2", "0.9")


def test_tsv_with_one_column_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\nonly one\n")
    with raises("column-not-found", r"x\.tsv, line 2: has 1 column, so there is no column 2"):
        read(path)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def stdin(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    stdin("a\tb\n")
    assert read("-") == [Pair("a", "b")]
    stdin('{"en": "a", "fr": "b"}\n')
    assert read("-", format="jsonl") == [Pair("a", "b")]
    stdin('msgid "a"\nmsgstr "b"\n')
    assert read("-", format="catalog") == [Pair("a", "b")]
    stdin("alone\n")
    with raises("column-not-found", "standard input, line 1: .*1 column"):
        read("-")
    with raises("format-invalid", "standard input"):
        read("-", format="parquet")


def test_aligned_files_of_different_length_name_both_counts(tmp_path: Path) -> None:
    (tmp_path / "x.en").write_text("a\nb\nc\nd\n")
    (tmp_path / "x.fr").write_text("a\n\n")
    forth, back = (
        (f"{tmp_path}/x.{a}", f"{tmp_path}/x.{b}") for a, b in (["en", "fr"], ["fr", "en"])
    )
    with raises("input-invalid", r"x\.en, line 3: has 4 lines but .*x\.fr has 2"):
        list(PairSource(forth, "en", "fr").read())
    with raises("input-invalid", r"x\.fr, line 3: has 2 lines but .*x\.en has 4"):
        list(PairSource(back, "fr", "en").read())


# --- JSON lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ('{"en": "a", "fr": "b", "id": 3}', None),
        ('{"source": "a", "target": "b"}', None),
        ('{"translation": {"en": "a", "fr": "b"}}', None),
        ('{"id": "7", "translation": {"x": "a", "y": "b"}}', ("x", "y")),
        ('{"x": "a", "y": "b", "translation": {"en": "", "fr": ""}}', ("x", "y")),
    ],
)
def test_jsonl_keys(tmp_path: Path, line: str, columns: tuple[str, str] | None) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f"{line}\n\n{line}\n")
    assert read(path, columns) == [Pair("a", "b")] * 2


def test_jsonl_null_is_empty_and_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"en": null, "fr": "a\\ud83d b\\ud83d\\ude00"}\n')
    assert read(path) == [Pair("", "a\ufffd b\U0001f600")]
    assert list(read_texts(str(path))) == ["a\ufffd b\U0001f600"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"en": "a"', "line 2: is not JSON"),
        ('["a", "b"]', "line 2: is not a JSON object"),
        ('{"en": "a"}', "line 2: has no 'fr'"),
        ('{"en": "a", "fr": 3}', "line 2: 'fr' is not a string"),
        ('{"en": "a", "fr": "b\\u0000"}', "line 2: 'fr' contains a zero byte"),
    ],
)
def test_bad_json_names_the_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f'{{"en": "a", "fr": "b"}}\n{line}\n')
    with pytest.raises(BabeliteError, match=message):
        read(path)


def test_jsonl_without_the_columns_names_those_it_has(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n\n" + json.dumps({"de": "a", "it": "b"}))
    message = r"x\.jsonl, line 3: has no columns 'en' and 'fr', it has de, it; choose two"
    with raises("column-not-found", message):
        read(path)


# --- Parquet --------------------------------------------------------------------------------------


def test_parquet_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    rows = {"en": ["a", None], "fr": ["b", "c"], "n": [1, 2], "x": ["y", "z"]}
    pq.write_table(pa.table(rows), path)
    assert read(path) == [Pair("a", "b"), Pair("", "c")]
    assert read(path, ("x", "en")) == [Pair("y", "a"), Pair("z", "")]
    with raises("column-invalid", "'n'.*int64"):
        read(path, ("en", "n"))
    with raises("column-not-found", r"x\.parquet: .*en, fr, n, x"):
        read(path, ("en", "de"))
    assert sorted(read_texts(str(path))) == ["", "a", "b", "c", "y", "z"]


def test_parquet_struct_dictionary_and_large_strings(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    nested = pa.table({"id": ["1"], "translation": [{"en": "a", "fr": "b"}]})
    pq.write_table(nested, path)
    assert read(path) == [Pair("a", "b")]
    assert sorted(read_texts(str(path))) == ["1", "a", "b"]
    sides = {
        "en": pa.array(["a", "a"]).dictionary_encode(),
        "fr": pa.array(["b", "c"], pa.large_string()),
    }
    pq.write_table(pa.table(sides), path)
    assert read(path) == [Pair("a", "b"), Pair("a", "c")]
    views = pa.array(["c", "c"], pa.string_view())
    pq.write_table(pa.table({"en": sides["en"], "fr": views}), tmp_path / "views.parquet")
    assert read(tmp_path / "views.parquet") == [Pair("a", "c"), Pair("a", "c")]
    # Excluded sentences must be found in every type of column.
    assert sorted(read_texts(str(tmp_path / "views.parquet"))) == ["a", "a", "c", "c"]
    assert sorted(read_texts(str(path))) == ["a", "a", "b", "c"]


def test_parquet_with_duplicate_column_names(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    sides = [pa.array([text]) for text in "abc"]
    pq.write_table(pa.Table.from_arrays(sides, names=["en", "fr", "fr"]), path)
    with raises("column-invalid", r"x\.parquet: .*2 columns 'fr'"):
        read(path)
    assert list(read_texts(str(path))) == ["a", "b", "c"]
    nest = pa.StructArray.from_arrays(sides, names=["en", "fr", "fr"])
    pq.write_table(pa.table({"translation": nest}), path)
    with raises("column-invalid", "2 columns 'translation.fr'"):
        read(path)
    assert list(read_texts(str(path))) == ["a", "b", "c"]
    pq.write_table(pa.Table.from_arrays([nest, nest], names=["translation"] * 2), path)
    with raises("column-invalid", "has 2 columns 'translation.en'"):
        read(path)


def test_parquet_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    latin = pa.array(["café".encode("latin-1")]).view(pa.string())
    pq.write_table(pa.table({"en": ["coffee"], "fr": latin}), path)
    for reading in (read, lambda path: list(read_texts(str(path)))):
        with raises("not-utf8", r"x\.parquet: contains b'caf\\xe9', which is not UTF"):
            reading(path)


def test_parquet_values_without_bounds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelite.corpus.formats.parquet.MAX_RECORD_BYTES", 10_000)
    monkeypatch.setattr("babelite.corpus.formats.parquet._MAX_BATCH_BYTES", 100_000)
    path = tmp_path / "x.parquet"
    long, many = ["a" * 20_000, *"b" * 99], ["a" * 2_000] * 100
    for texts in (
        pa.array(long),
        pa.array(long, pa.string_view()),
        pa.array(long).dictionary_encode(),
        pa.array(many).dictionary_encode(),
        pa.array(["a" * 20_000]),
    ):
        pq.write_table(pa.table({"en": texts, "fr": ["b"] * len(texts)}), path)
        with raises("limit-exceeded", r"x\.parquet: "):
            read(path)


def test_parquet_is_not_compressed_twice(tmp_path: Path) -> None:
    with raises("format-invalid"):
        write_pairs(PAIRS, str(tmp_path / "x.parquet.gz"), LANGUAGES)
    assert not list(tmp_path.iterdir())


def test_broken_parquet(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_pairs(PAIRS, str(path), LANGUAGES)
    data = path.read_bytes()
    for broken in (b"", b"text", data[:-20], data[:4] + b"\xff" * 150 + data[154:]):
        path.write_bytes(broken)
        with raises("file-damaged", r"x\.parquet"):
            read(path)


@pytest.mark.parametrize("out", ["{0}/a,{0}/a", "{0}/a,{0}/./a", "{0}/a,-", "-,{0}/a"])
def test_two_languages_need_two_files(tmp_path: Path, out: str) -> None:
    with raises("output-is-input"):
        write_pairs(PAIRS, out.format(tmp_path), LANGUAGES)
    assert list(tmp_path.iterdir()) == []


def test_a_zero_byte_in_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"en": ["a\0b"], "fr": ["c"]}), path)
    with raises("column-invalid", r"x\.parquet: .*'en'"):
        read(path)


def test_a_line_of_spaces_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\n  \n\t\nc\td\n")
    assert read(path) == [Pair("a", "b"), Pair("", ""), Pair("c", "d")]


def test_three_files_are_too_many(tmp_path: Path) -> None:
    with raises("input-invalid", "3 files"):
        write_pairs(PAIRS, str(tmp_path / "a,b,c"), LANGUAGES)
    assert not list(tmp_path.iterdir())
