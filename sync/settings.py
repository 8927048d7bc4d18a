"""Settings of the HR feeds."""

from dataclasses import dataclass, field
from pathlib import Path

LEAST_PLAN_DAYS = 30


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """Where feeds arrive, where plans and receipts are kept, and the policy that every feed shares."""

    folder: Path = field(
        default=Path("var/sync"),
        metadata={
            "meaning": "Folder for plans, receipts, locks and what is remembered of rows. It holds personal "
            "data: private to the service."
        },
    )
    inbox: Path = field(
        default=Path("var/feeds"),
        metadata={"meaning": "Folder where senders' files arrive when a command names no file."},
    )
    mappings: Path = field(
        default=Path("var/mappings"),
        metadata={
            "meaning": "Folder of the mappings (one TOML file for each feed) that the portal, the worker and "
            "`sync run --due` read. To take one out of it is to stop that feed."
        },
    )
    push_quiet_seconds: float = field(
        default=60.0,
        metadata={"meaning": "Seconds without a write after which what a SCIM client pushed is planned."},
    )
    push_longest_seconds: float = field(
        default=900.0,
        metadata={"meaning": "Seconds after which it is planned although the client goes on writing."},
    )
    joiner_show: tuple[str, ...] = field(
        default=("mail:leaders", "telephoneNumber:leaders"),
        metadata={
            "meaning": "What other leaders may see of somebody who has just joined, until `nlcShow` of their "
            "entry is changed: `cn=sync` may; no page offers it yet."
        },
    )
    max_file_bytes: int = field(
        default=200_000_000,
        metadata={
            "meaning": "A larger file is refused unread; so is a workbook that unpacks to more than "
            "four times this."
        },
    )
    max_rows: int = field(default=1_000_000, metadata={"meaning": "A file with more rows is refused."})
    approval_hours: int = field(
        default=24, metadata={"meaning": "Hours for which an approval of a held run is good."}
    )
    transaction_operations: int = field(
        default=9_000,
        metadata={
            "meaning": "A run with more operations is written in several transactions; the directory takes "
            "10000 in one."
        },
    )
    chunk_operations: int = field(
        default=1_000,
        metadata={"meaning": "Operations in each transaction of such a run: how long other writers wait."},
    )
    notice_days: int = field(
        default=0,
        metadata={
            "meaning": "Days between the mail that tells a joiner what is held of them and the day on which "
            "they are listed. 0: told in the same act."
        },
    )
    retention_months: int = field(
        default=12,
        metadata={"meaning": "Months after which `person erase --expired` erases somebody who left."},
    )
    lock_seconds: float = field(
        default=30.0,
        metadata={"meaning": "Seconds a run waits for another run of the same feed before it leaves."},
    )
    due_seconds: float = field(
        default=300.0, metadata={"meaning": "Seconds between two looks of the worker for new files."}
    )
    private_hosts: tuple[str, ...] = field(
        default=(),
        metadata={
            "meaning": "Senders' hosts that may lie inside our own network; every other one must be on the "
            "internet."
        },
    )
    raw_days: int = field(
        default=30, metadata={"meaning": "Days after which a sender's file is deleted once it was taken."}
    )
    plan_days: int = field(
        default=90,
        metadata={"meaning": "Days for which plans and receipts are kept; at least 30, for undoing a run."},
    )

    def __post_init__(self) -> None:
        if self.plan_days < LEAST_PLAN_DAYS:
            raise ValueError(f"PLAN_DAYS must be at least {LEAST_PLAN_DAYS}: so long a run can be undone")
        if self.due_seconds < 1:
            raise ValueError("DUE_SECONDS must be at least 1")
