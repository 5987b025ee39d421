"""The encoder: DistilBertModel without padding effects, and a token bag at the start."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from babelite.training.network.transformer import (
    Dropout,
    DualTransformer,
    NetworkShape,
    masked_mean,
)
from babelite.training.presets import make_config

SHAPE = NetworkShape(vocabulary_size=50, dim=24, layers=2, heads=4, hidden_dim=40, max_tokens=16)
SENTENCES = [[4, 5, 5, 6, 49], [7], [8, 9, 10], [11, 3, 3, 3, 3, 3, 12]]


def pad(sentences: list[list[int]], width: int = 7) -> torch.Tensor:
    return torch.tensor([ids + [0] * (width - len(ids)) for ids in sentences])


def encoder(*, identity: bool = False, seed: int = 0) -> DualTransformer:
    """An encoder with weights large enough to tell places apart."""
    torch.manual_seed(seed)
    network = DualTransformer(SHAPE, identity=identity)
    if not identity:
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return network.eval()


def test_the_network_equals_distilbert() -> None:
    transformers = pytest.importorskip("transformers")
    network = encoder()
    other = transformers.DistilBertModel(transformers.DistilBertConfig(**SHAPE.to_distilbert()))
    other.load_state_dict(network.state_dict(), strict=True)
    other.eval()
    ids = pad(SENTENCES)
    with torch.no_grad():
        expected = other(input_ids=ids, attention_mask=ids.ne(0).long()).last_hidden_state
        states, vectors = network.states(ids), network(ids)
    for row, sentence in enumerate(SENTENCES):
        torch.testing.assert_close(states[row, : len(sentence)], expected[row, : len(sentence)])
        torch.testing.assert_close(vectors[row], expected[row, : len(sentence)].mean(0))


def test_vectors_do_not_depend_on_the_batch() -> None:
    network = encoder()
    with torch.no_grad():
        together = network(pad(SENTENCES, width=16))
        for row, sentence in enumerate(SENTENCES):
            alone = network(torch.tensor([sentence]))[0]
            torch.testing.assert_close(together[row], alone, rtol=1e-4, atol=1e-5)


def test_vectors_depend_on_word_order() -> None:
    network = encoder()
    with torch.no_grad():
        vectors = network(torch.tensor([[4, 5, 6], [6, 5, 4]]))
    assert not torch.allclose(vectors[0], vectors[1], atol=1e-3)


def test_an_empty_sentence_gives_zero_and_finite_gradients() -> None:
    network = encoder()
    vectors = network(pad([[], [4, 5]]))
    assert torch.equal(vectors[0], torch.zeros(SHAPE.dim))
    vectors.square().sum().backward()
    assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in network.parameters())


def test_given_positions_replace_the_default_positions() -> None:
    network = encoder()
    ids = torch.tensor([[4, 5, 6]])
    with torch.no_grad():
        assert torch.equal(network.states(ids, torch.tensor([[0, 1, 2]])), network.states(ids))
        assert not torch.allclose(
            network.states(ids, torch.tensor([[0, 1, 0]])), network.states(ids)
        )


def test_the_bag_is_the_mean_of_normalised_token_vectors() -> None:
    network = encoder(identity=True)
    flat = torch.tensor([token for sentence in SENTENCES for token in sentence])
    lengths = torch.tensor([len(sentence) for sentence in SENTENCES])
    with torch.no_grad():
        found = network.bag(flat, lengths.cumsum(0) - lengths)
        for row, sentence in enumerate(SENTENCES):
            vectors = [network.embeddings.word_embeddings.weight[token] for token in sentence]
            expected = sum((v - v.mean()) / v.std(unbiased=False) for v in vectors) / len(vectors)
            torch.testing.assert_close(found[row], expected, rtol=1e-4, atol=1e-5)


def test_layers_that_start_as_the_identity_give_the_bag() -> None:
    network = encoder(identity=True)
    with torch.no_grad():  # the bag phase trains the gain and the bias of the last LayerNorm
        network.last_layer_norm.weight.uniform_(0, 2)
        network.last_layer_norm.bias.normal_()
    flat = torch.tensor([token for sentence in SENTENCES for token in sentence])
    lengths = torch.tensor([len(sentence) for sentence in SENTENCES])
    with torch.no_grad():
        bag = network.bag(flat, lengths.cumsum(0) - lengths)
        torch.testing.assert_close(network(pad(SENTENCES)), bag, rtol=1e-4, atol=1e-5)


def test_layers_that_start_as_the_identity_can_learn() -> None:
    network = encoder(identity=True)
    network(pad(SENTENCES))[:, 0].sum().backward()
    for layer in network.transformer.layer:
        for module in (layer.attention.out_lin, layer.ffn.lin2):  # type: ignore[union-attr]
            assert module.weight.grad.abs().sum() > 0  # type: ignore[union-attr]


def test_without_layers_the_encoder_is_a_bag() -> None:
    torch.manual_seed(0)
    shape = NetworkShape(vocabulary_size=50, dim=24, layers=0)
    network = DualTransformer(shape, identity=True).eval()
    with torch.no_grad():
        one, other = network(torch.tensor([[4, 5, 6], [6, 4, 5]]))
    torch.testing.assert_close(one, other)


def test_without_layers_gain_and_bias_weight_the_tokens_of_the_bag() -> None:
    network = DualTransformer(NetworkShape(vocabulary_size=50, dim=24, layers=0)).eval()
    ids = torch.tensor([4, 5, 6])
    with torch.no_grad():
        network.last_layer_norm.weight.uniform_(0, 2)
        network.last_layer_norm.bias.normal_()
        network.embeddings.position_embeddings.weight.zero_()
        bag = network.bag(ids, torch.tensor([0]))
        torch.testing.assert_close(network(ids[None]), bag)


def test_dropout_is_on_in_training_only() -> None:
    network = encoder()
    ids = pad(SENTENCES)
    with torch.no_grad():
        assert torch.equal(network(ids), network(ids))
        network.train()
        assert not torch.equal(network(ids), network(ids))


def test_masked_mean_of_bfloat16_sums_in_float32() -> None:
    states = torch.ones(1, 1_000, 2, dtype=torch.bfloat16)
    mean = masked_mean(states, torch.ones(1, 1_000, dtype=torch.bool))
    assert mean.dtype == torch.float32
    assert mean.tolist() == [[1, 1]]


def test_the_paper_preset_has_the_papers_size() -> None:
    config = make_config("paper").model_dump()
    shape = NetworkShape(**{field.name: config[field.name] for field in fields(NetworkShape)})
    with torch.device("meta"):
        network = DualTransformer(shape)
    parameters = sum(p.numel() for p in network.parameters())
    tokens = network.embeddings.word_embeddings.weight.numel()
    positions = network.embeddings.position_embeddings.weight.numel()
    assert round(parameters / 1e6, 1) == 29.9
    assert round((parameters - tokens - positions) / 1e6, 1) == 4.2


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_vectors_are_float32_in_every_precision(precision: torch.dtype) -> None:
    with torch.autocast("cpu", dtype=precision, enabled=precision is torch.bfloat16):
        vectors = encoder()(pad(SENTENCES))
    assert vectors.dtype == torch.float32


@pytest.mark.parametrize("causal", [False, True])
def test_attention_in_bfloat16_is_that_in_float32(causal: bool) -> None:
    attention = encoder().transformer.layer[0].attention  # type: ignore[union-attr]
    states = torch.randn(4, 7, SHAPE.dim, requires_grad=True)
    mask = None if causal else pad(SENTENCES).ne(0)[:, None, None, :]
    found = []
    for enabled in (False, True):
        states.grad = None
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            mixed = attention(states, mask, causal=causal)  # type: ignore[operator]
        mixed.float().square().sum().backward()
        assert states.grad is not None
        found += [mixed.float(), states.grad]
    for exact, rounded in zip(found[:2], found[2:], strict=True):
        assert (exact - rounded).norm() < 0.02 * exact.norm()


def test_dropout_keeps_the_mean_and_drops_all_positions_equally() -> None:
    torch.manual_seed(0)
    dropped = Dropout(0.1).train()(torch.ones(4000, 999))
    assert dropped.mean().item() == pytest.approx(1.0, abs=2e-3)
    zero = dropped.flatten().eq(0).float()
    for place in range(8):
        assert zero[place::8].mean().item() == pytest.approx(26 / 256, abs=3e-3)
    assert torch.equal(Dropout(0.1).eval()(dropped), dropped)


def test_dropout_of_any_share_keeps_some_entries() -> None:
    found = Dropout(0.999).train()(torch.ones(4000, 99))
    assert found.unique().tolist() == [0, 256]


def test_splitting_by_length_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    network = encoder()
    chance = torch.Generator().manual_seed(1)
    ids = torch.randint(1, 50, (60, 16), generator=chance)
    lengths = torch.randint(0, 17, (60,), generator=chance)  # some have no token at all
    ids[torch.arange(16) >= lengths[:, None]] = 0
    with torch.no_grad():
        expected = masked_mean(network.states(ids), ids.ne(0))
        for tokens in (1, 16, 100, 10_000):
            monkeypatch.setattr(
                "babelite.training.network.transformer._part_tokens", lambda _, n=tokens: n
            )
            torch.testing.assert_close(network(ids), expected, rtol=1e-4, atol=1e-5)
