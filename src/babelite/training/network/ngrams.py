"""Character n-grams that pieces of the vocabulary share in the bag phase.

A rare piece occurs too seldom to get a good vector of its own, but it often resembles others:
another form of the word, or the same word in a related language. As in fastText (Bojanowski et al.,
2017), a piece is its own vector plus those of its character n-grams. After the bag phase the sum
replaces the piece's vector, so the encoder does not become larger or slower.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from babelite.training.data.tokens import take_spans
from babelite.training.data.vocabulary import SPECIAL_TOKENS
from babelite.training.network.table_rows import take_rows

SHORTEST = 3
_BLOCK = 8_192


class CharacterNgrams(nn.Module):
    """A vector for each n-gram of 3 to `longest` characters in at least two pieces, initially zero.

    Pieces are in the order of their ids. The mark of the beginning of a word counts as a character;
    accents are removed, as related languages differ in them.
    """

    def __init__(self, pieces: Sequence[str], dim: int, longest: int) -> None:
        super().__init__()
        found = [_ngrams(piece, longest) for piece in pieces]
        counts = Counter(chain.from_iterable(found))
        shared = sorted(ngram for ngram, count in counts.items() if count > 1)
        numbers = {ngram: number for number, ngram in enumerate(shared)}
        each = [[numbers[ngram] for ngram in ngrams if ngram in numbers] for ngrams in found]
        self._numbers = np.fromiter(chain.from_iterable(each), np.int64)
        self._ends = np.cumsum([0, *map(len, each)])
        self.vectors = nn.Parameter(torch.zeros(len(shared), dim))

    def forward(self, ids: Tensor) -> Tensor:
        """Sums of n-gram vectors, (pieces, dim), of pieces int64 (pieces,)."""
        rows, device = ids.cpu().numpy(), self.vectors.device
        numbers, begins = take_spans(self._numbers, self._ends, rows, device)
        distinct, places = torch.unique(numbers, return_inverse=True)
        return F.embedding_bag(places, take_rows(self.vectors, distinct), begins, mode="sum")

    @torch.no_grad()
    def added_to(self, embeddings: Tensor) -> Tensor:
        """A copy of the token embeddings (V, d) with the n-gram vectors added."""
        ids = torch.arange(len(embeddings), device=embeddings.device)
        return torch.cat([embeddings[part] + self(part) for part in torch.split(ids, _BLOCK)])


def pieces_of(tokenizer: Tokenizer) -> list[str]:
    """The pieces of a vocabulary, in the order of their ids."""
    vocabulary = tokenizer.get_vocab()
    return sorted(vocabulary, key=vocabulary.__getitem__)


def _ngrams(piece: str, longest: int) -> list[str]:
    """The distinct n-grams of a piece, by position."""
    if piece in SPECIAL_TOKENS:
        return []
    letters = unicodedata.normalize("NFD", piece)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    sizes = range(SHORTEST, longest + 1)
    return list(
        dict.fromkeys(
            plain[start : start + size]
            for start in range(len(plain))
            for size in sizes
            if start + size <= len(plain)
        )
    )
