import pytest
from cluster_planning import Machines, Rates, as_table, plan

RATES = Rates(lines=2_000, comparisons=1e8, text_bytes=60, shard_bytes=600, dim=256)


def test_encoding_time_is_lines_by_rate_and_workers() -> None:
    steps = {step.name: step for step in plan(10**9, RATES, Machines(100, 16, 1e9))}
    encode = steps["encode"]
    assert encode.computing == pytest.approx(10**9 / 2_000 / 1_600)
    assert encode.moved == pytest.approx(660e9)
    assert encode.moving == pytest.approx(660e9 / 1e11)
    assert encode.kept == 600e9


def test_a_slow_network_dominates() -> None:
    fast, slow = (plan(10**9, RATES, Machines(100, 16, network)) for network in (1e12, 1e6))
    for quick, patient in zip(fast, slow, strict=True):
        assert quick.computing == patient.computing
        assert quick.seconds == pytest.approx(quick.computing)
        assert patient.seconds == pytest.approx(patient.moving)


def test_twice_the_machines_halve_the_time_of_parallel_steps() -> None:
    few, many = ({s.name: s.computing for s in plan(10**9, RATES, Machines(n))} for n in (100, 200))
    for name in ("encode", "search both ways"):
        assert many[name] == pytest.approx(few[name] / 2)
    # A part's clusters are made by one worker, however many there are.
    assert many["make clusters"] == few["make clusters"]


def test_the_table_sums_the_steps() -> None:
    lines = as_table(plan(10**6, RATES, Machines(1, 2))).splitlines()
    assert len(lines) == 2 + 5 + 1
    assert all(line.count("|") == 8 for line in lines)
