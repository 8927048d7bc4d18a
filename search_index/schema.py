"""The index's fields as tantivy keeps them, and documents into and out of them."""

from typing import Any
from uuid import UUID

import tantivy

from search_index.documents import FACETS, WORDS, Document

VERSION = "1"  # raise it with every change of what documents hold: an index of another version is made anew
UUID_FIELD, SLOT, CSN, KIND, ID, REFS = "uuid", "slot", "csn", "kind", "id", "refs"
COOKIE, COMPARED = "cookie", "compared"  # of the one document that says how far the index has come
PROGRESS = "progress"  # the kind of that document
_ANALYSER = "folded"
_RAW = (UUID_FIELD, CSN, KIND, ID, REFS, COOKIE, COMPARED, *FACETS)
_SLOT_BITS = 64


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in _RAW:
        builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(SLOT, indexed=True, fast=True)
    for name in WORDS:
        builder.add_text_field(name, stored=True, tokenizer_name=_ANALYSER, index_option="position")
    return builder.build()


SCHEMA = _schema()


def prepared(index: tantivy.Index) -> tantivy.Index:
    """Return the index with what it needs to be written and searched; it reads anew only when told to."""
    words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(_ANALYSER, words)
    index.config_reader("manual")
    return index


def slot(uuid: UUID) -> int:
    """Return the number by which entries are found in ranges of entryUUID: its first 64 bits."""
    return uuid.int >> _SLOT_BITS


def encode(document: Document) -> tantivy.Document:
    """Return the document as tantivy takes it."""
    made = tantivy.Document()
    made.add_unsigned(SLOT, slot(document.uuid))
    singles = {
        UUID_FIELD: document.uuid.hex, CSN: document.csn, KIND: document.kind, ID: document.id,
        **document.words, **document.facets,
    }  # fmt: skip
    for name, text in singles.items():
        made.add_text(name, text)
    for ref in document.refs:
        made.add_text(REFS, ref)
    return made


def decode(stored: tantivy.Document) -> Document:
    """Return the document that was stored."""
    # Once as a whole: asking for one field after the other takes several times as long.
    values: dict[str, list[str]] = stored.to_dict()
    return Document(
        uuid=UUID(hex=values[UUID_FIELD][0]),
        csn=values[CSN][0],
        kind=values[KIND][0],
        id=values[ID][0],
        refs=tuple(values.get(REFS, ())),
        words={name: values[name][0] for name in WORDS if name in values},
        facets={name: values[name][0] for name in FACETS if name in values},
    )


def first(stored: tantivy.Document, name: str) -> str:
    """Return a field's only value, or nothing."""
    value: Any = stored.get_first(name)
    return str(value or "")
