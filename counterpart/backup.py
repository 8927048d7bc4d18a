"""Directory and store in one file, and back: checked whole before anything is changed, all or nothing.

The file is a tar archive in the shell of `sealing.py`: the directory as slapcat's LDIF, the store as SQLite's
own copy of itself, and a manifest with versions and digests. Keys and passwords are not in it.
"""

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from counterpart import __version__, sealing
from counterpart.exit_codes import REFUSED
from counterpart.refused import Refused
from ldap_schema.configure import SCHEMA_VERSION
from ldap_schema.server_files import ServerFiles
from store import copying

FORMAT = 1
MANIFEST, DIRECTORY, STORE = "manifest.json", "directory.ldif.gz", "store.sqlite"
NOTHING = "Nothing was changed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself."""

    format: int
    made_by: str
    made_at: str
    suffix: str
    schema_version: int
    entries: int
    store_version: str  # empty: the store is a database server's, which has backups of its own
    parts: dict[str, str]  # name -> SHA-256


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a backup comes from or goes to."""

    directory: ServerFiles
    suffix: str
    store: Path | None  # None: the store is a database server's
    secret: bytes  # empty: backups are not encrypted


def make(place: Place, file: Path, now: datetime) -> Manifest:
    """Write a new file with everything in it; it appears under its name when it is whole.

    Raises Refused where the file exists already, ServerFilesFailed, StoreError, OSError: nothing is left.
    """
    if file.exists():
        raise Refused(f"{file} exists already. {NOTHING}")
    with _workshop(file.parent) as shop:
        with gzip.open(shop / DIRECTORY, "wb", compresslevel=6) as packed:
            entries = place.directory.dump(packed)  # type: ignore[arg-type]
        version = copying.copy(place.store, shop / STORE) if place.store else ""
        manifest = Manifest(
            format=FORMAT,
            made_by=__version__,
            made_at=now.isoformat(timespec="seconds"),
            suffix=place.suffix,
            schema_version=_schema_version(shop / DIRECTORY),
            entries=entries,
            store_version=version,
            parts={name: _digest(shop / name) for name in (DIRECTORY, STORE) if (shop / name).exists()},
        )
        (shop / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2))
        whole = shop / "whole"
        _pack(shop, [MANIFEST, *manifest.parts], whole, place.secret)
        whole.rename(file)
    return manifest


@contextmanager
def opened(file: Path, secret: bytes, near: Path) -> Iterator[tuple[Manifest, Path]]:
    """Yield a backup's manifest and a folder with its parts, all of it checked; raises Refused."""
    with _workshop(near) as shop:
        try:
            with file.open("rb") as sealed, (shop / "whole").open("wb") as tar:
                sealing.unseal(sealed, secret, tar.write)
            manifest = _unpack(shop / "whole", shop)
        except sealing.NotOpened as error:
            raise Refused(f"{file}: {error} {NOTHING}", REFUSED) from None
        except (tarfile.TarError, KeyError, ValueError, TypeError, EOFError):
            raise Refused(f"{file}: this backup is damaged or not whole. {NOTHING}", REFUSED) from None
        (shop / "whole").unlink()
        yield manifest, shop


def restore(place: Place, manifest: Manifest, parts: Path, *, replace: bool, aside: str) -> list[Path]:
    """Bring both back, or neither, and return where what was there before is kept.

    Raises Refused before anything is changed where versions or places don't fit; ServerFilesFailed,
    StoreError and OSError afterwards mean that everything is as it was.
    """
    _must_fit(place, manifest)
    _must_be_free(place, manifest, replace=replace)
    kept: list[Path] = []
    with ExitStack() as stack:
        with gzip.open(parts / DIRECTORY) as ldif:
            kept.append(stack.enter_context(place.directory.replaced(ldif, aside)))  # type: ignore[arg-type]
        if place.store and manifest.store_version:
            stack.enter_context(copying.replaced(place.store, parts / STORE, f".{aside}"))
            kept.append(place.store.with_name(f"{place.store.name}.{aside}"))
    return [path for path in kept if path.exists()]


def _must_fit(place: Place, manifest: Manifest) -> None:
    if manifest.schema_version != SCHEMA_VERSION:
        raise Refused(
            f"This backup holds a directory of schema version {manifest.schema_version}, and this program "
            f"is of version {SCHEMA_VERSION}: restore it with Counterpart {manifest.made_by}, and "
            f"bring it up to date then. {NOTHING}",
            REFUSED,
        )
    if manifest.store_version and not copying.fits(manifest.store_version):
        raise Refused(
            f"This backup's store has tables of version {manifest.store_version}, which this program "
            f"does not know: restore it with Counterpart {manifest.made_by}, which made it. {NOTHING}",
            REFUSED,
        )
    if manifest.suffix.casefold() != place.suffix.casefold():
        raise Refused(
            f"This backup is of {manifest.suffix}, and COUNTERPART_DIRECTORY_SUFFIX says {place.suffix}. "
            f"{NOTHING}",
            REFUSED,
        )
    if manifest.store_version and not place.store:
        raise Refused(
            f"This backup holds an SQLite store, and COUNTERPART_STORE_URL names a database server. "
            f"{NOTHING}",
            REFUSED,
        )


def _must_be_free(place: Place, manifest: Manifest, *, replace: bool) -> None:
    if place.directory.running():
        raise Refused(f"The directory server is running: stop slapd first. {NOTHING}")
    full = [] if place.directory.empty() else ["the directory"]
    if place.store and manifest.store_version:
        copying.release(place.store)
        full += [] if copying.empty(place.store) else ["the store"]
    if full and not replace:
        raise Refused(
            f"There is something in {' and '.join(full)} already. To put it aside and restore the backup "
            f"in its place, give --replace. {NOTHING}"
        )


@contextmanager
def _workshop(near: Path) -> Iterator[Path]:
    """Yield a folder of our own on the same disk, gone afterwards whatever happens."""
    made = Path(tempfile.mkdtemp(prefix=".counterpart-backup-", dir=near))  # only its owner may enter
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _pack(shop: Path, names: list[str], whole: Path, secret: bytes) -> None:
    with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        sealer = sealing.Sealer(file, secret)
        with tarfile.open(fileobj=sealer, mode="w|") as tar:
            for name in names:
                tar.add(shop / name, name)
        sealer.finish()
        file.flush()
        os.fsync(file.fileno())


def _unpack(whole: Path, shop: Path) -> Manifest:
    """Take the parts out and compare their digests; raises ValueError, TypeError, KeyError or TarError."""
    with tarfile.open(whole, "r:") as tar:
        _take(tar, MANIFEST, shop)
        told: dict[str, Any] = json.loads((shop / MANIFEST).read_text())
        if told["format"] != FORMAT:
            raise sealing.NotOpened(f"This backup has the format {told['format']}, which is not known here.")
        manifest = Manifest(**told)
        if set(manifest.parts) != {DIRECTORY, *([STORE] if manifest.store_version else [])}:
            raise ValueError
        for name, digest in manifest.parts.items():
            _take(tar, name, shop)
            if _digest(shop / name) != digest:
                raise ValueError
    return manifest


def _take(tar: tarfile.TarFile, name: str, shop: Path) -> None:
    member = tar.extractfile(name)
    if member is None:
        raise ValueError
    with member, (shop / name).open("wb") as file:
        shutil.copyfileobj(member, file)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _schema_version(packed: Path) -> int:
    """Return what the top of the tree says; 0 for nothing."""
    with gzip.open(packed) as ldif:
        lines: IO[bytes] = ldif  # type: ignore[assignment]
        for line in lines:
            if line.startswith(b"nlcSchemaVersion: "):
                return int(line.split()[1])
            if not line.strip():
                return 0
    return 0
