"""The benchmark of training prepares the input of both trainers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import training
from tokenizers import Tokenizer

from babelite.training import open_tokens


def test_pairs_are_tokenised_and_stored_as_text(tmp_path: Path) -> None:
    file = tmp_path / "pairs.en-fr.tsv"
    file.write_text("".join(f"one tree {i}\tun arbre {i}\n" for i in range(30)), encoding="utf-8")
    training._prepare(argparse.Namespace(pairs=str(file), sample=20), tmp_path)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert len(open_tokens(tmp_path / "tokens", "pairs", tokenizer)) == 20
    [first, *others] = json.loads((tmp_path / "pairs.json").read_text(encoding="utf-8"))
    assert first[:2] == ["one tree 0", "un arbre 0"] and len(others) == 19
