"""What tests of the follower share: one that runs, and whether its index is what the directory says."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from counterpart.clock import system_clock
from dev.servers import Slapd
from ldap_schema.clock import Clock
from ldap_schema.directory import Directory, Service
from search_index import documents
from search_index.documents import PERSON, Document
from search_index.errors import IndexFailed
from search_index.following import Follower
from search_index.keeping import around
from search_index.reader import SearchIndex
from search_index.settings import IndexSettings
from tests.functional.replica_kit import eventually

# Seconds. On a quiet machine it is hundredths of one, which `make bench` measures; what no event told of and
# a comparison found is told apart by `SearchIndex.mended`.
SOON = 5.0


def nothing() -> None:
    """A beat that nobody listens to."""


@contextmanager
def following(
    slapd: Slapd,
    folder: Path,
    *,
    uri: str = "",
    clock: Clock = system_clock,
    beat: Callable[[], None] = nothing,
) -> Iterator[SearchIndex]:
    """Follow the directory in a thread; yield the index as the portal reads it, once it is in step."""
    settings = IndexSettings(folder=folder)
    directory = Directory.open(replace(slapd.settings(), uri=uri or slapd.uri, timeout=2.0), Service.INDEX)
    stop = threading.Event()
    follower = Follower(directory.snapshots, settings, clock, beat)
    thread = threading.Thread(target=follower.run, args=(stop,))
    thread.start()
    try:
        index = SearchIndex(settings, clock)
        assert eventually(lambda: index.usable)
        yield index
    finally:
        stop.set()
        thread.join(20)
        directory.close()
        assert not thread.is_alive()


def held(index: SearchIndex) -> set[str]:
    """Every document of the index, written out so that two of them can be compared and shown."""
    try:
        return {_written_out(document) for document in index.contents().all()}
    except IndexFailed:
        return set()


def wanted(slapd: Slapd) -> set[str]:
    """The documents as they are made now of everything that every leader may see."""
    directory = Directory.open(slapd.settings(), Service.INDEX)
    try:
        snapshots = directory.snapshots
        batches = [documents.make(batch, around(snapshots, batch)) for batch in snapshots.all()]
        return {_written_out(document) for batch in batches for document in batch}
    finally:
        directory.close()


def _written_out(document: Document) -> str:
    said = sorted(document.words.items()), sorted(document.facets.items())
    return repr((document.uuid, document.csn, document.kind, document.id, document.refs, said))


def agrees(slapd: Slapd, index: SearchIndex, seconds: float = 15.0) -> bool:
    """Whether the index holds entry by entry what the directory says, soon."""
    return eventually(lambda: held(index) == wanted(slapd), seconds)


def people(index: SearchIndex) -> dict[str, Document]:
    """The people in the index, by uid."""
    return {document.id: document for document in index.contents().all() if document.kind == PERSON}
