"""Export of a trained network to a model folder."""

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
    unit_rows,
    write_model_folder,
)
from babelite.errors import BabeliteError
from babelite.evaluation import precision_at_1
from babelite.training.export.onnx_graph import build_graph, build_int8_graph
from babelite.training.network.transformer import DualTransformer

# Maximum loss of mean P@1 of the 8-bit graph against float32.
INT8_TOLERANCE = 0.003
_FLOAT_COSINE = 0.9999
_PARITY_PAIRS = 50
_SAMPLE_PAIRS = 300


@dataclass(frozen=True)
class Exported:
    """The model folder, and P@1 on the validation pairs by precision."""

    folder: ModelFolder
    precision_at_1: dict[Precision, float]
    int8_kept: bool  # whether the 8-bit graph was accurate enough to be written


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
    matryoshka: Sequence[int] = (),
    notes: str = "",
) -> Exported:
    """Write the model folder of a trained network; other files in the folder stay unchanged.

    The 8-bit graph is written, and becomes the default, only if its P@1 on the held-out pairs of
    each language pair (`validation`) is at most 0.3 points below that of the float32 graph. `data`
    and `metrics` describe training and results; P@1 of vectors cut to the sizes of `matryoshka` is
    added to them. `notes` end the model card.

    Raises:
        BabeliteError: The vectors of the graph differ from those of the network.
    """
    network = network.eval().cpu().float()
    contents = _contents(network, tokenizer, validation)
    description = ModelDescription(
        name=name,
        languages=tuple(languages),
        dim=network.shape.dim,
        max_tokens=network.shape.max_tokens,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        objective=objective,
        data=tuple(data),
        metrics=metrics,
        matryoshka=tuple(matryoshka),
        precision="float32",
        notes=notes,
        created=datetime.now(timezone.utc),
    )
    out.mkdir(parents=True, exist_ok=True)
    scores, cut = _measure(network, tokenizer, contents, description, validation, out)
    description = replace(description, metrics={**description.metrics, **cut})
    kept = "int8" in scores and scores["int8"] >= scores["float32"] - INT8_TOLERANCE
    if kept:
        description = replace(description, precision="int8")
    else:
        contents = replace(contents, graphs={"float32": contents.graphs["float32"]})
    return Exported(write_model_folder(out, contents, description), scores, kept)


def _contents(
    network: DualTransformer, tokenizer: Tokenizer, validation: Sequence[Sequence[Pair]]
) -> ModelContents:
    """The files of the model folder, with an 8-bit graph if there are validation pairs."""
    state, shape = network.state_dict(), network.shape
    weights = {name: tensor.detach().numpy() for name, tensor in state.items()}
    float32 = build_graph(weights, n_heads=shape.heads)
    graphs: dict[Precision, bytes] = {"float32": float32.SerializeToString()}
    if validation:
        # Sentences of every language calibrate the 8-bit graph.
        texts = _sentences(validation, _SAMPLE_PAIRS)
        sample = [encoding.ids[: shape.max_tokens] for encoding in tokenizer.encode_batch(texts)]
        int8 = build_int8_graph(weights, n_heads=shape.heads, sample=sample)
        graphs["int8"] = int8.SerializeToString()
    return ModelContents(
        config=shape.to_distilbert(),
        tokenizer=tokenizer.to_str(),
        graphs=graphs,
        weights=save({name: tensor.contiguous() for name, tensor in state.items()}),
    )


def _sentences(validation: Sequence[Sequence[Pair]], count: int) -> list[str]:
    """Both sides of the first pairs of each language pair."""
    return [side for pairs in validation for pair in pairs[:count] for side in pair]


def _measure(
    network: DualTransformer,
    tokenizer: Tokenizer,
    contents: ModelContents,
    description: ModelDescription,
    validation: Sequence[Sequence[Pair]],
    out: Path,
) -> tuple[dict[Precision, float], dict[str, float]]:
    """P@1 of each graph, encoding through `Encoder`, and of cut vectors of the float32 graph."""
    # Inside the output folder, so that a resumed run removes what a kill leaves behind.
    with tempfile.TemporaryDirectory(prefix=".", suffix=".tmp", dir=out) as folder:
        write_model_folder(folder, contents, description)
        scores: dict[Precision, float] = {}
        cut: dict[str, float] = {}
        for precision in contents.graphs:
            encoder = Encoder.load(folder, precision=precision)
            if precision == "float32":
                _check_parity(network, tokenizer, encoder, validation)
            if validation:
                sides = _encode(encoder, validation)
                scores[precision] = _mean_precision(sides, description.dim)
                if precision == "float32":
                    for size in description.matryoshka:
                        name = f"P@1, first {size} components (held out)"
                        cut[name] = round(_mean_precision(sides, size), 4)
    return scores, cut


_Sides = list[tuple[NDArray[np.float32], NDArray[np.float32]]]


def _encode(encoder: SentenceEncoder, validation: Sequence[Sequence[Pair]]) -> _Sides:
    """The vectors of both sides of each language pair."""
    return [
        (encoder.encode([pair.source for pair in pairs]), encoder.encode([p.target for p in pairs]))
        for pairs in validation
    ]


def _mean_precision(sides: _Sides, size: int) -> float:
    """P@1 by the first components, the mean over directions and language pairs."""
    hits = []
    for u, v in sides:
        u, v = unit_rows(u[:, :size]), unit_rows(v[:, :size])
        hits += [precision_at_1(u, v).mean(), precision_at_1(v, u).mean()]
    return float(np.mean(hits))


def _check_parity(
    network: DualTransformer,
    tokenizer: Tokenizer,
    encoder: SentenceEncoder,
    validation: Sequence[Sequence[Pair]],
) -> None:
    sentences = _sentences(validation, _PARITY_PAIRS)
    if not sentences:
        return
    expected = np.stack([_vector(network, tokenizer, sentence) for sentence in sentences])
    found = encoder.encode(sentences)
    readable = found.any(axis=1)  # the network itself gives every sentence a vector
    cosines = (expected * found).sum(1)[readable]
    if len(cosines) and cosines.min() < _FLOAT_COSINE:
        raise BabeliteError(
            f"the vectors of the exported graph differ from those of the network (lowest cosine "
            f"{cosines.min():.4f})",
            code="model-invalid",
            hint="report this error to the developers of babelite",
        )


@torch.no_grad()
def _vector(network: DualTransformer, tokenizer: Tokenizer, sentence: str) -> NDArray[np.float32]:
    ids = tokenizer.encode(sentence).ids[: network.shape.max_tokens]
    vector = network(torch.tensor([ids], dtype=torch.int64))[0].numpy()
    unit: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return unit
