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

from babelite.cluster import Model, Pool
from babelite.cluster import pool as pool_module
from babelite.cluster.pool import Event, Hand, Tell
from babelite.cluster.processes import OneThread, Processes
from babelite.cluster.worker import Worker
from babelite.errors import BabeliteError


@dataclass(frozen=True)
class Square:
    number: int

    def run(self, worker: Worker, tell: Tell) -> int:
        tell(1)
        return self.number**2


@dataclass(frozen=True)
class ProcessNumber:
    def run(self, worker: Worker, tell: Tell) -> int:
        return os.getpid()


@dataclass(frozen=True)
class Failing:
    kind: type[Exception]

    def run(self, worker: Worker, tell: Tell) -> int:
        if self.kind is BabeliteError:
            raise BabeliteError("is wrong", path="a.txt", line=3, hint="mend it")
        raise self.kind("no such thing")


@dataclass(frozen=True)
class Dying:
    """Ends its process as if by force, unless a file is there."""

    unless: str = ""

    def run(self, worker: Worker, tell: Tell) -> int:
        if not self.unless or not Path(self.unless).exists():
            if self.unless:
                Path(self.unless).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()


@dataclass
class Scripted:
    """A crew that does things in an order of its own, and loses workers when told to."""

    size: int
    script: list[int]  # what happens next: which worker, and whether it dies
    deadly: float = 0.0
    peaks: dict[Hand, int] = field(default_factory=dict)
    pids: dict[Hand, int] = field(default_factory=dict)
    tasks: dict[int, Square] = field(default_factory=dict)
    ready: deque[int] = field(default_factory=deque)
    begun: list[int] = field(default_factory=list)
    born: int = 0

    def start(self) -> int:
        self.born += 1
        self.ready.append(self.born)
        return self.born

    def give(self, hand: int, task: Square) -> None:
        assert hand not in self.tasks
        self.tasks[hand] = task
        self.begun.append(task.number)

    def wait(self, seconds: float) -> Sequence[Event]:
        if self.ready:
            return [Event(self.ready.popleft(), "ready")]
        choice = self.script.pop() if self.script else 0
        hand = sorted(self.tasks)[choice // 2 % len(self.tasks)]
        task = self.tasks.pop(hand)
        # A task may fail twice, and no more.
        if choice % 2 and self.begun.count(task.number) < 3:
            return [Event(hand, "progress", 1), Event(hand, "lost", "killed")]
        return [Event(hand, "progress", 1), Event(hand, "done", task.number**2)]

    def share(self, thing: Any) -> Any:
        raise NotImplementedError

    def share_rows(self, rows: Any, start: int, stop: int) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        pass


@given(
    count=st.integers(0, 12),
    size=st.integers(1, 4),
    script=st.lists(st.integers(0, 9), max_size=40),
)
def test_every_result_comes_once_whoever_dies(count: int, size: int, script: list[int]) -> None:
    told: list[int] = []
    with Pool(Scripted(size, [*script])) as pool:
        found = dict(pool.run(map(Square, range(count)), told.append))
        assert found == {number: number**2 for number in range(count)}
        assert max(told, default=0) == count
        # The pool can be used again, and keeps the order if it is wanted.
        again = list(pool.in_order(map(Square, range(count))))
        assert again == [number**2 for number in range(count)]


def test_results_in_order_do_not_pile_up() -> None:
    crew = Scripted(2, [])
    crew.script = [2] * 100  # the first task stays the last
    with Pool(crew) as pool:
        results = pool.in_order(map(Square, range(100)))
        next(results)
    assert len(crew.begun) <= 4 * 2 + 1


def test_a_crew_that_does_not_come_is_spoken_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_SECONDS_OF_SILENCE", -1.0)
    crew = Scripted(1, [])
    wait, silent = crew.wait, iter(range(3))
    monkeypatch.setattr(
        crew, "wait", lambda seconds: wait(seconds) if next(silent, None) is None else []
    )
    said: list[str] = []
    with Pool(crew, said.append) as pool:
        assert dict(pool.run([Square(3)])) == {0: 9}
    assert said == ["Waiting for a worker: the cluster has no core free yet."]


def test_a_task_that_kills_its_workers_is_given_up() -> None:
    with (
        pytest.raises(BabeliteError, match=r"3 workers died one after the other .*SIGKILL"),
        Pool(Processes(1, Model())) as pool,
    ):
        list(pool.run([Dying()]))


def test_a_task_whose_worker_dies_is_done_by_another(tmp_path: Any) -> None:
    with Pool(Processes(2, Model())) as pool:
        tasks = [Square(2), Dying(str(tmp_path / "died")), Square(3), Square(4)]
        found = dict(pool.run(tasks))
        assert [found[number] for number in (0, 2, 3)] == [4, 9, 16]
        assert found[1] in pool.crew.pids.values()
        assert pool.lost == 1
        assert len(pool.crew.pids) == 3
        assert pool.peak_memory > 10_000_000
        # A worker that dies while it has nothing to do is replaced as well.
        for _, pid in pool.run([ProcessNumber()] * 2):
            os.kill(pid, signal.SIGKILL)
        assert list(pool.in_order(map(Square, range(5)))) == [0, 1, 4, 9, 16]
        with pytest.raises(BabeliteError, match=r"^a.txt, line 3: is wrong; mend it\.$") as error:
            list(pool.run([Failing(BabeliteError)]))
        assert error.value.line == 3


def test_errors_come_out_of_workers() -> None:
    with Pool(OneThread(Model())) as pool, pytest.raises(BabeliteError, match="mend it"):
        list(pool.run([Failing(BabeliteError)]))
    with Pool(OneThread(Model())) as pool, pytest.raises(KeyError, match="no such thing"):
        list(pool.run([Failing(KeyError)]))


def test_a_closed_pool_says_so() -> None:
    with Pool(OneThread(Model())) as pool:
        pass
    with pytest.raises(BabeliteError, match="the pool is closed; open another"):
        list(pool.run([Failing(BabeliteError)]))


def test_things_are_shared_by_address(tmp_path: Any) -> None:
    rows = np.memmap(tmp_path / "rows", np.float16, "w+", shape=(10, 3))
    rows[:] = np.arange(30).reshape(10, 3)
    rows.flush()
    crew = OneThread(Model())
    for array in (rows, np.asarray(rows)):
        np.testing.assert_array_equal(crew.share_rows(array, 2, 5).get(), rows[2:5])
    assert "path" in vars(crew.share_rows(rows, 2, 5))
    assert crew.share({"a": 1}).get() == {"a": 1}


def test_a_pool_that_was_left_is_closed_and_says_so() -> None:
    for leave in (Failing(BabeliteError), None):
        with Pool(OneThread(None)) as pool:
            results = pool.run([leave or Square(1), Square(2)])
            if leave is None:
                next(results)
                results.close()
            else:
                with pytest.raises(BabeliteError, match="is wrong"):
                    list(results)
            with pytest.raises(BabeliteError, match="the pool is closed"):
                list(pool.run([Square(2)]))
