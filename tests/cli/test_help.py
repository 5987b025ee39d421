"""What --help says reaches the reader whole."""

import subprocess
import sys
from collections.abc import Callable

Run = Callable[..., tuple[int, str, str]]


def test_brackets_in_a_help_text_are_no_markup(run: Run) -> None:
    code, out, _ = run("filter", "--help")
    assert code == 0
    assert "babelite[filter]" in out


def test_every_setting_of_training_shows_its_default(run: Run) -> None:
    from babelite.training import TrainingConfig

    _, out, _ = run("train", "--help")
    shown = " ".join(out.replace("│", " ").split())
    for name, field in TrainingConfig.model_fields.items():
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert f"(default: {field.default})" in shown, name


def test_training_without_its_libraries_says_what_to_install() -> None:
    without_torch = "import sys; sys.modules['torch'] = None; from babelite.cli import main; main()"
    command = [sys.executable, "-c", without_torch, "train"]
    given = subprocess.run(
        [*command, "en-fr.tsv", "--out", "model", "--minutes", "10"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert given.returncode == 2
    assert given.stderr.endswith("run: pip install 'babelite[train]'.\n")
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    assert "pip install 'babelite[train]'" in shown.stdout
