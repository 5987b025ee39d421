"""Training speed beside the sentence-transformers trainer and the machine's matrix-product rate.

Both train the same network on the same pairs with in-batch negatives, with the same batch size and
precision, one after the other, each in a separate process. The sentence-transformers trainer needs
``accelerate`` and ``datasets``: pip install accelerate datasets

    python benchmarks/training.py PAIRS.tsv.gz [--steps 30] [--repeat 3]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from babelite.corpus import WeightedPair, parse_source
from babelite.machine import peak_memory
from babelite.training import (
    Stepper,
    TrainingConfig,
    build_model,
    choose_hardware,
    join_processes,
    make_config,
    make_optimizer,
    open_tokens,
    plan_phases,
    tokenize,
    train_vocabulary,
)

_PAPER = make_config("paper")
_WARMUP = 3


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", help="parallel text, for example en-fr.tsv.gz")
    parser.add_argument("--steps", type=int, default=30, help="steps to measure (default 30)")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument(
        "--repeat", type=int, default=3, help="number of runs; the median is reported"
    )
    parser.add_argument("--sample", type=int, default=60_000, help="number of pairs to read")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(_RUNS[options.run](options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        _prepare(options, Path(folder))
        runs = {name: [] for name in _RUNS}
        for _ in range(options.repeat):
            for name in _RUNS:
                runs[name].append(_in_process(name, folder))
    rates = {name: statistics.median(run["rate"] for run in found) for name, found in runs.items()}
    print("| what | median | lowest–highest | peak memory |\n|---|---:|---:|---:|")
    for name, found in runs.items():
        values = sorted(run["rate"] for run in found)
        unit = "GFLOP/s" if name == "matmul" else "pairs/s"
        memory = max(run["memory"] for run in found)
        print(
            f"| {name} | {rates[name]:.1f} {unit} | {values[0]:.1f}–{values[-1]:.1f} "
            f"| {memory / 1e6:.0f} MB |"
        )
    flops = statistics.median(run["gflops"] for run in runs["babelite align"])
    print(f"\nbabelite / sentence-transformers: {_ratio(rates):.2f}")
    print(f"two-layer phase: {flops:.1f} GFLOP/s, {flops / rates['matmul']:.0%} of the matmul rate")


def _ratio(rates: dict[str, float]) -> float:
    return rates["babelite align"] / rates["sentence-transformers"]


def _in_process(name: str, folder: str) -> dict[str, float]:
    command = [sys.executable, *sys.argv, "--run", name, "--folder", folder]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def _prepare(options: argparse.Namespace, folder: Path) -> None:
    pairs = [
        WeightedPair(*pair) for pair in islice(parse_source(options.pairs).read(), options.sample)
    ]
    sentences = [side for pair in pairs for side in (pair.source, pair.target)]
    tokenizer = train_vocabulary(sentences, _PAPER.vocabulary_size)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "pairs.json").write_text(json.dumps(pairs))
    tokenize(pairs, tokenizer, folder / "tokens", max_tokens=_PAPER.max_tokens)


def _config(options: argparse.Namespace, objective: str) -> TrainingConfig:
    return make_config(
        "paper",
        options={
            "objective": objective,
            "similarity": "cosine",
            "temperature": 0.05,
            "batch_size": options.batch_size,
            "warmup_steps": 0,
            "decay": "none",
            "weight_decay": 0.0,
            "amsgrad": False,
        },
    )


def _run_babelite(options: argparse.Namespace, objective: str) -> dict[str, float]:
    config = _config(options, objective)
    hardware = choose_hardware(config)
    hardware.set_up_process()
    tokenizer = Tokenizer.from_file(str(options.folder / "tokenizer.json"))
    corpus = open_tokens(options.folder / "tokens", "pairs", tokenizer)
    model = build_model(config, tokenizer.get_vocab_size(), 2).to(hardware.device)
    (phase,) = plan_phases(config, [corpus], 0.0)
    optimizer = make_optimizer(config, phase, model)
    flops = 0.0
    with join_processes(hardware.device) as processes:
        stepper = Stepper(model, config, [corpus], [(0, 1)], processes, hardware)
        batches = islice(stepper.batches(phase, 0), options.steps + _WARMUP)
        for step, rows in enumerate(batches):
            if step == _WARMUP:
                started = time.perf_counter()
            stepper.step(phase, [rows], step, optimizer)
            if step >= _WARMUP:
                for side in (corpus.source, corpus.target):
                    flops += _layer_flops(side.lengths_of(rows.rows), config)
        seconds = time.perf_counter() - started
    return _result(options, seconds) | {"gflops": flops / seconds / 1e9}


def _layer_flops(lengths: np.ndarray, config: TrainingConfig) -> float:
    """FLOPs of the layers, forward and backward, for sentences of some lengths."""
    weights = 4 * config.dim**2 + 2 * config.dim * config.hidden_dim
    linear = 2 * weights * lengths.sum()
    attention = 4 * config.dim * (lengths.astype(float) ** 2).sum()
    return float(3 * config.layers * (linear + attention))


def _run_sentence_transformers(options: argparse.Namespace) -> dict[str, float]:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
        losses,
        models,
    )
    from transformers import PreTrainedTokenizerFast, TrainerCallback

    tokenizer = Tokenizer.from_file(str(options.folder / "tokenizer.json"))
    network = build_model(_PAPER, tokenizer.get_vocab_size(), 2).network
    folder = options.folder / "peer"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(network.shape.to_distilbert()))
    save_file(network.state_dict(), str(folder / "model.safetensors"), metadata={"format": "pt"})
    PreTrainedTokenizerFast(
        tokenizer_file=str(options.folder / "tokenizer.json"),
        pad_token="[PAD]",
        unk_token="[UNK]",
        mask_token="[MASK]",
        model_max_length=_PAPER.max_tokens,
    ).save_pretrained(folder)
    transformer = models.Transformer(str(folder))
    pooling = models.Pooling(_PAPER.dim, pooling_mode="mean")
    model = SentenceTransformer(modules=[transformer, pooling], device="cpu")
    pairs = [
        WeightedPair(*pair) for pair in json.loads((options.folder / "pairs.json").read_text())
    ]
    count = options.batch_size * (options.steps + _WARMUP)
    chosen = np.random.default_rng(0).permutation(len(pairs))[:count]
    columns = {
        "anchor": [pairs[row].source for row in chosen],
        "positive": [pairs[row].target for row in chosen],
    }
    times = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: object, **__: object) -> None:
            times.append(time.perf_counter())

    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(options.folder / "peer-run"),
            per_device_train_batch_size=options.batch_size,
            max_steps=options.steps + _WARMUP,
            learning_rate=1e-3,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
        ),
        train_dataset=Dataset.from_dict(columns),
        loss=losses.MultipleNegativesRankingLoss(model),
        callbacks=[Clock()],
    )
    trainer.train()
    return _result(options, times[-1] - times[_WARMUP - 1])


def _run_matmul(options: argparse.Namespace) -> dict[str, float]:
    """The best rate of a large matrix product in the precision that training uses."""
    precision = choose_hardware(_PAPER).precision
    best = 0.0
    for size in (512, 1024, 2048):
        left, right = (torch.randn(size, size, dtype=precision) for _ in range(2))
        for _ in range(3):
            left @ right
        started, times = time.perf_counter(), max(4, (2048 // size) ** 3)
        for _ in range(times):
            left @ right
        best = max(best, 2 * size**3 * times / (time.perf_counter() - started) / 1e9)
    return {"rate": best, "memory": peak_memory()}


def _result(options: argparse.Namespace, seconds: float) -> dict[str, float]:
    return {"rate": options.batch_size * options.steps / seconds, "memory": peak_memory()}


_RUNS = {
    "matmul": _run_matmul,
    "babelite align": lambda options: _run_babelite(options, "align"),
    "babelite ugt + 2*align + 2*sim": lambda options: _run_babelite(
        options, "ugt + 2*align + 2*sim"
    ),
    "sentence-transformers": _run_sentence_transformers,
}

if __name__ == "__main__":
    main()
