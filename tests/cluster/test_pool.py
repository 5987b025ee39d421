import os
import signal
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.cluster import WorkerPool
from babelite.cluster import pool as pool_module
from babelite.cluster.local_workers import ProcessWorkers, ThreadWorker
from babelite.cluster.pool import ReportLines, Task, WorkerEvent, WorkerId
from babelite.cluster.worker import Worker, WorkerModel
from babelite.errors import BabeliteError


def run_square(worker: Worker, report: ReportLines, number: int) -> int:
    report(1)
    return number**2


def square(number: int) -> Task:
    return Task("a square", run_square, (number,))


def process_number(worker: Worker, report: ReportLines) -> int:
    return os.getpid()


def fail(worker: Worker, report: ReportLines, kind: type[Exception]) -> int:
    if kind is BabeliteError:
        raise BabeliteError("is wrong", path="a.txt", line=3, code="input-invalid", hint="fix it")
    raise kind("no such thing")


def failing(kind: type[Exception]) -> Task:
    return Task("a failing task", fail, (kind,))


def die(worker: Worker, report: ReportLines, unless: str = "") -> int:
    """Kill this process, unless a file exists, which is created."""
    if not unless or not Path(unless).exists():
        if unless:
            Path(unless).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


@dataclass
class Scripted:
    """A backend that finishes tasks and loses workers in a scripted order."""

    size: int
    script: list[int]  # what happens next: which worker, and whether it dies
    deadly: float = 0.0
    peaks: dict[WorkerId, int] = field(default_factory=dict)
    pids: dict[WorkerId, int] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    ready: deque[int] = field(default_factory=deque)
    begun: list[int] = field(default_factory=list)
    born: int = 0

    def start(self) -> int:
        self.born += 1
        self.ready.append(self.born)
        return self.born

    def assign(self, worker: int, task: Task) -> None:
        assert worker not in self.tasks
        self.tasks[worker] = task
        self.begun.append(task.arguments[0])

    def poll(self, seconds: float) -> Sequence[WorkerEvent]:
        if self.ready:
            return [WorkerEvent(self.ready.popleft(), "ready")]
        choice = self.script.pop() if self.script else 0
        worker = sorted(self.tasks)[choice // 2 % len(self.tasks)]
        task = self.tasks.pop(worker)
        # A task may fail twice, and no more.
        if choice % 2 and self.begun.count(task.arguments[0]) < 3:
            return [WorkerEvent(worker, "progress", 1), WorkerEvent(worker, "lost", "killed")]
        return [
            WorkerEvent(worker, "progress", 1),
            WorkerEvent(worker, "done", task.arguments[0] ** 2),
        ]

    def put(self, value: Any) -> Any:
        raise NotImplementedError

    def put_rows(self, rows: Any, start: int, stop: int) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        pass


@given(
    count=st.integers(0, 12),
    size=st.integers(1, 4),
    script=st.lists(st.integers(0, 9), max_size=40),
)
def test_every_task_gives_one_result_even_if_workers_die(
    count: int, size: int, script: list[int]
) -> None:
    told: list[int] = []
    with WorkerPool(Scripted(size, [*script])) as pool:
        found = dict(pool.run(map(square, range(count)), told.append))
        assert found == {number: number**2 for number in range(count)}
        assert max(told, default=0) == count
        # The pool can be used again, and keeps the order if it is wanted.
        again = list(pool.in_order(map(square, range(count))))
        assert again == [number**2 for number in range(count)]


def test_results_in_order_are_bounded() -> None:
    backend = Scripted(2, [])
    backend.script = [2] * 100  # the first task stays the last
    with WorkerPool(backend) as pool:
        results = pool.in_order(map(square, range(100)))
        next(results)
    assert len(backend.begun) <= 4 * 2 + 1


def test_a_cluster_without_a_free_core_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_SECONDS_TO_NOTICE", -1.0)
    backend = Scripted(1, [])
    wait, silent = backend.poll, iter(range(3))
    monkeypatch.setattr(
        backend, "poll", lambda seconds: wait(seconds) if next(silent, None) is None else []
    )
    said: list[str] = []
    with WorkerPool(backend, said.append) as pool:
        assert dict(pool.run([square(3)])) == {0: 9}
    assert said == ["Waiting for a worker: the cluster has no free core yet."]


def test_a_task_that_kills_its_workers_fails() -> None:
    with (
        pytest.raises(BabeliteError, match=r"3 workers .*a deadly task .*SIGKILL"),
        WorkerPool(ProcessWorkers(1, WorkerModel())) as pool,
    ):
        list(pool.run([Task("a deadly task", die)]))


def test_a_task_whose_worker_dies_is_repeated_by_another(tmp_path: Any) -> None:
    with WorkerPool(ProcessWorkers(2, WorkerModel())) as pool:
        tasks = [
            square(2),
            Task("a deadly task", die, (str(tmp_path / "died"),)),
            square(3),
            square(4),
        ]
        found = dict(pool.run(tasks))
        assert [found[number] for number in (0, 2, 3)] == [4, 9, 16]
        assert found[1] in pool.backend.pids.values()
        assert pool.lost == 1
        assert len(pool.backend.pids) == 3
        assert pool.peak_memory > 10_000_000
        # A worker that dies while it has nothing to do is replaced as well.
        for _, pid in pool.run([Task("a process number", process_number)] * 2):
            os.kill(pid, signal.SIGKILL)
        assert list(pool.in_order(map(square, range(5)))) == [0, 1, 4, 9, 16]
        with pytest.raises(BabeliteError, match=r"^a.txt, line 3: is wrong; fix it\.$") as error:
            list(pool.run([failing(BabeliteError)]))
        assert error.value.line == 3


def test_errors_of_workers_are_raised() -> None:
    with (
        WorkerPool(ThreadWorker(WorkerModel())) as pool,
        pytest.raises(BabeliteError, match="fix it"),
    ):
        list(pool.run([failing(BabeliteError)]))
    with (
        WorkerPool(ThreadWorker(WorkerModel())) as pool,
        pytest.raises(KeyError, match="no such thing"),
    ):
        list(pool.run([failing(KeyError)]))


def test_a_closed_pool_is_an_error() -> None:
    with WorkerPool(ThreadWorker(WorkerModel())) as pool:
        pass
    with pytest.raises(BabeliteError, match="the pool is closed"):
        list(pool.run([failing(BabeliteError)]))


def test_values_are_sent_as_references(tmp_path: Any) -> None:
    rows = np.memmap(tmp_path / "rows", np.float16, "w+", shape=(10, 3))
    rows[:] = np.arange(30).reshape(10, 3)
    rows.flush()
    backend = ThreadWorker(WorkerModel())
    for array in (rows, np.asarray(rows)):
        np.testing.assert_array_equal(backend.put_rows(array, 2, 5).get(), rows[2:5])
    assert "path" in vars(backend.put_rows(rows, 2, 5))
    assert backend.put({"a": 1}).get() == {"a": 1}


def test_an_interrupted_run_closes_the_pool() -> None:
    for leave in (failing(BabeliteError), None):
        with WorkerPool(ThreadWorker(None)) as pool:
            results = pool.run([leave or square(1), square(2)])
            if leave is None:
                next(results)
                results.close()
            else:
                with pytest.raises(BabeliteError, match="is wrong"):
                    list(results)
            with pytest.raises(BabeliteError, match="the pool is closed"):
                list(pool.run([square(2)]))
