"""The demo from message catalogs to the report, on artificial languages."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from babelite.cli.demo.steps import LANGUAGES, run_demo
from babelite.encoding import Encoder
from babelite.errors import BabeliteError
from babelite.training import TrainingProgress

pytestmark = pytest.mark.slow

WORDS = 60
MESSAGES = 400


def write_catalogs(folder: Path) -> None:
    """Catalogs in which each word is the reversed English word plus the language code."""
    random = np.random.default_rng(0)
    letters = np.array([*"abdegiklmnoprstuvz"])
    words = ["".join(random.choice(letters, 6)) for _ in range(WORDS)]
    sentences = [[words[w] for w in random.integers(WORDS, size=7)] for _ in range(MESSAGES)]
    for code in LANGUAGES:
        catalog = folder / code / "LC_MESSAGES" / "app.po"
        catalog.parent.mkdir(parents=True)
        lines = ['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n']
        for sentence in sentences:
            translated = " ".join(f"{word[::-1]}{code}" for word in sentence)
            lines.append(f'msgid "{" ".join(sentence)}"\nmsgstr "{translated}"\n')
        catalog.write_text("\n".join(lines), encoding="utf-8")


def quiet() -> TrainingProgress:
    return TrainingProgress(Console(quiet=True))


def test_the_demo_trains_evaluates_and_searches(tmp_path: Path) -> None:
    write_catalogs(tmp_path / "locale")
    out = tmp_path / "demo"
    result = run_demo(
        out, places=[str(tmp_path / "locale")], download=False, minutes=0.15, progress=quiet()
    )
    assert [found.name for found in result.results] == [
        f"en-{code}, {model}" for model in ("packaged model", "trained here") for code in LANGUAGES
    ]
    chance = 1 / result.results[0].pairs
    # The packaged model does not know these languages.
    trained = result.results[len(LANGUAGES) :]
    assert all(found.mean.value > 4 * chance for found in trained)
    assert "<svg" in result.report.read_text() or "data:image" in result.report.read_text()
    assert Encoder.load(result.model).languages == ("en", *LANGUAGES)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(BabeliteError, match="contains text gathered from other places") as refused:
        run_demo(out, places=[str(other)], download=False, minutes=0.15, progress=quiet())
    assert refused.value.code == "run-mismatch"
    tested, trained = set(), set()
    for code in LANGUAGES:
        for line in (out / "text" / f"en-{code}.test.tsv").read_text().splitlines():
            tested.update(line.split("\t"))
        for line in (out / "text" / f"en-{code}.tsv").read_text().splitlines():
            trained.update(line.split("\t"))
    assert tested and trained and tested.isdisjoint(trained)


def test_without_text_and_download_an_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="--download"):
        run_demo(tmp_path / "d", places=[], download=False, minutes=1, progress=quiet())


def test_a_demo_without_catalogs_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    places = [str(tmp_path / "empty")]
    with pytest.raises(BabeliteError, match="no sentence pair"):
        run_demo(tmp_path / "d", places=places, download=False, minutes=1, progress=quiet())
    assert not (tmp_path / "d").exists()
