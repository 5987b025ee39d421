"""How fast the server is beside the bare encoder, how soon it answers, and what it survives.

    python benchmarks/serving.py                         # 200 clients, 60 s each
    python benchmarks/serving.py --hostile 10000         # malformed, huge, slow bodies
    python benchmarks/serving.py --fuzz 1000             # schemathesis, cases an operation

The server runs in a process of its own, on the loopback interface, and nothing else is called.

Throughput: every client has a connection and sends, again and again, a request of --batch sentences
(32) made beforehand, for vectors in base64, as OpenAI's client does. The bare encoder encodes the
same sentences with as many threads before and after; the clients' own work is the server's loss.
The first answer of each client is compared with the encoder's vectors.

Latency: requests of one sentence. First as many as go (their capacity); then half of that, at
random times, counted from when each was due. Memory is the server's after a few seconds and at the
end.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from hostile_bodies import attack
from http_load import HEAD_END, Load, as_fast_as_it_goes, at_a_rate, embedding_request
from http_load import serving as serving_process

SENTENCES = 8_192
WARM_UP = 3.0


def read_sentences(path: Path | None) -> list[str]:
    """Sentences of a file, one or two a line; without one, those that every Python brings along."""
    if path is None:
        from pydoc_data.topics import topics

        text = " ".join(" ".join(topics.values()).split())
        return [s for s in re.split(r"(?<=[.:;]) ", text) if 10 < len(s) < 200][:SENTENCES]
    from babelite.storage import read_lines

    sentences = (part for line in read_lines(path) for part in line.split("\t")[:2])
    return [sentence for sentence in sentences if sentence.strip()][:SENTENCES]


def bare_rate(model: str | None, sentences: Sequence[str], seconds: float) -> float:
    """Sentences a second of the encoder alone, in a process of its own."""
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
    """How far vectors in answers are from the encoder's, at most."""
    differences = []
    for number, answer in answers.items():
        data = json.loads(answer.partition(HEAD_END)[2])["data"]
        vectors = [np.frombuffer(base64.b64decode(item["embedding"]), "<f4") for item in data]
        first = number * len(vectors) % len(expected)
        differences.append(np.abs(np.array(vectors) - expected[first : first + len(data)]).max())
    return float(max(differences))


def say(name: str, value: str) -> None:
    """Print a result at once."""
    print(f"{name:<44}{value}", flush=True)


def say_load(name: str, load: Load, batch: int = 1) -> None:
    """Print what came of a load."""
    p50, p99 = 1000 * load.quantile(0.5), 1000 * load.quantile(0.99)
    say(name, f"{batch * load.rate:,.0f} sentences/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    total = sum(load.statuses.values())
    say("  answers", f"{total:,}, of them {load.errors:,} errors {load.statuses}")


def measure(options: argparse.Namespace) -> None:
    """Measure everything and print it."""
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
        run(as_fast_as_it_goes(server.port, batches, clients, WARM_UP))
        run(as_fast_as_it_goes(server.port, singles, clients, WARM_UP))
        memory = server.megabytes()
        busy = run(as_fast_as_it_goes(server.port, batches, clients, seconds))
        middle = server.megabytes()
        single = run(as_fast_as_it_goes(server.port, singles, clients, seconds / 4))
        half = run(at_a_rate(server.port, singles, clients, seconds, single.rate / 2))
        end = server.megabytes()
    after = bare_rate(options.model, sentences, options.bare_seconds)
    bare = (before + after) / 2
    say("bare encoder", f"{bare:,.0f} sentences/s (before {before:,.0f}, after {after:,.0f})")
    say_load(f"{clients} clients, {options.batch} sentences a request", busy, options.batch)
    share = options.batch * busy.rate / bare
    say("  share of the bare encoder", f"{share:.0%} (at least 70 % wanted)")
    say("  largest difference to the encoder", f"{largest_difference(busy.first, expected):.1e}")
    say_load(f"{clients} clients, one sentence a request", single)
    say_load("half of that", half)
    say("  p99 wanted", "at most 250 ms")
    say("memory", f"{memory:.0f} MB at first, {middle:.0f} MB, {end:.0f} MB at the end")


def withstand(options: argparse.Namespace) -> bool:
    """Send hostile bodies and tell what came of them."""
    arguments = ["--model", options.model] if options.model else []
    with serving_process(*arguments) as server:
        run(as_fast_as_it_goes(server.port, [embedding_request(["Hello."])], 4, 1.0))
        memory, started = server.megabytes(), time.perf_counter()
        results = run(attack(server.port, options.hostile))
        taken = time.perf_counter() - started
        good = run(as_fast_as_it_goes(server.port, [embedding_request(["Hello."])], 4, 1.0))
        end, alive = server.megabytes(), server.alive
    bad = 0
    for kind, statuses in sorted(results.items()):
        refused = all(400 <= status < 500 for status in statuses)
        bad += not refused
        say(kind, f"{statuses}{'' if refused else '   NOT ALL REFUSED'}")
    total = sum(sum(statuses.values()) for statuses in results.values())
    say("all", f"{total:,} in {taken:.0f} s; memory {memory:.0f} MB before, {end:.0f} MB after")
    say("alive and right afterwards", "yes" if alive and not good.errors else "NO")
    return not bad and alive and not good.errors


def fuzz(options: argparse.Namespace) -> bool:
    """Let schemathesis try every operation of the OpenAPI description."""
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
    """Run a coroutine in the fastest event loop there is."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(coroutine)
    return uvloop.run(coroutine)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", help="model folder (default: the packaged one)")
    parser.add_argument("--sentences", type=Path, help="text (default: Python's help)")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--batch", type=int, default=32, help="sentences a request")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--bare-seconds", type=float, default=20.0)
    parser.add_argument("--hostile", type=int, metavar="N", help="send N hostile bodies instead")
    parser.add_argument("--fuzz", type=int, metavar="N", help="run schemathesis instead")
    options = parser.parse_args()
    if options.hostile:
        sys.exit(not withstand(options))
    elif options.fuzz:
        sys.exit(not fuzz(options))
    else:
        measure(options)


if __name__ == "__main__":
    main()
