"""What several tests share: a small bilingual text that a machine can learn in seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from made_up_languages import Bilingual

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("fuzz", derandomize=False, deadline=20_000, max_examples=20_000)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def bilingual_pairs() -> list[tuple[str, str]]:
    """2,000 sentence pairs in two made-up languages."""
    return Bilingual().pairs(2_000)


@pytest.fixture(scope="session")
def parallel_file(
    bilingual_pairs: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same pairs as a file, ``en-fr.tsv``."""
    path = tmp_path_factory.mktemp("parallel") / "en-fr.tsv"
    lines = (f"{source}\t{target}\n" for source, target in bilingual_pairs)
    path.write_text("".join(lines), encoding="utf-8")
    return path
