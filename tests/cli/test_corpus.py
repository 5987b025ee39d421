"""The commands of `babelite corpus`: files, tables, JSON and errors."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from babelite.cli import corpus
from babelite.errors import BabeliteError

TEXT = (
    "Good  morning\tBonjour\nGood morning\tbonjour !\nOK\tok\nSee you soon\t\n"
    "Thank you\tMerci\nHow are you?\tComment vas-tu ?\n"
)

UNITS = TEXT.replace("See you soon\t\n", "")  # an empty side is no unit of TMX


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "en-fr.tsv"
    path.write_text(TEXT)
    return path


def run(*arguments: object, text: str | None = None) -> Result:
    app = typer.Typer()
    corpus.register(app)
    result = CliRunner().invoke(app, ["corpus", *map(str, arguments)], input=text)
    if isinstance(result.exception, BabeliteError):
        return result
    assert result.exit_code == 0, result.output
    return result


def require_error(result: Result, code: str, facts: str = "") -> None:
    """Check the code of the error that ended a command, and facts in its message."""
    assert isinstance(result.exception, BabeliteError)
    assert result.exception.code == code
    assert facts in str(result.exception)


def test_clean_writes_a_file_and_a_table(pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "clean.tsv.gz"
    result = run("clean", pairs, "--out", out)
    assert gzip.decompress(out.read_bytes()).decode() == (
        "Good morning\tBonjour\nThank you\tMerci\nHow are you?\tComment vas-tu ?\n"
    )
    assert result.stdout == ""
    assert "dropped: seen before" in result.stderr
    assert "kept" in result.stderr


def test_clean_counts_as_json(pairs: Path, tmp_path: Path) -> None:
    result = run("clean", pairs, "--out", tmp_path / "x.tsv", "--keep-duplicates", "--json")
    assert json.loads(result.stdout) == {
        "read": 6,
        "kept": 4,
        "steps": {"unicode": 1, "empty": 1, "length": 0, "length_ratio": 0, "identical": 1},
    }


def test_clean_is_a_filter(pairs: Path) -> None:
    result = run("clean", "-", "--columns", "2,1", "--exclude", pairs, text="Merci\tzz\na b\tc d\n")
    assert result.stdout == "c d\ta b\n"


def test_clean_writes_no_file_without_pairs(pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tsv"
    result = run("clean", pairs, "--out", out, "--min-words", 99)
    require_error(result, "input-empty")
    assert "kept" in result.output
    assert not out.exists()


def test_convert_there_and_back(pairs: Path, tmp_path: Path) -> None:
    previous = str(pairs)
    for name in ("a.jsonl.zst", "a.parquet", "a.tmx", "a.en,a.fr", "b.tsv"):
        out = ",".join(str(tmp_path / part) for part in name.split(","))
        run("convert", f"en-fr={previous}", "--out", out)
        previous = out
    assert (tmp_path / "b.tsv").read_text() == UNITS


def test_convert_needs_languages_only_for_tmx(pairs: Path, tmp_path: Path) -> None:
    unnamed = tmp_path / "pairs.tsv"
    unnamed.write_text(TEXT)
    run("convert", unnamed, "--out", tmp_path / "x.jsonl")
    assert json.loads((tmp_path / "x.jsonl").read_text().splitlines()[0]) == {
        "source": "Good  morning",
        "target": "Bonjour",
    }
    require_error(run("convert", unnamed, "--out", tmp_path / "x.tmx"), "languages-unknown")
    run("convert", unnamed, "--languages", "en-fr", "--out", tmp_path / "x.tmx")
    assert 'xml:lang="fr"' in (tmp_path / "x.tmx").read_text()


def test_stats(pairs: Path) -> None:
    measured = json.loads(run("stats", pairs, "--json").stdout)
    assert measured["pairs"] == 6
    assert measured["source"]["distinct"] == 5
    assert "distinct sentences" in run("stats", pairs).stdout


def test_split(tmp_path: Path) -> None:
    path = tmp_path / "en-fr.tsv"
    path.write_text("".join(f"sentence {n}\tphrase {n}\n" for n in range(200)))
    run("split", path, "--held-out", 20, "--out", tmp_path / "parts", "--seed", 3)
    training, held = (
        (tmp_path / "parts" / f"en-fr.{part}.tsv").read_text().splitlines()
        for part in ("train", "held-out")
    )
    assert (len(training), len(held)) == (180, 20)
    assert {*training, *held} == set(path.read_text().splitlines())
    require_error(run("split", "-", "--held-out", 1, "--out", tmp_path), "input-invalid")
    too_many = run("split", path, "--held-out", 200, "--out", tmp_path / "none")
    require_error(too_many, "input-empty")
    assert not (tmp_path / "none").exists()


def test_a_negative_seed_is_refused(pairs: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    corpus.register(app)
    arguments = ["corpus", "split", str(pairs), "--held-out", "1", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, [*arguments, "--seed", "-1"])
    assert result.exit_code == 2
    assert "Invalid value for '--seed'" in result.output


def test_catalogs(tmp_path: Path) -> None:
    for code, text in (("fr", "Ouvrez donc ce fichier"), ("de", "\u00d6ffnen Sie die Datei")):
        folder = tmp_path / "app" / "locale" / code / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "app.po").write_text(f'msgid "Open the file please"\nmsgstr "{text}"\n')
    (folder / "broken.po").write_text('msgid "a')
    out = tmp_path / "text"
    result = run("catalogs", tmp_path / "app", "--languages", "fr,de,fr", "--out", out, "--json")
    assert json.loads(result.stdout)["en-de"]["kept"] == 1
    assert "skipped" in result.stderr
    assert (out / "en-fr.tsv").read_text() == "Open the file please\tOuvrez donc ce fichier\n"
    nothing = run("catalogs", tmp_path / "app", "--languages", "it", "--out", out)
    require_error(nothing, "input-empty", "en-it")
    assert not (out / "en-it.tsv").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "facts"),
    [
        (["--columns", "1"], "option-invalid", "--columns 1"),
        (["--languages", "enfr"], "option-invalid", "--languages enfr"),
        (["--format", "xls"], "format-unknown", "'xls'"),
        (["--columns", "en,fr"], "column-not-found", "'en'"),
    ],
)
def test_wrong_options(pairs: Path, arguments: list[str], code: str, facts: str) -> None:
    require_error(run("stats", pairs, *arguments), code, facts)


def test_json_and_pairs_cannot_both_go_to_standard_output(pairs: Path) -> None:
    require_error(run("clean", pairs, "--json"), "option-conflict")


def test_catalogs_without_a_language(tmp_path: Path) -> None:
    found = run("catalogs", tmp_path, "--languages", " , ", "--out", tmp_path / "text")
    require_error(found, "option-invalid", "--languages")


def test_importing_corpus_imports_no_heavy_library() -> None:
    code = (
        "import sys, babelite.corpus, babelite.cli.corpus; "
        "heavy = {'numpy', 'pyarrow', 'lxml', 'translate', 'torch', 'rich.progress'}; "
        "sys.exit(str(heavy & sys.modules.keys()) if heavy & sys.modules.keys() else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_split_does_not_replace_its_input(pairs: Path, tmp_path: Path) -> None:
    held = ("--held-out", "1", "--out", tmp_path / "parts")
    assert run("split", pairs, *held).exit_code == 0
    train = tmp_path / "parts" / "en-fr.train.tsv"
    before = {path: path.read_bytes() for path in train.parent.iterdir()}
    refused = run("split", train, *held)
    require_error(refused, "output-is-input", "en-fr.train.tsv")
    assert {path: path.read_bytes() for path in train.parent.iterdir()} == before


# --- what files declare, and what is left out -----------------------------------------------------

APP = """<xliff version="1.2"><file source-language="en-US" target-language="fr-FR"><body>
<trans-unit id="1"><source>Press the red<x id="1"/>button now</source>
<target>Appuyez maintenant sur le bouton rouge</target></trans-unit>
<trans-unit id="2"><source>Untranslated</source></trans-unit>
</body></file></xliff>"""


def test_convert_takes_the_languages_that_the_file_declares(tmp_path: Path) -> None:
    app = tmp_path / "app2.xliff"
    app.write_text(APP)
    shown = run("convert", app, "--out", tmp_path / "app.tmx").stderr
    assert "1 pair written" in shown
    assert "without a translation: 1" in shown
    assert "inline codes" in shown
    memory = (tmp_path / "app.tmx").read_text()
    assert 'xml:lang="en-US"' in memory and 'xml:lang="fr-FR"' in memory
    assert "red button" in memory


@pytest.mark.parametrize("name", ["own.parquet", "own.jsonl", "own.tmx"])
def test_own_output_is_read_back(pairs: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    run("convert", pairs, "--languages", "en-fr", "--out", out)
    measured = run("stats", out)
    assert "en" in measured.stdout and "fr" in measured.stdout
    text = UNITS if name == "own.tmx" else TEXT
    assert run("convert", out, "--out", "-").stdout == text


def test_catalogs_of_a_file_whose_name_has_no_language(tmp_path: Path) -> None:
    app = tmp_path / "app2.xliff"
    app.write_text(APP)
    for place in (app, tmp_path):
        run("catalogs", place, "--languages", "fr", "--out", tmp_path / "text")
        text = (tmp_path / "text" / "en-fr.tsv").read_text()
        assert text == "Press the red button now\tAppuyez maintenant sur le bouton rouge\n"


def test_refused_commands_leave_nothing(pairs: Path, tmp_path: Path) -> None:
    out, empty = tmp_path / "new" / "parts", tmp_path / "catalogs"
    empty.mkdir()
    before = {path.name for path in tmp_path.iterdir()}
    commands: list[list[object]] = [
        ["split", pairs, "--held-out", 6],  # leaves no training pair
        ["split", pairs, "--held-out", 10_000],
        ["catalogs", empty, "--languages", "fr"],
    ]
    for command in commands:
        assert isinstance(run(*command, "--out", out).exception, BabeliteError)
        assert {path.name for path in tmp_path.iterdir()} == before
    out.mkdir(parents=True)
    assert isinstance(run(*commands[0], "--out", out).exception, BabeliteError)
    assert out.exists()  # it was there before


def test_catalogs_write_all_languages_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "app" / "locale" / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "app.po").write_text(
        'msgid "Open the file please"\nmsgstr "Ouvrez donc ce fichier"\n'
    )
    result = run("catalogs", tmp_path / "app", "--languages", "fr,it", "--out", tmp_path / "text")
    require_error(result, "input-empty", "en-it")
    assert not (tmp_path / "text").exists()
