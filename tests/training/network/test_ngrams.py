"""What pieces share in the bag phase, and that nothing of it is left afterwards."""

from __future__ import annotations

import pytest
import torch

from babelite.training.network.ngrams import CharacterNgrams
from babelite.training.network.training_model import TrainingModel
from babelite.training.network.transformer import DualTransformer, NetworkShape

PIECES = ["[PAD]", "[UNK]", "[MASK]", "▁gatto", "▁gatta", "▁gató", "▁x", "gatt", "▁maison"]


def made(dim: int = 4, longest: int = 5) -> CharacterNgrams:
    ngrams = CharacterNgrams(PIECES, dim, longest)
    torch.manual_seed(0)
    torch.nn.init.normal_(ngrams.vectors)
    return ngrams


def overlap(first: str, second: str, longest: int) -> int:
    """How many n-grams of 3 to `longest` letters two texts share."""
    sets = [
        {text[i : i + n] for n in range(3, longest + 1) for i in range(len(text) - n + 1)}
        for text in (first, second)
    ]
    return len(sets[0] & sets[1])


@pytest.mark.parametrize("longest", [3, 5])
def test_pieces_share_their_common_ngrams(longest: int) -> None:
    ngrams = CharacterNgrams(PIECES, 1, longest)
    torch.nn.init.ones_(ngrams.vectors)  # the sum counts n-grams that another piece has too
    counts = ngrams(torch.arange(len(PIECES))).squeeze(1).tolist()
    # "▁gato" without its accent has ▁ga, gat, ▁gat in common with the others, and nothing more.
    assert counts[5] == overlap("▁gato", "▁gatto", longest)
    assert counts[3] == counts[4] >= overlap("▁gatto", "▁gatta", longest)
    assert counts[:3] == [0, 0, 0]
    assert counts[6] == counts[8] == 0


def test_pieces_may_repeat_in_any_order() -> None:
    ngrams = made()
    every = ngrams(torch.arange(len(PIECES)))
    ids = torch.tensor([8, 3, 3, 0, 7])
    torch.testing.assert_close(ngrams(ids), every[ids])


def test_folding_keeps_the_vectors_and_removes_the_ngrams() -> None:
    torch.manual_seed(1)
    network = DualTransformer(NetworkShape(len(PIECES), 4, 1, 2, 8, 10), dropout=0.0)
    model = TrainingModel(network, {"align": 1.0})
    bare = set(model.state_dict())
    network.ngrams = made()
    ids, offsets = torch.tensor([3, 8, 5, 1, 7, 6]), torch.tensor([0, 2, 5])
    with torch.no_grad():
        expected = network.bag(ids, offsets)
        plain = model.folded_state()
        network.fold_ngrams()
        torch.testing.assert_close(network.bag(ids, offsets), expected)
    assert network.ngrams is None
    assert set(model.state_dict()) == set(plain) == bare
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(plain[name], tensor)


def test_ngrams_are_trained_with_the_embeddings() -> None:
    network = DualTransformer(NetworkShape(len(PIECES), 4, 1, 2, 8, 10), dropout=0.0)
    network.ngrams = made()
    network.bag(torch.tensor([3, 5]), torch.tensor([0]))[0, 0].backward()
    gradient = network.ngrams.vectors.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
