"""Where a provider's metadata comes from, and getting it from there: an address, a federation's file of many,
a metadata query service (MDQ), a file, or what somebody pasted.
"""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

import msgspec

import sandbox
from outbound.fetch import LOOPBACK
from saml import aggregate_child, metadata
from saml.described import ProviderMetadata
from saml.errors import ProviderRefused
from saml.fetch import FetchFailed, Rules, fetch, fetch_into

URL, QUERY, FILE, PASTE = KINDS = ("url", "query", "file", "paste")
ACCEPT, HOLD = NEW_KEYS = ("accept", "hold")
AGGREGATE_SECONDS = 120.0
PICK = sandbox.Limits(memory=1024**3, seconds=60)  # for 50 MB with 5,000 entities; decision 0037 has figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where metadata is read, and what makes us believe that it is the provider's."""

    kind: str = FILE
    location: str = ""  # the address, the query service's base, or the file's name
    entity_id: str = ""  # which one of many; needed for a federation's file and for a query service
    signers: tuple[str, ...] = ()  # PEM; with one given, unsigned metadata is refused
    authority: str = ""  # PEM that the address's certificate must chain to; empty = the system's
    pin: str = ""  # SHA-256 of the address's certificate or public key
    new_keys: str = ""  # accept or hold; empty = accept where the source is signed or pinned, hold elsewhere

    @property
    def refreshed(self) -> bool:
        """Whether the worker reads it again by itself."""
        return self.kind in (URL, QUERY)

    @property
    def of_many(self) -> bool:
        """Whether a third party publishes and signs it for many providers."""
        return self.kind == QUERY or bool(self.signers and self.entity_id)

    @property
    def most(self) -> int:
        """How many bytes its document may have."""
        return aggregate_child.LARGEST if self.of_many else metadata.MAX_METADATA

    @property
    def accepts_new_keys(self) -> bool:
        """Whether a new key in it is believed at once, because more than a web server vouches for it."""
        return self.new_keys == ACCEPT or (
            not self.new_keys and bool(self.signers or self.pin or self.authority)
        )


@dataclass(frozen=True, slots=True)
class Obtained:
    """A document that was read and believed, and what it says."""

    document: bytes
    described: ProviderMetadata


def to_plain(source: Source) -> dict[str, Any]:
    """As a dictionary of strings and lists, for storage."""
    return asdict(source) | {"signers": list(source.signers)}


def from_plain(data: dict[str, Any]) -> Source:
    """The inverse of to_plain; keys of a newer version are left out."""
    known = {key: data[key] for key in Source.__slots__ if key in data}
    return Source(**known | {"signers": tuple(known.get("signers", ()))})


def obtain(source: Source, now: datetime, private_hosts: tuple[str, ...] = ()) -> Obtained:
    """Fetch and believe the metadata of a source with an address. Raises ProviderRefused."""
    if source.of_many:
        with tempfile.TemporaryFile() as file:
            _get(
                source,
                lambda url: fetch_into(file, url, _rules(source, private_hosts)),
            )
            file.seek(0)
            return pick(file, source, now)
    return believe(fetch(source.location, _rules(source, private_hosts)), source, now)


def believe(data: bytes, source: Source, now: datetime) -> Obtained:
    """Read a document that is at hand. Raises ProviderRefused."""
    if source.of_many:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            return pick(file, source, now)
    described = metadata.read(data, now, source.signers)
    return Obtained(data, _named(described, source))


def pick(file: IO[bytes], source: Source, now: datetime) -> Obtained:
    """Verify a federation's file and take one provider from it, in a process of its own. Raises
    ProviderRefused.
    """
    if not source.signers or not source.entity_id:
        raise ProviderRefused(
            "Metadata published for many needs entity_id (which of them) and metadata_certificate (its "
            "publisher's), because anybody in between could put their own keys into it."
        )
    wish = aggregate_child.Wish(source.entity_id, list(source.signers), now)
    try:
        written = sandbox.run("saml.aggregate_child", file, PICK, msgspec.json.encode(wish).decode())
        picked = msgspec.json.decode(written, type=aggregate_child.Picked)
    except (sandbox.SandboxFailed, msgspec.MsgspecError) as error:
        raise ProviderRefused(
            "The metadata takes more memory or time to read than a federation's can need (64 MiB, 1 GiB, 60 "
            "seconds), or is damaged. A metadata query service gives one provider at a time: metadata_query."
        ) from error
    if picked.trouble:
        raise ProviderRefused(picked.trouble)
    document = picked.document.encode("utf-8")
    return Obtained(document, _named(metadata.read(document, now), source))


def _named(described: ProviderMetadata, source: Source) -> ProviderMetadata:
    if source.entity_id and described.entity_id != source.entity_id:
        raise ProviderRefused(
            f"The metadata is of {described.entity_id}, but the registration names {source.entity_id}."
        )
    return described


def _get(source: Source, ask: Callable[[str], None]) -> None:
    """Ask the address; a query service knows an entity by its ID or by the ID's SHA-1 (draft-young-md-query);
    services made of files know only one of the two.
    """
    if source.kind != QUERY:
        ask(source.location)
        return
    base = source.location.rstrip("/") + "/entities/"
    try:
        ask(base + quote(source.entity_id, safe=""))
    except FetchFailed as error:
        if error.status not in (400, 404):
            raise
        digest = hashlib.sha1(source.entity_id.encode("utf-8"), usedforsecurity=False).hexdigest()
        ask(f"{base}%7Bsha1%7D{digest}")


def _rules(source: Source, private_hosts: tuple[str, ...]) -> Rules:
    # The address stands in our own registration: if that says "this machine", it means it.
    return Rules(
        most=source.most, seconds=AGGREGATE_SECONDS if source.of_many else 20.0, authority=source.authority,
        pin=source.pin, private_hosts=private_hosts,
        this_machine=(urlsplit(source.location).hostname or "") in LOOPBACK,
    )  # fmt: skip


def read_file(path: Path, most: int = metadata.MAX_METADATA) -> bytes:
    """A file that a registration names, bounded. Raises ProviderRefused."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "can not be read"
        raise ProviderRefused(f"{path}: {reason}.") from error
    if len(data) > most:
        raise ProviderRefused(f"{path} is larger than {most // 1024:,} KiB.")
    return data
