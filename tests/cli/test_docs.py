"""The commands and programs on the pages of docs/ run as shown, from top to bottom."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str, str]]

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# The pages and the smallest number of babelite commands on each.
PAGES = {
    "quick-start": 4,
    "from-sentence-transformers": 0,
    "preparing-text": 3,
    "search": 3,
    "mining": 3,
    "filtering": 3,
    "alignment": 3,
    "classification": 3,
    "training": 3,
    "teachers": 4,
    "integrations": 0,
    "error-codes": 0,
}
# A command is a line, or a here-document with all its lines.
COMMAND = re.compile(r"^.*<<'END'\n(?:.*\n)*?END$|^.+$", re.MULTILINE)


def blocks(page: str) -> Iterator[tuple[str, str]]:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    yield from BLOCK.findall(text)


def program(page: str, block: str, names: dict[str, object]) -> None:
    exec(compile(block, f"{page}.md", "exec"), names)


def shell(command: str) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-ec", command],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_page(page: str, run: Run, skip: tuple[str, ...] = ("pip ",)) -> int:
    """Run a page from top to bottom; returns the number of babelite commands."""
    commands = 0
    names: dict[str, object] = {"__name__": "__main__"}
    for language, block in blocks(page):
        if language == "python":
            program(page, block, names)
            continue
        for command in COMMAND.findall(block):
            if any(word in command for word in skip):
                continue
            piped, found, arguments = command.rpartition("babelite ")
            if not found:
                shell(command)
                continue
            given = shell(piped.rstrip().removesuffix("|")) if piped else ""
            code, _, err = run(*shlex.split(arguments, comments=True), standard_input=given)
            assert code == 0, f"{command}\n{err}"
            commands += 1
    return commands


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_and_programs_of_a_page_run(run: Run, here: Path, page: str) -> None:
    assert run_page(page, run) >= PAGES[page]


def test_the_commands_and_programs_of_the_page_about_clusters_run(run: Run, here: Path) -> None:
    skip = ("pip ", "--ray", "benchmarks/")  # Ray is tested in tests/cluster
    assert run_page("cluster", run, skip) >= 5
    assert (here / "python" / "_shards.json").exists()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page calls the server with curl")
def test_the_commands_and_programs_of_the_page_about_serving_run(here: Path) -> None:
    parts = [
        f"python - <<'END_OF_PROGRAM'\n{block}END_OF_PROGRAM" if language == "python" else block
        for language, block in blocks("serving")
    ]
    script = re.sub(r"(?m)^pip .*$", "", "\n".join(parts))
    for port in ("8000", "8001", "8002"):
        script = script.replace(port, str(free_port()))
    # A server that does not start ends the test; servers do not outlive it.
    wait = r"for _ in {1..300}; do \1 && break; sleep 0.2; done"
    script = re.sub(r"until (curl .+); do sleep 0.2; done", wait, script)
    printed = shell(f"set -m\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}")
    assert printed.count('"object":"list"') >= 2


def test_the_files_and_packages_named_on_the_architecture_page_exist() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    package = DOCS.parent / "src" / "babelite"
    named = re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:/|\.py))`", page)
    assert len(named) > 10
    for path in named:
        assert (package / path).exists() or (DOCS.parent / path).exists(), path
    listed = set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE))
    assert listed == {path.parent.name for path in package.glob("*/__init__.py")}
