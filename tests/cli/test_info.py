"""``babelite info`` shows a model folder and verifies its checksums."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import random_model

from babelite.encoding import DEFAULT_MODEL, read_model_description

Run = Callable[..., tuple[int, str, str]]


def test_the_packaged_model_is_shown(run: Run) -> None:
    code, out, _ = run("info")
    described = read_model_description(DEFAULT_MODEL / "babelite.json")
    assert code == 0
    for fact in (
        described.name,
        "256 or 128 or 64 components, from the first 200 tokens",
        f"{described.parameters:,}",
        f"{len(described.files) + 1} files",
        "pairs en-it",
        "Apache-2.0",
    ):
        assert fact in out
    for name, value in described.metrics.items():
        assert any(line.split() == [*name.split(), f"{value:g}"] for line in out.splitlines())


def test_a_folder_is_shown(run: Run, here: Path) -> None:
    random_model.write(here / "model")
    code, out, _ = run("info", "--model", "model")
    assert code == 0
    assert "float32, int8 (default: int8)" in out


def test_json_is_the_description(run: Run, here: Path) -> None:
    random_model.write(here / "model")
    code, out, _ = run("info", "--model", "model", "--json")
    assert code == 0
    assert json.loads(out) == json.loads((here / "model" / "babelite.json").read_text())


@pytest.mark.parametrize("name", ["1_Pooling/config.json", "onnx/model.onnx"])
def test_a_folder_that_was_changed_is_refused(run: Run, here: Path, name: str) -> None:
    random_model.write(here / "model")
    with (here / "model" / name).open("ab") as stream:
        stream.write(b" ")
    code, out, err = run("info", "--model", "model")
    assert (code, out) == (2, "")
    assert f"{Path(name).name}: was changed after it was written" in err


def test_a_path_without_a_model_is_refused(run: Run, here: Path) -> None:
    (here / "text").touch()
    for place in ("nowhere", "text", "."):
        code, out, err = run("info", "-m", place)
        assert (code, out) == (2, "")
        assert err.startswith("babelite: ")
        assert err.count("\n") == 1
