"""Faults: bits flipped in every kind of file that babelite writes, and kills at random times.

    python benchmarks/faults.py flips --tries 1000
    python benchmarks/faults.py kills --tries 100

``flips``: each try flips one bit of one file, and reads the file as a user would. The answer is
the right one, or an error of babelite. Anything else is a fault: another answer, or a traceback.
``kills``: each try kills a command at a random time, and gives the same command again. Its output
is equal to that of a run that was not interrupted, byte by byte, and nothing else is left.

Plain text (TSV, JSONL, TMX) and finished ``.npy`` files have no place for a checksum, and are not
part of it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.errors import BabeliteError

DIM = 16
_WORDS = ["red", "green", "blue", "house", "train", "station", "rain", "museum", "größer", "où"]
_TRAIN = (
    *("--preset", "tiny", "--vocabulary-size", "300", "--dim", "32", "--hidden-dim", "64"),
    *("--bag-steps", "40", "--bag-batch-size", "64", "--steps", "40", "--batch-size", "32"),
    *("--warmup-steps", "5", "--held-out", "50", "--validations", "3", "--threads", "1"),
)


class HashEncoder:
    """An encoder without a model: a sentence is the sum of its words, each a random direction."""

    dim = DIM

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Encode sentences into unit vectors, shape (len(sentences), dim)."""
        vectors = np.zeros((len(sentences), DIM), np.float32)
        for row, sentence in zip(vectors, sentences, strict=True):
            for word in sentence.split():
                seed = hashlib.blake2b(word.encode(), digest_size=4).digest()
                rng = np.random.default_rng(int.from_bytes(seed, "little"))
                row += rng.standard_normal(DIM).astype(np.float32)
            row /= np.linalg.norm(row) or 1
        return vectors


def lines_of(count: int, seed: int) -> list[str]:
    """Random sentences."""
    rng = random.Random(seed)
    return [f"{' '.join(rng.choices(_WORDS, k=4))} {rng.randrange(count)}" for _ in range(count)]


@dataclass(frozen=True)
class Kind:
    """A kind of files: ``write`` makes a folder of them, and ``answer`` reads it."""

    write: Callable[[Path], None]
    answer: Callable[[Path], object]


def write_index(folder: Path, kind: str, count: int) -> None:
    """An index of two files with removed lines."""
    from babelite.index import Index

    files = {"a.txt": lines_of(count, 1), "b.txt": ["one", "", "two"]}
    index = Index.build(files, HashEncoder(), folder, kind=kind)  # type: ignore[arg-type]
    index.remove([3, 7])


def answer_index(folder: Path) -> object:
    """Hits, removed lines and sources of an index."""
    from babelite.index import Index

    index = Index.open(folder, HashEncoder())
    found = index.search(["red house", "two", *lines_of(4, 2)], 5)
    sources = [(source.name, source.lines) for source in index.description.contents.sources]
    return found, len(index), index.find(["one", "two"]), sources


def write_compressed(folder: Path, name: str) -> None:
    """A compressed text."""
    from babelite.storage import writing_text

    with writing_text(folder / name) as out:
        out.writelines(f"{line}\n" for line in lines_of(500, 1))


def answer_compressed(folder: Path, name: str) -> object:
    """Its lines."""
    from babelite.storage import read_lines

    return list(read_lines(folder / name))


def write_parquet(folder: Path) -> None:
    """Pairs in Parquet."""
    from babelite.corpus import Pair, write_pairs

    pairs = map(Pair, lines_of(500, 1), lines_of(500, 2))
    write_pairs(pairs, str(folder / "en-fr.parquet"), ("en", "fr"))


def answer_parquet(folder: Path) -> object:
    """Its pairs."""
    from babelite.corpus import parse_source

    return list(parse_source(str(folder / "en-fr.parquet")).read())


def encode_shards(folder: Path) -> None:
    """Encode lines to shards, or resume that."""
    from babelite.cluster import encode_files, open_pool
    from babelite.corpus import SentenceSource
    from babelite.encoding import fingerprint_of, open_encoder

    text = folder.with_name("lines.txt")
    if not text.exists():
        text.write_text("".join(f"{line}\n" for line in lines_of(60, 1)), encoding="utf-8")
    with open_pool(None, workers=1) as pool:
        identity = fingerprint_of(open_encoder(None))
        encode_files([SentenceSource(str(text))], str(folder), pool, identity, shard_rows=30)


def answer_shards(folder: Path) -> object:
    """The rows of the shards after the same command was given again."""
    import pyarrow.parquet as pq

    encode_shards(folder)
    paths = sorted(folder.glob("*.parquet"))
    tables = [pq.read_table(path, page_checksum_verification=True).to_pylist() for path in paths]
    return [path.name for path in paths], tables


def write_array(folder: Path, until: int = 400) -> None:
    """Write an array of 400 rows; the process ends after some of them."""
    from babelite.encoding import write_vectors_resumably

    rows = np.random.default_rng(0).random((400, DIM), np.float32)

    def blocks(first: int) -> Iterator[NDArray[np.float32]]:
        for start in range(first, until, 50):
            yield rows[start : start + 50]
        if until < len(rows):
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        out = folder / "vectors.npy"
        write_vectors_resumably(out, blocks, rows=400, dim=DIM, block_rows=100, key="key")


def answer_array(folder: Path) -> object:
    """The array after the writing was resumed."""
    write_array(folder)
    return np.load(folder / "vectors.npy").tobytes()


def answer_mining(folder: Path) -> object:
    """Mine in a work folder, or resume that."""
    from babelite.mining import mine

    texts = lines_of(150, 1), lines_of(150, 2)
    with mine(*texts, HashEncoder(), work=folder, search="clusters") as mined:
        return [column.tobytes() for column in vars(mined.pairs()).values()]


def write_classifier(folder: Path) -> None:
    """A classifier."""
    from babelite.classification import TextClassifier

    examples = [(text.split()[0], text) for text in lines_of(200, 1)]
    TextClassifier.train(HashEncoder(), examples).save(folder / "c.classifier")


def answer_classifier(folder: Path) -> object:
    """Its predictions."""
    from babelite.classification import TextClassifier

    classifier = TextClassifier.load(folder / "c.classifier", HashEncoder())
    return classifier.predict(lines_of(20, 2))


def write_model(folder: Path) -> None:
    """A copy of the packaged model."""
    from babelite.encoding import DEFAULT_MODEL

    shutil.copytree(DEFAULT_MODEL, folder, dirs_exist_ok=True)


def answer_model(folder: Path) -> object:
    """Its vectors, and its files after their checksums were verified."""
    from babelite.encoding import Encoder, read_model_folder

    read_model_folder(folder, verify="all")
    encoder = Encoder.load(folder, threads=1)
    return encoder.encode(lines_of(3, 1)).tobytes()


def start_training(folder: Path) -> None:
    """A training run that was killed at its first checkpoint."""
    write_pairs_for_training(folder.parent)
    command = training_command(folder.parent / "en-fr.tsv", folder)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (folder / "training" / "last.safetensors").exists():
        time.sleep(0.005)
    process.kill()
    process.wait()


def answer_training(folder: Path) -> object:
    """The model after the same command was given again."""
    run_command(training_command(folder.parent / "en-fr.tsv", folder))
    return contents(folder, "training/", "README.md", "babelite.json")


KINDS: dict[str, Kind] = {
    "index": Kind(lambda folder: write_index(folder, "exact", 500), answer_index),
    "index-pq": Kind(lambda folder: write_index(folder, "pq", 1_500), answer_index),
    **{
        name: Kind(
            lambda folder, name=name: write_compressed(folder, name),  # type: ignore[misc]
            lambda folder, name=name: answer_compressed(folder, name),  # type: ignore[misc]
        )
        for name in ("text.gz", "text.xz", "text.zst")
    },
    "parquet": Kind(write_parquet, answer_parquet),
    "shards": Kind(encode_shards, answer_shards),
    "unfinished-npy": Kind(lambda folder: write_array(folder, 350), answer_array),
    "mining-work": Kind(lambda folder: void(answer_mining(folder)), answer_mining),
    "classifier": Kind(write_classifier, answer_classifier),
    "model": Kind(write_model, answer_model),
    "training": Kind(start_training, answer_training),
}


def void(_: object) -> None:
    """Drop a value."""


def flip(kind: Kind, tries: int, seed: int) -> Counter[str]:
    """Flip a bit in a copy of the files, many times; count what happens."""
    counts: Counter[str] = Counter()
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        original, copy = Path(place, "original"), Path(place, "copy")
        original.mkdir()
        kind.write(original)
        shutil.copytree(original, copy)
        right = kind.answer(copy)
        files = [p for p in sorted(original.rglob("*")) if p.is_file() and p.stat().st_size]
        for number in range(tries):
            shutil.rmtree(copy)
            shutil.copytree(original, copy)
            file = files[number % len(files)]
            damaged = bytearray(file.read_bytes())
            place_of_bit = rng.randrange(8 * len(damaged))
            damaged[place_of_bit // 8] ^= 1 << place_of_bit % 8
            (copy / file.relative_to(original)).write_bytes(damaged)
            name = file.relative_to(original)
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    result = "no effect" if kind.answer(copy) == right else "WRONG"
            except BabeliteError:
                result = "error"
            except Exception as error:
                result = f"TRACEBACK {type(error).__name__}: {error}"
            counts[result.split(":")[0]] += 1
            if result[0].isupper():
                print(f"  {name}, bit {place_of_bit}: {result}", flush=True)
    return counts


def write_pairs_for_training(folder: Path) -> None:
    """Pairs of made-up translations."""
    rows = lines_of(1_500, 1)
    text = "".join(f"{row}\t{row[::-1]}\n" for row in dict.fromkeys(rows))
    (folder / "en-fr.tsv").write_text(text, encoding="utf-8")


def training_command(pairs: Path, out: Path) -> list[str]:
    """The command of a small training run."""
    return [*babelite("train", str(pairs), "--out", str(out)), *_TRAIN]


def babelite(*arguments: str) -> list[str]:
    """The command line of babelite."""
    return [sys.executable, "-m", "babelite", *arguments]


def run_command(command: Sequence[str]) -> None:
    """Run a command; BabeliteError for exit code 2, RuntimeError for another one."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        raise BabeliteError(done.stderr, code="input-invalid")
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])


@dataclass(frozen=True)
class Job:
    """A command that is killed; ``prepare`` makes its input in a folder where it then runs."""

    prepare: Callable[[Path], None]
    command: tuple[str, ...]


def prepare_text(folder: Path) -> None:
    """Text, pairs and an index."""
    for name, seed in (("a.txt", 1), ("b.txt", 2)):
        text = "".join(f"{line}\n" for line in lines_of(9_000, seed))
        (folder / name).write_text(text, encoding="utf-8")
    write_pairs_for_training(folder)


def prepare_index(folder: Path) -> None:
    """An index to which lines are added."""
    prepare_text(folder)
    (folder / "first.txt").write_text("one\ntwo\n", encoding="utf-8")
    with contextlib.chdir(folder):
        run_command(babelite("index", "first.txt", "--out", "my.index"))


JOBS: dict[str, Job] = {
    "index": Job(prepare_text, ("index", "a.txt", "b.txt", "--out", "my.index")),
    "index-pq": Job(prepare_text, ("index", "a.txt", "--out", "my.index", "--kind", "pq")),
    "append": Job(prepare_index, ("index", "my.index", "--append", "a.txt")),
    "mine": Job(prepare_text, ("mine", "a.txt", "b.txt", "--out", "pairs.tsv.gz")),
    "encode": Job(prepare_text, ("encode", "a.txt", "--out", "vectors.npy")),
    "shards": Job(
        prepare_text,
        ("encode", "a.txt", "--out", "shards", "--shard-lines", "2000", "--workers", "1"),
    ),
    "clean": Job(prepare_text, ("corpus", "clean", "en-fr.tsv", "--out", "clean.en-fr.tsv.gz")),
    "train": Job(prepare_text, ("train", "en-fr.tsv", "--out", "model", *_TRAIN)),
}
# Times and speeds of a run, which differ between two runs.
_NOT_COMPARED = ("model/training/", "model/README.md", "model/babelite.json")


def contents(folder: Path, *omitted: str) -> dict[str, str]:
    """The checksum of each file of a folder by name; names that begin so are omitted."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name != ".lock"
        and not (name := path.relative_to(folder).as_posix()).startswith(omitted)
    }


def kill(job: Job, tries: int, seed: int) -> Counter[str]:
    """Kill a command at a random time and give it again, many times; count what happens."""
    counts: Counter[str] = Counter()
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        original, copy, temporary = (Path(place, name) for name in ("original", "copy", "tmp"))
        for folder in (original, temporary):
            folder.mkdir()
        job.prepare(original)
        shutil.copytree(original, copy)
        environment = os.environ | {"TMPDIR": str(temporary)}

        def run(seconds: float | None) -> tuple[int, str]:
            process = subprocess.Popen(
                babelite(*job.command),
                cwd=copy,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                message = process.communicate(timeout=seconds)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                message = process.communicate()[1]
            return process.returncode, message

        began = time.perf_counter()
        code, message = run(None)
        duration = time.perf_counter() - began
        if code:
            raise RuntimeError(message)
        right = contents(copy, *_NOT_COMPARED)
        for _ in range(tries):
            shutil.rmtree(copy)
            shutil.copytree(original, copy)
            killed = run(rng.uniform(0.1, 1.0) * duration)[0] != 0
            code, message = run(None)
            found = contents(copy, *_NOT_COMPARED)
            # torch keeps a cache in the temporary folder.
            left = [str(p) for p in temporary.iterdir() if not p.name.startswith("torchinductor_")]
            result = "killed, equal" if killed else "finished before, equal"
            if code:
                result = f"ERROR {code}: {message[-300:]}"
            elif found != right or left:
                names = sorted(dict(found.items() ^ right.items()))
                result = f"DIFFERENT: {', '.join([*names, *left])}"
            counts[result.split(":")[0]] += 1
            if result[0] in "ED":
                print(f"  {result}", flush=True)
    return counts


def main() -> None:
    """Run all kinds, or those named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["flips", "kills"])
    parser.add_argument("--tries", type=int, default=100, help="Tries of each kind.")
    parser.add_argument("--only", nargs="*", help="Names of kinds.")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    faults = 0
    for name in arguments.only or (KINDS if arguments.what == "flips" else JOBS):
        began = time.perf_counter()
        if arguments.what == "flips":
            counts = flip(KINDS[name], arguments.tries, arguments.seed)
        else:
            counts = kill(JOBS[name], arguments.tries, arguments.seed)
        faults += sum(count for result, count in counts.items() if result[0].isupper())
        found = ", ".join(f"{count} {result}" for result, count in counts.most_common())
        print(f"{name}: {found} ({time.perf_counter() - began:.0f} s)", flush=True)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
