"""One index on disk as its only writer has it: documents by entry, and how far it has come, in one commit."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Self
from uuid import UUID

import tantivy

from search_index import schema
from search_index.checks import check_files
from search_index.contents import Contents, failures
from search_index.documents import Document
from search_index.errors import IndexDamaged, IndexFailed
from search_index.schema import SCHEMA

MEMORY = 30_000_000  # bytes for documents on their way to disk


class Projection:
    """Reads see what was committed last. Every method raises IndexFailed or IndexDamaged."""

    def __init__(self, folder: Path, index: tantivy.Index) -> None:
        self.folder = folder
        self.cookie = b""
        self.compared: datetime | None = None  # when all of it was last compared with the directory
        self.changed = False  # since the last commit, cookie and time aside
        self._kept: tuple[bytes, datetime | None] = (b"", None)
        self._index = schema.prepared(index)
        with failures():
            self._writer: tantivy.IndexWriter | None = index.writer(MEMORY, 1)
            self.contents = Contents(index.searcher())

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make an empty one in a new folder."""
        with failures():
            return cls(folder, tantivy.Index(SCHEMA, str(folder)))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open one after looking at every byte of it; raises IndexDamaged."""
        check_files(folder)
        with failures(IndexDamaged):
            opened = cls(folder, tantivy.Index.open(str(folder)))
        try:
            opened._read_progress()
        except IndexDamaged:
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """Let go of the files; what was not committed is dropped."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with failures():
                writer.rollback()
                writer.wait_merging_threads()

    def put(self, documents: Iterable[Document], gone: Iterable[UUID]) -> None:
        """Replace the documents of these entries, and drop those of entries that are gone."""
        with failures():
            for uuid in gone:
                self._delete(schema.UUID_FIELD, uuid.hex)
            for document in documents:
                self._delete(schema.UUID_FIELD, document.uuid.hex)
                self._add(schema.encode(document))
        self.changed = True

    def fill(self, documents: Iterable[Document]) -> None:
        """Add documents to an index that is new and holds none of these entries."""
        with failures():
            for document in documents:
                self._add(schema.encode(document))
        self.changed = True

    def commit(self) -> None:
        """Write documents, cookie and time of comparison to disk, all or nothing."""
        progress = (self.cookie, self.compared)
        if not self.changed and progress == self._kept:
            return
        with failures():
            self._delete(schema.KIND, schema.PROGRESS)
            self._add(self._progress())
            self._use().commit()
            self._index.reload()
            self.contents = Contents(self._index.searcher())
        self.changed, self._kept = False, progress

    def _read_progress(self) -> None:
        stored = self.contents.progress()
        compared = schema.first(stored, schema.COMPARED)
        with failures(IndexDamaged):
            self.cookie = bytes.fromhex(schema.first(stored, schema.COOKIE))
            self.compared = datetime.fromisoformat(compared) if compared else None
        self._kept = (self.cookie, self.compared)

    def _progress(self) -> tantivy.Document:
        made = tantivy.Document()
        made.add_text(schema.KIND, schema.PROGRESS)
        made.add_text(schema.COOKIE, self.cookie.hex())
        if self.compared is not None:
            made.add_text(schema.COMPARED, self.compared.isoformat())
        return made

    def _delete(self, name: str, value: str) -> None:
        self._use().delete_documents_by_term(name, value)

    def _add(self, document: tantivy.Document) -> None:
        self._use().add_document(document)

    def _use(self) -> tantivy.IndexWriter:
        if self._writer is None:
            raise IndexFailed("The index is closed.")
        return self._writer
