"""What an index holds, as it was committed last: by entry, by range of entries, by what they depend on."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

import tantivy

from search_index import schema
from search_index.documents import Document
from search_index.errors import IndexDamaged, IndexFailed
from search_index.schema import SCHEMA

AT_ONCE = 500  # values in one query
FEW = 50  # of them
_PROGRESS = tantivy.Query.term_query(SCHEMA, schema.KIND, schema.PROGRESS, "basic")
_PANIC = "PanicException"  # what tantivy raises where its own code fails; no Exception to Python


class Contents:
    """Reads over one searcher, which never changes; every method raises IndexDamaged."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self.searcher = searcher

    def count(self) -> int:
        """Return how many documents there are."""
        return max(self.searcher.num_docs - 1, 0)  # one says how far the index has come

    def states(self, uuids: Iterable[UUID]) -> dict[UUID, str]:
        """Return entryUUID -> change number of the documents of these entries."""
        return {document.uuid: document.csn for document in self.documents(uuids)}

    def states_between(self, first: UUID, last: UUID) -> dict[UUID, str]:
        """Return the same for all entries in a range of entryUUID, both ends included."""
        found = tantivy.Query.range_query(
            SCHEMA, schema.SLOT, tantivy.FieldType.Unsigned, schema.slot(first), schema.slot(last)
        )
        states = ((one.uuid, one.csn) for one in self._found(found))
        return {uuid: csn for uuid, csn in states if first <= uuid <= last}

    def documents(self, uuids: Iterable[UUID]) -> list[Document]:
        """Return the documents of these entries, where there are any."""
        return self._any(schema.UUID_FIELD, [uuid.hex for uuid in uuids])

    def referring(self, references: Iterable[str]) -> list[Document]:
        """Return the documents that depend on one of the entries named so."""
        return self._any(schema.REFS, list(references))

    def named(self, kind: str, ids: Iterable[str]) -> list[Document]:
        """Return the documents of one kind with these ids."""
        return [one for one in self._any(schema.ID, list(dict.fromkeys(ids))) if one.kind == kind]

    def stored(self, found: tantivy.SearchResult) -> list[Document]:
        """Return the documents that a search found, in its order."""
        return [schema.decode(self.searcher.doc(at)) for _, at in found.hits]

    def all(self) -> list[Document]:
        """Return every document; for tests, and where an index is known to be small."""
        return list(self._found(tantivy.Query.all_query()))

    def progress(self) -> tantivy.Document:
        """Return the document that says how far the index has come."""
        with failures(IndexDamaged):
            query = _PROGRESS
            hits = self.searcher.search(query, 1).hits
            if not hits:
                raise IndexDamaged("The search index does not say how far it has come.")
            return self.searcher.doc(hits[0][1])

    def _any(self, name: str, values: list[str]) -> list[Document]:
        found: dict[UUID, Document] = {}
        for start in range(0, len(values), AT_ONCE):
            query = _any_of(name, values[start : start + AT_ONCE])
            found |= {one.uuid: one for one in self._found(query)}
        return list(found.values())

    def _found(self, query: tantivy.Query) -> Iterator[Document]:
        with failures(IndexDamaged):
            most = max(self.searcher.num_docs, 1)
            # The document that says how far the index has come is none of an entry, and keeps none.
            everything = [(tantivy.Occur.Must, query), (tantivy.Occur.MustNot, _PROGRESS)]
            hits = self.searcher.search(tantivy.Query.boolean_query(everything), most, count=False).hits
            yield from [schema.decode(self.searcher.doc(at)) for _, at in hits]


def _any_of(name: str, values: list[str]) -> tantivy.Query:
    if len(values) > FEW:
        return tantivy.Query.term_set_query(SCHEMA, name, values)
    # Quicker than the automaton that tantivy makes of a set.
    terms = (tantivy.Query.term_query(SCHEMA, name, value, "basic") for value in values)
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])


@contextmanager
def failures(kind: Callable[[str], IndexFailed] = IndexFailed) -> Iterator[None]:
    """Raise what tantivy raises inside as an error of ours; a panic of its own is always damage."""
    try:
        yield
    except IndexFailed:
        raise
    except (ValueError, OSError, KeyError, IndexError) as error:
        raise kind(f"The search index can't be used: {error}.") from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise IndexDamaged("The search index can't be used: tantivy failed at it.") from error
