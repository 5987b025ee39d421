"""HTTP server: throughput beside the bare encoder, latency, memory, and invalid requests.

    python benchmarks/serving.py                         # 200 clients, 60 s each
    python benchmarks/serving.py --hostile 10000         # malformed, huge, slow requests
    python benchmarks/serving.py --fuzz 1000             # schemathesis, cases for each operation

The server runs in a separate process on the loopback interface.

Throughput: every client has one connection and repeatedly sends prepared requests of --batch
sentences (32) for vectors in base64, as OpenAI's client does. The bare encoder encodes the same
sentences with the same number of threads before and after. The clients' CPU time reduces the
server's result. The first answer of each client is compared with the encoder's vectors.

Latency: requests of one sentence. First at full capacity; then at half of that rate, at random
times, counted from the time when each was due. Memory is the server's after warm-up and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from encoding import english
from encoding import read_sentences as file_sentences
from http_load import HEAD_END, Load, closed_loop, embedding_request, open_loop
from http_load import serving as serving_process
from invalid_requests import send_requests

SENTENCES = 8_192
WARM_UP = 3.0


def read_sentences(path: Path | None) -> list[str]:
    """Sentences of a file, one or two a line; by default Python's documentation topics."""
    sentences = english() if path is None else file_sentences([path])
    return [sentence for sentence in sentences if sentence.strip()][:SENTENCES]


def bare_rate(model: str | None, sentences: Sequence[str], seconds: float) -> float:
    """Sentences per second of the encoder alone, in a separate process."""
    program = """
import json, sys, time
from babelite.encoding import open_encoder
model, sentences, seconds = json.load(sys.stdin)
encoder, count = open_encoder(model), 0
encoder.encode(sentences[:512])
started = time.perf_counter()
while time.perf_counter() - started < seconds:
    encoder.encode(sentences)
    count += len(sentences)
print(count / (time.perf_counter() - started))
"""
    given = json.dumps([model, list(sentences), seconds])
    done = subprocess.run(
        [sys.executable, "-c", program], input=given, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def largest_difference(answers: Mapping[int, bytes], expected: np.ndarray) -> float:
    """Largest difference between vectors in answers and the encoder's vectors."""
    differences = []
    for number, answer in answers.items():
        data = json.loads(answer.partition(HEAD_END)[2])["data"]
        vectors = [np.frombuffer(base64.b64decode(item["embedding"]), "<f4") for item in data]
        first = number * len(vectors) % len(expected)
        differences.append(np.abs(np.array(vectors) - expected[first : first + len(data)]).max())
    return float(max(differences))


def say(name: str, value: str) -> None:
    """Print a result."""
    print(f"{name:<44}{value}", flush=True)


def say_load(name: str, load: Load, batch: int = 1) -> None:
    """Print the measurements of a load."""
    p50, p99 = 1000 * load.quantile(0.5), 1000 * load.quantile(0.99)
    say(name, f"{batch * load.rate:,.0f} sentences/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    total = sum(load.statuses.values())
    say("  answers", f"{total:,}, of them {load.errors:,} errors {load.statuses}")


def measure(options: argparse.Namespace) -> None:
    """Measure throughput, latency and memory."""
    from babelite.encoding import open_encoder

    sentences = read_sentences(options.sentences)
    sentences = sentences[: len(sentences) // options.batch * options.batch]
    starts = range(0, len(sentences), options.batch)
    batches = [embedding_request(sentences[i : i + options.batch]) for i in starts]
    singles = [embedding_request([sentence]) for sentence in sentences]
    expected = open_encoder(options.model).encode(sentences)
    arguments = ["--model", options.model] if options.model else []
    clients, seconds = options.clients, options.seconds
    before = bare_rate(options.model, sentences, options.bare_seconds)
    with serving_process(*arguments) as server:
        run(closed_loop(server.port, batches, clients, WARM_UP))
        run(closed_loop(server.port, singles, clients, WARM_UP))
        memory = server.megabytes()
        busy = run(closed_loop(server.port, batches, clients, seconds))
        middle = server.megabytes()
        single = run(closed_loop(server.port, singles, clients, seconds / 4))
        half = run(open_loop(server.port, singles, clients, seconds, single.rate / 2))
        end = server.megabytes()
    after = bare_rate(options.model, sentences, options.bare_seconds)
    bare = (before + after) / 2
    say("bare encoder", f"{bare:,.0f} sentences/s (before {before:,.0f}, after {after:,.0f})")
    say_load(f"{clients} clients, {options.batch} sentences a request", busy, options.batch)
    share = options.batch * busy.rate / bare
    say("  share of the bare encoder", f"{share:.0%} (goal: at least 70 %)")
    say("  largest difference to the encoder", f"{largest_difference(busy.first, expected):.1e}")
    say_load(f"{clients} clients, one sentence a request", single)
    say_load("half of that", half)
    say("  goal of p99", "at most 250 ms")
    say("memory", f"{memory:.0f} MB at first, {middle:.0f} MB, {end:.0f} MB at the end")


def send_invalid(options: argparse.Namespace) -> bool:
    """Send invalid requests; returns whether all were refused and the server still works."""
    arguments = ["--model", options.model] if options.model else []
    with serving_process(*arguments) as server:
        run(closed_loop(server.port, [embedding_request(["Hello."])], 4, 1.0))
        memory, started = server.megabytes(), time.perf_counter()
        results = run(send_requests(server.port, options.hostile))
        taken = time.perf_counter() - started
        good = run(closed_loop(server.port, [embedding_request(["Hello."])], 4, 1.0))
        end, alive = server.megabytes(), server.alive
    bad = 0
    for kind, statuses in sorted(results.items()):
        refused = all(400 <= status < 500 for status in statuses)
        bad += not refused
        say(kind, f"{statuses}{'' if refused else '   NOT ALL REFUSED'}")
    total = sum(sum(statuses.values()) for statuses in results.values())
    say("all", f"{total:,} in {taken:.0f} s; memory {memory:.0f} MB before, {end:.0f} MB after")
    say("alive and correct afterwards", "yes" if alive and not good.errors else "NO")
    return not bad and alive and not good.errors


def fuzz(options: argparse.Namespace) -> bool:
    """Test every operation of the OpenAPI description with schemathesis."""
    arguments = ["--model", options.model] if options.model else []
    with serving_process(*arguments) as server:
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run",
            f"http://127.0.0.1:{server.port}/openapi.json",
            "--checks", "not_a_server_error,status_code_conformance,response_schema_conformance,"
            "content_type_conformance", "--max-examples", str(options.fuzz),
            "--seed", "0", "--workers", "2",
        ]  # fmt: skip
        return subprocess.run(command, check=False).returncode == 0


def run(coroutine):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
    """Run a coroutine, with uvloop if it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(coroutine)
    return uvloop.run(coroutine)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", help="model folder (default: the packaged model)")
    parser.add_argument(
        "--sentences", type=Path, help="text (default: Python's documentation topics)"
    )
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--batch", type=int, default=32, help="sentences in each request")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--bare-seconds", type=float, default=20.0)
    parser.add_argument("--hostile", type=int, metavar="N", help="send N invalid requests instead")
    parser.add_argument("--fuzz", type=int, metavar="N", help="run schemathesis instead")
    options = parser.parse_args()
    if options.hostile:
        sys.exit(not send_invalid(options))
    elif options.fuzz:
        sys.exit(not fuzz(options))
    else:
        measure(options)


if __name__ == "__main__":
    main()
