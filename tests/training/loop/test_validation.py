"""Validation: retrieval on held-out pairs, losses without chance, the model left as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from babelite.corpus import Pair
from babelite.training.config import TrainingConfig
from babelite.training.data.tokens import open_tokens
from babelite.training.data.vocabulary import train_vocabulary
from babelite.training.loop.validation import Validation, Validator
from babelite.training.network.training_model import TrainingModel
from babelite.training.network.transformer import DualTransformer, NetworkShape
from babelite.training.objective_parser import parse_objective
from babelite.training.prepared_text import LanguagePair, TrainingText


@pytest.fixture(scope="module")
def text(
    bilingual_pairs: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> TrainingText:
    """Held-out pairs of two language pairs; the first sentence of each is long."""
    sentences = [side for pair in bilingual_pairs[:300] for side in pair]
    tokenizer = train_vocabulary(sentences, 400)
    nothing = open_tokens(tmp_path_factory.mktemp("none"), "none", tokenizer)
    pairs = [Pair(*pair) for pair in bilingual_pairs[:120]]
    pairs[0] = Pair(pairs[0].source * 30, pairs[0].target * 30)
    same = [Pair(pair.source, pair.source) for pair in pairs[:70]]
    return TrainingText(
        [
            LanguagePair("en-fr", ("en", "fr"), (), pairs, nothing),
            LanguagePair("de-fr", ("de", "fr"), (), same, nothing),
        ],
        tokenizer,
    )


def make_validator(text: TrainingText) -> Validator:
    return Validator(text, TrainingConfig(max_tokens=20, seed=3), torch.device("cpu"))


def make_model(text: TrainingText, objective: str = "mlm + smlm + align") -> TrainingModel:
    torch.manual_seed(0)
    size = text.tokenizer.get_vocab_size()
    shape = NetworkShape(size, dim=16, layers=1, heads=2, hidden_dim=16, max_tokens=20)
    network = DualTransformer(shape, dropout=0.5)
    return TrainingModel(network, parse_objective(objective), languages=len(text.languages)).train()


def test_languages_are_numbered_by_first_occurrence(text: TrainingText) -> None:
    assert text.languages == ["en", "fr", "de"]


def test_a_random_network_finds_identical_sentences_and_no_translations(text: TrainingText) -> None:
    found = make_validator(text)(make_model(text), bag=True)
    assert found.precision_at_1["de-fr"] == 1
    assert found.precision_at_1["en-fr"] < 0.2
    assert found.mean == pytest.approx(np.mean(list(found.precision_at_1.values())))
    assert found.losses == {}


def test_precision_equals_that_of_single_vectors(text: TrainingText) -> None:
    model = make_model(text)
    found = make_validator(text)(model, bag=False)
    model.eval()
    sides = []
    with torch.no_grad():
        for side in range(2):
            ids = [text.tokenizer.encode(p[side]).ids[:20] for p in text.pairs[0].held_out]
            vectors = torch.cat([model.network(torch.tensor([sentence])) for sentence in ids])
            sides.append(torch.nn.functional.normalize(vectors, dim=1))
    cosines = sides[0] @ sides[1].T
    own = torch.arange(len(cosines))
    there = cosines.argmax(1).eq(own).float().mean()
    back = cosines.argmax(0).eq(own).float().mean()
    assert found.precision_at_1["en-fr"] == pytest.approx(float(there + back) / 2, abs=0.01)


def test_losses_are_the_same_at_every_validation(text: TrainingText) -> None:
    validator, model = make_validator(text), make_model(text)
    first = validator(model, bag=False)
    torch.manual_seed(77)
    assert validator(model, bag=False) == first
    assert list(first.losses) == ["en-fr", "de-fr"]
    assert all(list(losses) == ["mlm", "smlm", "align"] for losses in first.losses.values())
    assert all(np.isfinite(list(losses.values())).all() for losses in first.losses.values())


@pytest.mark.parametrize("training", [True, False])
def test_validation_does_not_change_the_model(text: TrainingText, training: bool) -> None:
    model = make_model(text).train(training)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    make_validator(text)(model, bag=False)
    assert model.training is training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_two_held_out_pairs_are_enough(text: TrainingText, tmp_path: Path) -> None:
    first = text.pairs[0]
    few = LanguagePair("en-fr", ("en", "fr"), (), first.held_out[:2], first.tokens)
    small = TrainingText([few], text.tokenizer)
    found = make_validator(small)(make_model(small), bag=False)
    assert set(found.losses["en-fr"]) == {"mlm", "smlm", "align"}


def test_the_mean_precision_is_over_language_pairs() -> None:
    assert Validation({"en-fr": 0.5, "en-de": 1.0}, {}).mean == 0.75
