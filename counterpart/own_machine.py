"""Doctor's checks of what lies on this machine: room on its disks, the directory's certificates."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from counterpart.findings import Patient, Problem, expiring
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import DirectoryError
from ldap_schema.inspection.places import Places
from store.database import Store

SHARE, BYTES = 0.2, 10 << 30  # a disk that has less free than both is told of
FULL = 1 << 30  # bytes; with less than that something is wrong
PEM = "-----BEGIN CERTIFICATE-----"
MEND = "Make room there; slapd and the portal go on without a restart."


def disks(
    patient: Patient, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage
) -> Iterator[Problem]:
    """What is kept on this machine has room to grow. `usage`: bytes in all, taken and free."""
    told: set[int] = set()
    for what, place in _kept_here(patient):
        there = next((each for each in (place, *place.parents) if _seen(each)), None)
        if there is None or there.stat().st_dev in told:
            continue
        told.add(there.stat().st_dev)
        total, _, free = usage(there)
        if free < min(BYTES, total * SHARE):
            room = f"{free / (1 << 30):.1f} GB free, {free / total:.0%} of it"
            sentence = f"The disk with {what} ({place}) has {room}. Once it is full, nothing is written."
            yield Problem(sentence, MEND, sure=free < FULL)


def certificate_files(patient: Patient, mend: str) -> Iterator[Problem]:
    """The certificates of the directory and of its authority are good for another month.

    At the socket we meet neither; of a bundle of authorities each may end when it likes.
    """
    authority = patient.settings.directory.ca_file
    server = _text(_places(patient).certificate)
    if PEM in server:
        yield from expiring("The directory's certificate", server, patient.clock(), mend)
    if _text(authority).count(PEM) == 1:
        whose = f"The certificate of the directory's authority ({authority})"
        yield from expiring(whose, _text(authority), patient.clock(), mend)


def _kept_here(patient: Patient) -> Iterator[tuple[str, Path]]:
    settings = patient.settings
    if database := _places(patient).database:
        yield "the directory's database", database
    if file := Store.open(settings.store).file:
        yield "the store", file.absolute()
    yield "the search index", settings.index.folder.absolute()
    yield "feeds' plans and receipts", settings.sync.folder.absolute()


def _places(patient: Patient) -> Places:
    """Where the directory's server keeps its files, if it runs here: then we ask it at its socket."""
    settings = patient.settings.directory
    if not settings.uri.startswith("ldapi://"):
        return Places(None, None)
    opened = Directory.open(replace(settings, replicas=()), Service.SYNC)
    try:
        return opened.places()
    except DirectoryError:
        return Places(None, None)  # another check says so
    finally:
        opened.close()


def _seen(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # within a folder that is closed to us
        return False


def _text(path: Path | None) -> str:
    """What a file says; nothing where we may not look. Other checks name an authority that isn't there."""
    try:
        return path.read_text(encoding="ascii") if path else ""
    except (OSError, UnicodeDecodeError):
        return ""
