"""What sits on the encoder in training only and is never part of a saved model."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from babelite.training.network.transformer import LAYER_NORM_EPSILON, Layer, NetworkShape


class ReconstructionHead(nn.Module):
    """Predicts tokens from sentence vectors or token states: Linear, SiLU, LayerNorm, decoder.

    The decoder is tied to the token embeddings. With more than two languages the head is told the
    language it has to predict (Mao et al., 2022); with two, the input already says it.

    Args:
        shape: The sizes of the encoder.
        languages: How many languages there are in training.
    """

    def __init__(self, shape: NetworkShape, languages: int) -> None:
        super().__init__()
        self.dense = nn.Linear(shape.dim, shape.dim)
        self.norm = nn.LayerNorm(shape.dim, eps=LAYER_NORM_EPSILON)
        self.bias = nn.Parameter(torch.zeros(shape.vocabulary_size))
        self.language = nn.Embedding(languages, shape.dim) if languages > 2 else None
        nn.init.normal_(self.dense.weight, std=0.02)
        nn.init.zeros_(self.dense.bias)
        if self.language is not None:
            nn.init.normal_(self.language.weight, std=0.02)

    def forward(self, vectors: Tensor, embeddings: Tensor, language: int) -> Tensor:
        """Logits (N, V) from vectors (N, d), token embeddings (V, d) and a language's number."""
        if self.language is not None:
            vectors = vectors + self.language.weight[language]
        return F.linear(self.norm(F.silu(self.dense(vectors))), embeddings, self.bias)


class TranslationDecoder(nn.Module):
    """LASER's decoder at this depth: one causal layer that sees the sentence vector at each place.

    Args:
        shape: The sizes of the encoder, shared by the decoder.
        languages: How many languages there are; the decoder is always told which one to write.
        dropout: As in the encoder.
    """

    def __init__(self, shape: NetworkShape, languages: int, dropout: float) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(shape.dim))
        self.positions = nn.Embedding(shape.max_tokens, shape.dim)
        self.language = nn.Embedding(languages, shape.dim)
        self.sentence = nn.Linear(shape.dim, shape.dim)
        self.norm = nn.LayerNorm(shape.dim, eps=LAYER_NORM_EPSILON)
        self.layer = Layer(shape, dropout)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, vectors: Tensor, tokens: Tensor, embeddings: Tensor, language: int) -> Tensor:
        """States from which each token of the other side is to be predicted.

        Args:
            vectors: (B, d), sentence vectors of one side.
            tokens: int64 (B, L), tokens of the other side; place t sees those before t.
            embeddings: (V, d), the token embeddings of the encoder.
            language: The number of the language to write.

        Returns:
            (B, L, d).
        """
        before = F.embedding(tokens[:, :-1], embeddings)
        before = torch.cat([self.start.expand(len(tokens), 1, -1).to(before.dtype), before], dim=1)
        context = self.sentence(vectors) + self.language.weight[language]
        placed = before + self.positions.weight[: tokens.shape[1]] + context.unsqueeze(1)
        states: Tensor = self.layer(self.norm(placed), None, causal=True)
        return states
