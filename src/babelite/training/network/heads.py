"""Training heads: reconstruction head and translation decoder, not part of a saved model."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from babelite.training.network.transformer import LAYER_NORM_EPSILON, Layer, NetworkShape


class ReconstructionHead(nn.Module):
    """Predicts tokens from sentence vectors or token states: Linear, SiLU, LayerNorm, decoder.

    The decoder is tied to the token embeddings. With more than two languages the head gets the
    language to predict (Mao et al., 2022); with two, the input determines it.
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
        """Logits (N, V) from vectors (N, d), token embeddings (V, d) and a language number."""
        if self.language is not None:
            vectors = vectors + self.language.weight[language]
        return F.linear(self.norm(F.silu(self.dense(vectors))), embeddings, self.bias)


class TranslationDecoder(nn.Module):
    """Causal layer that writes the translation, given the sentence vector at each position.

    This is LASER's decoder (Artetxe & Schwenk, 2019) with one layer. It always gets the language to
    write.
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
        """States (B, L, d) that predict each of the tokens, int64 (B, L), of the other side.

        Position t sees the tokens before t. Vectors are sentence vectors, (B, d); embeddings, (V,
        d), are those of the encoder; `language` is the number of the language to write.
        """
        before = F.embedding(tokens[:, :-1], embeddings)
        before = torch.cat([self.start.expand(len(tokens), 1, -1).to(before.dtype), before], dim=1)
        context = self.sentence(vectors) + self.language.weight[language]
        placed = before + self.positions.weight[: tokens.shape[1]] + context.unsqueeze(1)
        states: Tensor = self.layer(self.norm(placed), None, causal=True)
        return states
