"""The dual transformer: one encoder with shared weights that encodes each language separately.

Modules and parameters have the names of transformers' ``DistilBertModel``, which is the same
network (post-LN, learned positions, no token types, no pooler), so that other libraries open a
saved state dict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from babelite.training.data.vocabulary import PAD
from babelite.training.network.ngrams import CharacterNgrams
from babelite.training.network.table_rows import take_rows

# The value of DistilBertModel; another value would change the vectors there.
LAYER_NORM_EPSILON = 1e-12


@dataclass(frozen=True)
class NetworkShape:
    """The sizes of an encoder."""

    vocabulary_size: int  # pieces, special tokens included
    dim: int = 256  # dimensions of token states and of the sentence vector
    layers: int = 2  # 0 is a bag of tokens
    heads: int = 4  # attention heads; must divide ``dim``
    hidden_dim: int = 512  # width of the feed-forward layers
    max_tokens: int = 200  # longer sentences are truncated

    def to_distilbert(self) -> dict[str, object]:
        """The ``config.json`` of a model folder, as ``DistilBertConfig`` reads it."""
        return {
            "architectures": ["DistilBertModel"],
            "model_type": "distilbert",
            "activation": "silu",
            "attention_dropout": 0.1,
            "dim": self.dim,
            "dropout": 0.1,
            "hidden_dim": self.hidden_dim,
            "initializer_range": 0.02,
            "max_position_embeddings": self.max_tokens,
            "n_heads": self.heads,
            "n_layers": self.layers,
            "pad_token_id": PAD,
            "sinusoidal_pos_embds": False,
            "tie_weights_": True,
            "vocab_size": self.vocabulary_size,
        }

    @classmethod
    def from_distilbert(cls, config: Mapping[str, Any]) -> NetworkShape:
        """The sizes in a ``config.json`` written by `to_distilbert`."""
        return cls(
            vocabulary_size=config["vocab_size"],
            dim=config["dim"],
            layers=config["n_layers"],
            heads=config["n_heads"],
            hidden_dim=config["hidden_dim"],
            max_tokens=config["max_position_embeddings"],
        )


class Dropout(nn.Module):
    """Dropout with cheap masks on a CPU: one 64-bit random number for 8 entries.

    On a CPU the dropped share is rounded to a multiple of 1/256, and the scale is adjusted to it.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, states: Tensor) -> Tensor:
        """States of the same shape; in training, some entries are zero and the others scaled up."""
        if not self.training or self.share == 0:
            return states
        if states.device.type != "cpu":
            return F.dropout(states, self.share)
        dropped = min(255, round(256 * self.share))
        bits = torch.empty((states.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        kept = bits.view(torch.uint8)[: states.numel()].ge(dropped).view(states.shape)
        return states * (kept.to(states.dtype) * (256 / (256 - dropped)))


class Embeddings(nn.Module):
    """Sum of token and position embedding, layer-normalised."""

    def __init__(self, shape: NetworkShape, dropout: float) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(shape.vocabulary_size, shape.dim, padding_idx=PAD)
        self.position_embeddings = nn.Embedding(shape.max_tokens, shape.dim)
        self.LayerNorm = nn.LayerNorm(shape.dim, eps=LAYER_NORM_EPSILON)
        self.dropout = Dropout(dropout)

    def words(self, distinct: Tensor) -> Tensor:
        """The word embeddings (tokens, dim) of distinct tokens, int64 (tokens,)."""
        return take_rows(self.word_embeddings.weight, distinct)

    def forward(self, words: Tensor, positions: Tensor | None = None) -> Tensor:
        """States (batch, tokens, dim) before the first layer, from the word embeddings alone."""
        if positions is None:
            placed = self.position_embeddings.weight[: words.shape[1]]
        else:
            placed = self.position_embeddings(positions)
        states: Tensor = self.dropout(self.LayerNorm(words + placed))
        return states


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, shape: NetworkShape, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = shape.heads, Dropout(dropout)
        self.q_lin = nn.Linear(shape.dim, shape.dim)
        self.k_lin = nn.Linear(shape.dim, shape.dim)
        self.v_lin = nn.Linear(shape.dim, shape.dim)
        self.out_lin = nn.Linear(shape.dim, shape.dim)

    def forward(self, states: Tensor, mask: Tensor | None, *, causal: bool = False) -> Tensor:
        """States (batch, tokens, dim); tokens attend to positions where the mask is true."""
        batch, tokens, dim = states.shape
        # One matrix product for the three projections is faster than three narrow ones.
        maps = (self.q_lin, self.k_lin, self.v_lin)
        joined = F.linear(
            states, torch.cat([m.weight for m in maps]), torch.cat([m.bias for m in maps])
        )
        queries, keys, values = joined.view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if states.device.type == "cpu" and joined.dtype is torch.bfloat16:
            mixed = self._attend(queries, keys, values, mask, causal)
        else:
            share = self.dropout.share if self.training else 0.0
            mixed = F.scaled_dot_product_attention(
                queries, keys, values, attn_mask=mask, dropout_p=share, is_causal=causal
            )
        output: Tensor = self.out_lin(mixed.transpose(1, 2).reshape(batch, tokens, dim))
        return output

    def _attend(
        self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        """What torch's attention computes, for which it has no fast CPU kernel in bfloat16."""
        scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
        if causal:
            mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        weights: Tensor = self.dropout(scores.softmax(-1).to(values.dtype))
        return weights @ values


class FeedForward(nn.Module):
    """Two linear maps with SiLU between them."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.lin1 = nn.Linear(shape.dim, shape.hidden_dim)
        self.lin2 = nn.Linear(shape.hidden_dim, shape.dim)

    def forward(self, states: Tensor) -> Tensor:
        """States (batch, tokens, dim)."""
        output: Tensor = self.lin2(F.silu(self.lin1(states)))
        return output


class Layer(nn.Module):
    """A post-LN transformer layer."""

    def __init__(self, shape: NetworkShape, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(shape, dropout)
        self.sa_layer_norm = nn.LayerNorm(shape.dim, eps=LAYER_NORM_EPSILON)
        self.ffn = FeedForward(shape)
        self.output_layer_norm = nn.LayerNorm(shape.dim, eps=LAYER_NORM_EPSILON)
        self.dropout = Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor | None, *, causal: bool = False) -> Tensor:
        """States (batch, tokens, dim) of the next layer."""
        attended = self.attention(states, mask, causal=causal)
        states = self.sa_layer_norm(states + self.dropout(attended))
        output: Tensor = self.output_layer_norm(states + self.dropout(self.ffn(states)))
        return output


class Transformer(nn.Module):
    """The stack of layers."""

    def __init__(self, shape: NetworkShape, dropout: float) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))

    def forward(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """States (batch, tokens, dim) of the last layer."""
        for layer in self.layer:
            states = layer(states, mask)
        return states


class DualTransformer(nn.Module):
    """The encoder (Mao et al., 2021, section 3): its sentence vector is the mean of the last layer.

    `dropout` is the dropped share of embeddings, hidden states and attention weights in training.
    With `identity` the layers start as the identity (the last map of each residual branch and the
    positions are zero), so that adding them does not change a trained token bag. Otherwise every
    weight starts at N(0, 0.02²). `ngrams` are the character n-grams that pieces share until
    `fold_ngrams`; only `bag` uses them.
    """

    def __init__(
        self, shape: NetworkShape, *, dropout: float = 0.1, identity: bool = False
    ) -> None:
        super().__init__()
        self.shape = shape
        self.embeddings = Embeddings(shape, dropout)
        self.transformer = Transformer(shape, dropout)
        self.ngrams: CharacterNgrams | None = None
        self.apply(_initialise)
        if identity:
            nn.init.zeros_(self.embeddings.position_embeddings.weight)
            for layer in self.transformer.layer:
                assert isinstance(layer, Layer)
                nn.init.zeros_(layer.attention.out_lin.weight)
                nn.init.zeros_(layer.ffn.lin2.weight)

    @property
    def last_layer_norm(self) -> nn.LayerNorm:
        """The LayerNorm before the mean over tokens.

        Its gain and bias can be trained in the bag phase: layers that start as the identity would
        normalise away those of any earlier LayerNorm, and keep these.
        """
        if not self.shape.layers:
            return self.embeddings.LayerNorm
        last = self.transformer.layer[-1]
        assert isinstance(last, Layer)
        return last.output_layer_norm

    def states(self, ids: Tensor, positions: Tensor | None = None) -> Tensor:
        """Token states of the last layer, (batch, tokens, dim), meaningless at PAD.

        Ids are int64 (batch, tokens), PAD after the end; so are positions: 0, 1, 2, … by default.
        """
        distinct, places = torch.unique(ids, return_inverse=True)
        words = F.embedding(places, self.embeddings.words(distinct))
        return self._states(ids.ne(PAD), words, positions)

    def _states(self, present: Tensor, words: Tensor, positions: Tensor | None = None) -> Tensor:
        mask = None if bool(present.all()) else _attention_mask(present)
        states: Tensor = self.transformer(self.embeddings(words, positions), mask)
        return states

    def forward(self, ids: Tensor) -> Tensor:
        """Sentence vectors (batch, dim), not normalised: masked means of the last layer.

        Sentences of similar length are computed together, to avoid padding.
        """
        distinct, places = torch.unique(ids, return_inverse=True)
        words = self.embeddings.words(distinct)
        lengths = ids.ne(PAD).sum(1).cpu()
        order = torch.argsort(lengths, stable=True)
        parts = []
        for rows in _split_by_length(order, lengths[order], _part_tokens(ids.device)):
            part = rows.to(ids.device), slice(max(1, int(lengths[rows[-1]])))
            present = ids[part].ne(PAD)
            states = self._states(present, F.embedding(places[part], words))
            parts.append(masked_mean(states, present))
        return torch.cat(parts)[torch.argsort(order).to(ids.device)]

    def bag(self, ids: Tensor, offsets: Tensor) -> Tensor:
        """Sentence vectors (batch, dim) of the encoder without layers, positions and dropout.

        Ids are int64 (tokens of the batch,); offsets, int64 (batch,), are where sentences begin.
        Each distinct token of the batch is normalised once and then summed at each occurrence, so
        there is no padding and no array (batch, tokens, dim).
        """
        distinct, places = torch.unique(ids, return_inverse=True)
        tokens = self.embeddings.words(distinct)
        if self.ngrams is not None:
            tokens = tokens + self.ngrams(distinct)
        tokens = self.embeddings.LayerNorm(tokens)
        vectors = F.embedding_bag(places, tokens, offsets, mode="mean")
        if not self.shape.layers:
            return vectors  # the only LayerNorm has been applied
        return vectors * self.last_layer_norm.weight + self.last_layer_norm.bias

    def fold_ngrams(self) -> None:
        """Add the shared n-grams to the token embeddings, and remove them."""
        if self.ngrams is not None:
            embeddings = self.embeddings.word_embeddings.weight
            embeddings.data = self.ngrams.added_to(embeddings)
            self.ngrams = None


def _part_tokens(device: torch.device) -> int:
    """Tokens computed together: what fits the cache of a core, or what fills a GPU."""
    return 4_096 if device.type == "cpu" else 131_072


def _split_by_length(order: Tensor, lengths: Tensor, tokens: int) -> Iterator[Tensor]:
    """Split rows sorted by length into parts of at most `tokens` tokens, padding included."""
    start = 0
    while start < len(order):
        padded = lengths[start:] * torch.arange(1, len(order) - start + 1)
        fitting = int(torch.searchsorted(padded, tokens, right=True))
        yield order[start : start + max(1, fitting)]
        start += max(1, fitting)


def masked_mean(states: Tensor, present: Tensor) -> Tensor:
    """Mean (batch, dim) of states (batch, tokens, dim) where present; zero without tokens.

    The result is float32, or float64 if the states are.
    """
    weights = present.unsqueeze(-1).to(states.dtype)
    total = (states * weights).sum(1, dtype=torch.promote_types(states.dtype, torch.float32))
    return total / present.sum(1, keepdim=True).clamp(min=1)


def _attention_mask(present: Tensor) -> Tensor:
    # A sentence without tokens attends to its padding, so that its states are finite.
    nothing = ~present.any(1, keepdim=True)
    return (present | nothing)[:, None, None, :]


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        with torch.no_grad():
            module.weight[module.padding_idx].zero_()
