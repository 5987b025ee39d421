"""A small model of random weights, in the layout of a trained one."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from tokenizers import Tokenizer

from babelite.encoding import (
    ModelContents,
    ModelDescription,
    ModelFolder,
    TrainingData,
    write_model_folder,
)
from babelite.training import build_graph, build_int8_graph, train_vocabulary

DIM, HIDDEN, HEADS, MAX_TOKENS = 48, 96, 4, 40

TEXT = [
    "The weather is nice today, isn't it?",
    "Das Wetter ist heute schön, nicht wahr?",
    "Il fait beau aujourd'hui, n'est-ce pas ?",
    "¿Dónde está la biblioteca? ¡Aquí!",
    "Погода сегодня хорошая.",
    "今日は天気がいいですね。",
    "E = mc² — 1,000 ½ ﬁne 100 %",
    "Naïve CAFÉS İstanbul Straße ŒUVRE",
]


def random_weights(
    layers: int = 2, vocabulary: int = 200, dim: int = DIM, seed: int = 0
) -> dict[str, NDArray[np.float32]]:
    """Weights by their DistilBERT names, spread like those of a trained network."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int, mean: float = 0.0, spread: float = 0.1) -> NDArray[np.float32]:
        return rng.normal(mean, spread, shape).astype(np.float32)

    def norm(name: str) -> dict[str, NDArray[np.float32]]:
        return {f"{name}.weight": draw(dim, mean=1.0), f"{name}.bias": draw(dim)}

    def linear(name: str, inputs: int, outputs: int) -> dict[str, NDArray[np.float32]]:
        weight = draw(outputs, inputs, spread=inputs**-0.5)
        return {f"{name}.weight": weight, f"{name}.bias": draw(outputs)}

    weights = {
        "embeddings.word_embeddings.weight": draw(vocabulary, dim, spread=0.5),
        "embeddings.position_embeddings.weight": draw(MAX_TOKENS, dim),
        **norm("embeddings.LayerNorm"),
    }
    for i in range(layers):
        layer = f"transformer.layer.{i}"
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            weights |= linear(f"{layer}.attention.{part}", dim, dim)
        weights |= linear(f"{layer}.ffn.lin1", dim, HIDDEN)
        weights |= linear(f"{layer}.ffn.lin2", HIDDEN, dim)
        weights |= norm(f"{layer}.sa_layer_norm") | norm(f"{layer}.output_layer_norm")
    return weights


def config(weights: dict[str, NDArray[np.float32]]) -> dict[str, object]:
    """The ``config.json`` that goes with the weights."""
    vocabulary, dim = weights["embeddings.word_embeddings.weight"].shape
    return {
        "model_type": "distilbert",
        "architectures": ["DistilBertModel"],
        "activation": "silu",
        "dim": dim,
        "hidden_dim": HIDDEN,
        "max_position_embeddings": MAX_TOKENS,
        "n_heads": HEADS,
        "n_layers": sum(name.endswith("lin1.weight") for name in weights),
        "pad_token_id": 0,
        "vocab_size": vocabulary,
    }


def description(**changes: object) -> ModelDescription:
    """A description of the model; fields by keyword."""
    fields: dict[str, object] = {
        "name": "small & random",
        "languages": ("en", "no"),
        "dim": DIM,
        "max_tokens": MAX_TOKENS,
        "parameters": 1234567,
        "objective": "align",
        "data": (TrainingData(languages=("en", "no"), source="en-no.tsv.gz", pairs=1000),),
        "metrics": {"P@1 en-no": 0.9375},
        "precision": "int8",
        "license": "MIT",
        "created": datetime(2026, 1, 2, tzinfo=timezone.utc),
    }
    return ModelDescription(**(fields | changes))  # type: ignore[arg-type]


def contents(layers: int = 2) -> ModelContents:
    """Everything a model folder is made from."""
    tokenizer = train_vocabulary(TEXT * 4, size=400)
    weights = random_weights(layers, tokenizer.get_vocab_size())
    sample = [encoding.ids for encoding in tokenizer.encode_batch(TEXT)]
    return ModelContents(
        config=config(weights),
        tokenizer=tokenizer.to_str(pretty=True),
        graphs={
            "float32": build_graph(weights, n_heads=HEADS).SerializeToString(),
            "int8": build_int8_graph(weights, n_heads=HEADS, sample=sample).SerializeToString(),
        },
        weights=save(weights, {"format": "pt"}),
    )


def write(folder: Path, layers: int = 2, **changes: object) -> ModelFolder:
    """Write the model; fields of its description by keyword."""
    return write_model_folder(folder, contents(layers), description(**changes))


def ids_of(tokenizer: Tokenizer, text: str) -> list[int]:
    """The token ids that count."""
    ids: list[int] = tokenizer.encode(text).ids[:MAX_TOKENS]
    return ids
