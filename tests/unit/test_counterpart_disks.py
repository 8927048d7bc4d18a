"""Doctor says how much room is left where this machine keeps things, before there is none."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from counterpart.findings import Patient
from counterpart.own_machine import disks
from counterpart.settings import load

GB = 1 << 30


@pytest.mark.parametrize(
    ("total", "free", "sure"),
    [
        (100 * GB, 21 * GB, None),
        (100 * GB, 12 * GB, None),  # a small share, and yet much
        (20 * GB, 5 * GB, None),
        (100 * GB, 9 * GB, False),
        (20 * GB, 3 * GB, False),
        (20 * GB, GB - 1, True),
        (2 * GB, GB - 1, None),
    ],
)
def test_a_disk_that_fills_is_told_of(tmp_path: Path, total: int, free: int, sure: bool | None) -> None:
    settings = load({"COUNTERPART_DIRECTORY_URI": "ldaps://directory.example"}, None)
    here = replace(settings, index=replace(settings.index, folder=tmp_path / "not" / "made" / "yet"))
    patient = Patient(here, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    found = list(disks(patient, lambda _: (total, total - free, free)))
    assert [problem.sure for problem in found] == ([] if sure is None else [sure] * len(found))
    assert len(found) <= 2
    if sure is not None:
        assert f"{free / GB:.1f} GB free" in found[0].what
