"""What the tests of clusters share: text, a small encoder, and a Ray cluster of this machine."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import random_model

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere,
    "RAY_AUTH_MODE": "disabled",  # no token is written to the home directory,
    "RAY_worker_niceness": "0",  # and tests wait for workers, which Ray makes wait for others
}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a small encoder."""
    return str(random_model.write(tmp_path_factory.mktemp("models") / "small").path)


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """A Ray cluster with two cores, which ends with the tests."""
    if "BABELITE_TEST_RAY" in os.environ:  # one that is there saves some seconds
        yield os.environ["BABELITE_TEST_RAY"]
        return
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUIET.items():
            patch.setenv(name, value)
        yield from _cluster()


def _cluster() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="r")  # sockets want short names
    options = [
        f"--port={port}", f"--temp-dir={folder}", "--num-cpus=2", "--include-dashboard=false",
        "--disable-usage-stats", "--object-store-memory=100000000",
    ]  # fmt: skip
    start = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", *options]
    log = Path(folder) / "log"
    with log.open("wb") as output:
        head = subprocess.Popen(start, stdout=output, stderr=output, start_new_session=True)
    try:
        started = b"Ray runtime started"
        while started not in log.read_bytes():
            assert head.poll() is None, log.read_text()
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        head.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            head.wait(10)
        with contextlib.suppress(ProcessLookupError):  # what it has left of its processes
            os.killpg(head.pid, signal.SIGKILL)
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)
