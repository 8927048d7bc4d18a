"""The whole folder of real extracts through one mapping; skipped where the folder is absent."""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.servers import Slapd
from ldap_schema.directory import Directory, Service
from store.database import Store
from sync import runs
from sync.context import SyncContext
from sync.mapping_reader import load_feed
from sync.receipt_file import load_receipt
from sync.settings import SyncSettings
from sync.source import find_sources
from tests.conftest import SettableClock
from tests.sync_world import TODAY

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("COUNTERPART_ORGANOGRAMS") or ROOT.parent / "shared" / "data" / "organograms")
MAPPING = ROOT / "sync" / "feeds" / "organograms.toml"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason="the folder of published organograms is not here; COUNTERPART_ORGANOGRAMS can name it",
)


@pytest.fixture
def context(fresh_slapd: Slapd, store: Store, clock: SettableClock, tmp_path: Path) -> Iterator[SyncContext]:
    directory = Directory.open(fresh_slapd.settings(), Service.SYNC)
    settings = SyncSettings(folder=tmp_path / "sync")
    yield SyncContext(settings=settings, directory=directory, store=store, clock=clock, actor="tester")
    directory.close()


def rows_of(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def test_every_row_of_every_file_is_accounted_for_and_a_second_time_writes_nothing(
    context: SyncContext,
) -> None:
    result = runs.run_feed(context, MAPPING, folder=FOLDER)
    done = result.data["runs"]
    assert isinstance(done, list)
    statuses = Counter(each["status"] for each in done)
    files = list(FOLDER.glob("*-senior.csv"))
    assert statuses["applied"] + statuses["refused"] == len(files)
    for each in done:
        if each["status"] == "applied":
            receipt = load_receipt(context.settings.folder, each["run"], context.sealer())
            assert len(receipt.outcomes) == receipt.rows == rows_of(FOLDER / receipt.file)
    refused = {each["file"]: each["reason"] for each in done if each["status"] == "refused"}
    assert len(refused) == 3, "two files have a header and no rows, one is cut short"
    assert all("no rows" in reason or "cut short" in reason for reason in refused.values())
    _outcomes_are_plausible(done)

    before = context.directory.context_csn()
    again = runs.run_feed(context, MAPPING, _newest(refused))
    assert again.exit_code == 0
    assert context.directory.context_csn() == before


def _outcomes_are_plausible(done: list[dict[str, dict[str, int]]]) -> None:
    counts: Counter[str] = Counter()
    for each in done:
        counts.update(each.get("counts", {}))
    for reason in (
        "joined",
        "vacant",
        "not disclosed",
        "eliminated",
        "blank name",
        "not eligible",
        "duplicate",
    ):
        assert counts[reason], reason
    assert not counts["rejected"]


def _newest(refused: dict[str, str]) -> list[Path]:
    """The newest file of each body: the ones a sender could send again."""
    feed = load_feed(MAPPING)
    newest: dict[str, Path] = {}
    for source in find_sources(feed, FOLDER, TODAY):
        if source.path.name not in refused:
            newest[source.part] = source.path
    return list(newest.values())
