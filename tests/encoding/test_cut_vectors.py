"""Vectors cut to their first components."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import random_model

from babelite import Encoder, Index, open_encoder
from babelite.encoding import AdaptedEncoder, unit_rows
from babelite.errors import BabeliteError

TEXTS = [*random_model.TEXT, "", "a b"]


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(random_model.write(tmp_path / "model", matryoshka=(8, 16)).path)


def test_a_cut_vector_is_the_first_components_at_unit_length(model: str) -> None:
    whole = Encoder.load(model).encode(TEXTS)
    for size in (8, 16, random_model.DIM):
        encoder = Encoder.load(model, dim=size)
        found = encoder.encode(TEXTS)
        assert encoder.dim == size
        assert found.shape == (len(TEXTS), size)
        np.testing.assert_allclose(found, unit_rows(whole[:, :size]), atol=1e-6)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder)).encode(TEXTS), found)


@pytest.mark.parametrize("size", [7, 0, 49])
def test_a_model_has_only_the_sizes_it_was_trained_for(model: str, size: int) -> None:
    with pytest.raises(BabeliteError, match="8 or 16 or 48"):
        open_encoder(model, dim=size)


def test_other_encoders_have_every_smaller_size() -> None:
    def encode(sentences: list[str]) -> list[list[float]]:
        return [[3.0, 4.0, len(text)] for text in sentences]

    encoder = AdaptedEncoder("three", encode, 2)
    assert encoder.dim == 2
    np.testing.assert_allclose(encoder.encode(["a"]), [[0.6, 0.8]], atol=1e-6)
    with pytest.raises(BabeliteError, match="1 to 3"):
        AdaptedEncoder("three", encode, 4)


def test_an_index_of_cut_vectors_opens_with_its_size(model: str, tmp_path: Path) -> None:
    built = Index.build(TEXTS, Encoder.load(model, dim=8), tmp_path / "index", spec=model)
    opened = Index.open(built.folder)
    assert opened.encoder.dim == 8
    assert opened.search([TEXTS[2]], 1)[0][0].text == TEXTS[2]
    with pytest.raises(BabeliteError):
        Index.open(built.folder, Encoder.load(model)).search(TEXTS[:1])
