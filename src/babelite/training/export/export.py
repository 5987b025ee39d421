"""From a trained network to a model folder that three libraries open."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from tokenizers import Tokenizer

from babelite.corpus import Pair
from babelite.encoding import (
    Encoder,
    ModelContents,
    ModelDescription,
    ModelFolder,
    Precision,
    SentenceEncoder,
    TrainingData,
    write_model_folder,
)
from babelite.errors import BabeliteError
from babelite.evaluation import precision_at_1
from babelite.training.export.onnx_graph import build_graph, build_int8_graph
from babelite.training.network.transformer import DualTransformer

# P@1, both directions and all language pairs averaged, that int8 may lose against float32.
INT8_TOLERANCE = 0.003
_FLOAT_COSINE = 0.9999
_PARITY_PAIRS = 50
_SAMPLE_PAIRS = 300


@dataclass(frozen=True)
class Exported:
    """What the exporter wrote and why.

    Attributes:
        folder: The model folder.
        precision_at_1: P@1 on the validation pairs, by precision.
        int8_kept: Whether the 8-bit graph lost little enough to be written.
    """

    folder: ModelFolder
    precision_at_1: dict[Precision, float]
    int8_kept: bool


def export(
    network: DualTransformer,
    tokenizer: Tokenizer,
    out: Path,
    *,
    name: str,
    languages: Sequence[str],
    objective: str,
    data: Iterable[TrainingData],
    validation: Sequence[Sequence[Pair]],
    metrics: dict[str, float],
    notes: str = "",
) -> Exported:
    """Write the model folder of a trained network.

    The 8-bit graph becomes part of it, and its default, only if its P@1 on the validation pairs is
    within 0.3 points of the float graph's.

    Args:
        network: The trained encoder.
        tokenizer: Its vocabulary.
        out: The folder; other files in it are left alone.
        name: What the model is called.
        languages: The languages it was trained on.
        objective: What it was trained for.
        data: What it was trained on.
        validation: Held-out pairs, a sequence for each language pair; with none, int8 is judged by
            nothing and so not written.
        metrics: Results to record.
        notes: For the end of its card.

    Returns:
        What was written.

    Raises:
        BabeliteError: The folder cannot be written, or the graph does not give the network's
            vectors.
    """
    network = network.eval().cpu().float()
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    heads = network.shape.heads
    graphs: dict[Precision, bytes] = {
        "float32": build_graph(weights, n_heads=heads).SerializeToString(),
    }
    if validation:
        sample = _sample(tokenizer, network.shape.max_tokens, validation)
        int8 = build_int8_graph(weights, n_heads=heads, sample=sample)
        graphs["int8"] = int8.SerializeToString()
    contents = ModelContents(
        config=network.shape.to_distilbert(),
        tokenizer=tokenizer.to_str(),
        graphs=graphs,
        weights=save({name: t.contiguous() for name, t in network.state_dict().items()}),
    )
    description = ModelDescription(
        name=name,
        languages=tuple(languages),
        dim=network.shape.dim,
        max_tokens=network.shape.max_tokens,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        objective=objective,
        data=tuple(data),
        metrics=metrics,
        precision="float32",
        notes=notes,
        created=datetime.now(timezone.utc),
    )
    out.mkdir(parents=True, exist_ok=True)
    scores = _judge(network, tokenizer, contents, description, validation, out)
    kept = "int8" in scores and scores["int8"] >= scores["float32"] - INT8_TOLERANCE
    if kept:
        description = replace(description, precision="int8")
    else:
        contents = ModelContents(
            contents.config, contents.tokenizer, {"float32": graphs["float32"]}, contents.weights
        )
    return Exported(write_model_folder(out, contents, description), scores, kept)


def _sample(
    tokenizer: Tokenizer, max_tokens: int, validation: Sequence[Sequence[Pair]]
) -> list[list[int]]:
    """Token ids of some sentences of every language, for the ranges of the 8-bit graph."""
    texts = [side for pairs in validation for pair in pairs[:_SAMPLE_PAIRS] for side in pair]
    return [encoding.ids[:max_tokens] for encoding in tokenizer.encode_batch(texts)]


def _judge(
    network: DualTransformer,
    tokenizer: Tokenizer,
    contents: ModelContents,
    description: ModelDescription,
    validation: Sequence[Sequence[Pair]],
    out: Path,
) -> dict[Precision, float]:
    """P@1 of both graphs, run as a user will run them."""
    # Inside the folder to be: what a kill leaves there is removed when training goes on.
    with tempfile.TemporaryDirectory(prefix=".", suffix=".tmp", dir=out) as folder:
        write_model_folder(folder, contents, description)
        scores: dict[Precision, float] = {}
        for precision in contents.graphs:
            encoder = Encoder.load(folder, precision=precision)
            if precision == "float32":
                _check_parity(network, tokenizer, encoder, validation)
            if validation:
                scores[precision] = mean_precision(encoder, validation)
    return scores


def mean_precision(encoder: SentenceEncoder, validation: Sequence[Sequence[Pair]]) -> float:
    """P@1, the mean over directions and language pairs.

    Args:
        encoder: Any encoder.
        validation: Pairs, a sequence for each language pair.
    """
    hits = []
    for pairs in validation:
        u = encoder.encode([pair.source for pair in pairs])
        v = encoder.encode([pair.target for pair in pairs])
        hits += [precision_at_1(u, v).mean(), precision_at_1(v, u).mean()]
    return float(np.mean(hits))


def _check_parity(
    network: DualTransformer,
    tokenizer: Tokenizer,
    encoder: SentenceEncoder,
    validation: Sequence[Sequence[Pair]],
) -> None:
    sentences = [side for pairs in validation for pair in pairs[:_PARITY_PAIRS] for side in pair]
    if not sentences:
        return
    expected = np.stack([_vector(network, tokenizer, sentence) for sentence in sentences])
    cosines = (expected * encoder.encode(sentences)).sum(1)
    if cosines.min() < _FLOAT_COSINE:
        raise BabeliteError(
            f"the exported graph differs from the network (cosine {cosines.min():.4f})",
            hint="this is a fault of babelite or onnxruntime: please report it",
        )


@torch.no_grad()
def _vector(network: DualTransformer, tokenizer: Tokenizer, sentence: str) -> NDArray[np.float32]:
    ids = tokenizer.encode(sentence).ids[: network.shape.max_tokens]
    vector = network(torch.tensor([ids], dtype=torch.int64))[0].numpy()
    unit: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return unit
