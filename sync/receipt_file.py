"""Receipts as files: what they tell of people is sealed; tables and texts are made when asked for."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sync.errors import PlanRefused
from sync.pieces import open_outcomes, open_questions, seal_outcomes, seal_questions
from sync.plan_file import write_private
from sync.receipt import Receipt
from sync.sealed import Piece, Sealer

_MEMORIES = ("before", "after")  # what the part remembers: its questions name people

log = logging.getLogger(__name__)


class _Step(msgspec.Struct):
    """What of a kept receipt tells whether its run came to its end."""

    status: str


def save_receipt(folder: Path, receipt: Receipt, sealer: Sealer) -> None:
    """Keep a receipt, and before it the keys that open it."""
    told: dict[str, Any] = msgspec.to_builtins(receipt)
    told["outcomes"] = seal_outcomes(sealer, receipt.feed, receipt.part, receipt.outcomes)
    told["names"] = _names(receipt, sealer)
    pairs = zip(receipt.kept, receipt.kept_of or [""] * len(receipt.kept), strict=True)
    told["kept"] = [sealer.seal(uid, {"text": text}) for text, uid in pairs]
    for name in _MEMORIES:
        if told[name]:
            answers = told[name]["answers"]
            told[name]["answers"] = list(seal_questions(sealer, receipt.feed, receipt.part, answers))
    sealer.keep()
    base = folder / "receipts"
    write_private(base / f"{receipt.run}.json", msgspec.json.encode(told))
    for suffix in ("csv", "txt"):  # which earlier versions wrote beside it, in the clear
        (base / f"{receipt.run}.{suffix}").unlink(missing_ok=True)


def keep_step(folder: Path, receipt: Receipt, sealer: Sealer) -> None:
    """Keep a receipt at a later step: what it tells of rows is the same, and stays sealed as it is."""
    path = folder / "receipts" / f"{receipt.run}.json"
    try:
        told = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    except (OSError, msgspec.MsgspecError):
        save_receipt(folder, receipt, sealer)
        return
    told["status"], told["at"] = (
        msgspec.Raw(msgspec.json.encode(each)) for each in (receipt.status, receipt.at)
    )
    write_private(path, msgspec.json.encode(told))


def load_receipt(folder: Path, run: str, sealer: Sealer) -> Receipt:
    """Read a kept receipt; PlanRefused names the run that has none."""
    if not run.isalnum():
        raise PlanRefused(f'"{run}" is not the name of a run.')
    try:
        return _read(folder / "receipts" / f"{run}.json", sealer)
    except (OSError, msgspec.MsgspecError, KeyError, TypeError, AttributeError) as error:
        raise PlanRefused(f"There is no receipt for the run {run} in {folder / 'receipts'}.") from error


def status_of(folder: Path, run: str) -> str:
    """Give the step at which a run's receipt was kept last, leaving its rows closed; PlanRefused names the
    run that has none.
    """
    try:
        return msgspec.json.decode((folder / "receipts" / f"{run}.json").read_bytes(), type=_Step).status
    except (OSError, msgspec.MsgspecError) as error:
        raise PlanRefused(f"There is no receipt for the run {run} in {folder / 'receipts'}.") from error


def kept_receipts(folder: Path, sealer: Sealer) -> Iterator[Receipt]:
    """Read all kept receipts, one after the other; a file that is none is named in the log."""
    for path in sorted((folder / "receipts").glob("*.json")):
        try:
            yield _read(path, sealer)
        except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
            log.warning("%s is no receipt, and was left as it is", path)


def _read(path: Path, sealer: Sealer) -> Receipt:
    told: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    told["outcomes"] = open_outcomes(sealer, told["outcomes"])
    for name in ("names", "kept"):
        told[name] = _texts(told.get(name, ()), sealer)
    for name in _MEMORIES:
        if told.get(name):
            told[name]["answers"] = open_questions(sealer, told[name].get("answers", ()))
    return msgspec.convert(told, Receipt)


def _names(receipt: Receipt, sealer: Sealer) -> list[Piece]:
    """Seal what a client called each row for whoever the row is about; a row without a key for its name."""
    keys = {each.line: each.key for each in receipt.outcomes}
    return [
        sealer.seal(sealer.row(receipt.feed, receipt.part, keys.get(line) or name), {"text": name})
        for line, name in enumerate(receipt.names, start=1)
    ]


def _texts(pieces: list[Piece | str], sealer: Sealer) -> list[str]:
    plain: list[Piece] = [{"text": each} if isinstance(each, str) else each for each in pieces]
    return ["erased" if told is None else str(told["text"]) for told in sealer.open_all(plain)]
