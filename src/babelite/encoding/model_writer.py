"""Writing model folders atomically, with the files that other libraries need to load them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from babelite.encoding.fast_bpe import fast_bpe_files
from babelite.encoding.model_card import model_card
from babelite.encoding.model_description import ModelDescription, Precision
from babelite.encoding.model_folder import (
    BPE_CHARACTERS,
    BPE_MERGES,
    CARD,
    CONFIG,
    DESCRIPTION,
    GRAPHS,
    SPECIAL_TOKENS,
    TOKENIZER,
    WEIGHTS,
    ModelFolder,
    read_model_description,
)
from babelite.errors import BabeliteError
from babelite.storage import sha256

_STAGE = ".unfinished-model"


@dataclass(frozen=True)
class ModelContents:
    """The exported parts of a model; `write_model_folder` derives the other files from them.

    Attributes:
        config: The contents of ``config.json``: the network as a ``DistilBertConfig``.
        tokenizer: The text of ``tokenizer.json``.
        graphs: The ONNX files by precision; at least one.
        weights: The ``model.safetensors`` file, or a path to copy; ONNX runtimes do not need it.
    """

    config: Mapping[str, object]
    tokenizer: str
    graphs: Mapping[Precision, bytes]
    weights: bytes | Path | None = None


def write_model_folder(
    out: str | Path, contents: ModelContents, description: ModelDescription
) -> ModelFolder:
    """Write a model folder that babelite, sentence-transformers and fastembed can load.

    All files are written to a hidden folder inside ``out`` first, then moved, ``babelite.json``
    last. A previous model in ``out`` is replaced; files that are not part of it are kept. The
    ``files`` of the description are filled in here.

    Raises:
        BabeliteError: The folder cannot be written. A previous model is unchanged, unless the
            failure came while files were moved; the folder is then incomplete.
    """
    out = Path(out)
    stage = out / _STAGE
    try:
        shutil.rmtree(stage, ignore_errors=True)  # of a killed run
        stage.mkdir(parents=True)
        try:
            _stage_files(stage, contents, description)
            names = sorted(p.relative_to(stage).as_posix() for p in stage.rglob("*") if p.is_file())
            files = {name: sha256(stage / name) for name in names}
            description = replace(description, files=files)
            (stage / DESCRIPTION).write_text(description.to_json(), encoding="utf-8")
            _move_in(stage, out, names)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        problem = f"cannot be written ({error.strerror or error})"
        hint = "free some space or choose another folder"
        raise BabeliteError(problem, code="not-writable", path=out, hint=hint) from error
    return ModelFolder(out, description)


def _move_in(stage: Path, out: Path, names: list[str]) -> None:
    """Replace the model in ``out``; ``babelite.json`` is missing while files are mixed."""
    old = _files_of_old_model(out)
    (out / DESCRIPTION).unlink(missing_ok=True)
    for name in old - set(names):
        (out / name).unlink(missing_ok=True)
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).replace(out / name)
    (stage / DESCRIPTION).replace(out / DESCRIPTION)


def _files_of_old_model(out: Path) -> set[str]:
    try:
        return set(read_model_description(out / DESCRIPTION).files)
    except (BabeliteError, OSError):
        return set()  # without a description no file is known to be part of a model


def _stage_files(stage: Path, contents: ModelContents, description: ModelDescription) -> None:
    tokenizer = json.loads(contents.tokenizer)
    files = {name: t.encode() for name, t in _texts(tokenizer, contents, description).items()}
    if fast_bpe := fast_bpe_files(tokenizer):
        files[BPE_CHARACTERS], files[BPE_MERGES] = fast_bpe
    files |= {GRAPHS[precision]: graph for precision, graph in contents.graphs.items()}
    if isinstance(contents.weights, Path):
        shutil.copyfile(contents.weights, stage / WEIGHTS)
    elif contents.weights is not None:
        files[WEIGHTS] = contents.weights
    for name, content in files.items():
        (stage / name).parent.mkdir(exist_ok=True)
        (stage / name).write_bytes(content)


def _texts(
    tokenizer: dict[str, Any], contents: ModelContents, description: ModelDescription
) -> dict[str, str]:
    """The text files by name, among them the configuration files of the other libraries."""
    contained = {id_: token for token, id_ in tokenizer["model"]["vocab"].items()}
    special = {f"{name}_token": contained[i] for i, name in enumerate(SPECIAL_TOKENS)}
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": description.max_tokens,
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": True,  # "[MASK]" in a text is not the special token
        **special,
    }
    # All releases of sentence-transformers resolve these names.
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds.items())
    ]
    pooling = {"word_embedding_dimension": description.dim, "pooling_mode_mean_tokens": True}
    fields: dict[str, object] = {
        CONFIG: contents.config,
        "tokenizer_config.json": tokenizer_config,
        "special_tokens_map.json": {},  # fastembed would find these tokens in a text
        "modules.json": modules,
        "sentence_bert_config.json": {"max_seq_length": description.max_tokens},
        "config_sentence_transformers.json": {"similarity_fn_name": "cosine"},
        "1_Pooling/config.json": pooling,
    }
    texts = {name: json.dumps(value, indent=2) + "\n" for name, value in fields.items()}
    texts[TOKENIZER] = _compact(tokenizer)
    graph = GRAPHS["float32" if "float32" in contents.graphs else "int8"]
    has_weights = contents.weights is not None
    texts[CARD] = model_card(description, has_weights=has_weights, graph=graph)
    return texts


def _compact(tokenizer: dict[str, Any]) -> str:
    """The tokenizer as compact JSON, a quarter smaller than the tokenizers library writes it."""
    merges = tokenizer["model"].get("merges", [])
    pairs = [merge for merge in merges if isinstance(merge, list)]
    if not any(" " in piece for pair in pairs for piece in pair):
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]
        tokenizer = {**tokenizer, "model": {**tokenizer["model"], "merges": merges}}
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
