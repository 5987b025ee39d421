"""Child processes of a comparison."""

from __future__ import annotations

import json
from pathlib import Path

from babelite.comparison.jobs.job_process import launch


def test_a_crashed_process_leaves_an_error_record(tmp_path: Path) -> None:
    job = tmp_path / "evaluate.json"
    job.write_text("{")  # invalid
    assert launch(job, lambda: None) != 0
    record = json.loads((tmp_path / "evaluate.error.json").read_text())
    assert record["state"] == "failed" and "JSON" in record["error"]
