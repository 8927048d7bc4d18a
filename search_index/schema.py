"""The index's fields as tantivy keeps them, and documents into and out of them."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any
from uuid import UUID

import msgspec
import tantivy

from search_index.documents import (
    ACRONYM,
    ASSISTED,
    COUNTED,
    EMPLOYER,
    FAMILY,
    FORMERLY,
    GIVEN,
    HONOURS,
    NAME,
    PLACE,
    REMEMBERED,
    TITLE,
    TITLE_AS_IT_IS,
    Document,
)
from search_index.errors import IndexDamaged
from search_index.names import sounds
from search_index.vocabulary import vocabulary
from search_index.words import LONGEST, spaced

VERSION = "2"  # raise it with every change of what documents hold: an index of another version is made anew
UUID_FIELD, SLOT, KIND, ID, REFS = "uuid", "slot", "kind", "id", "refs"
COOKIE, COMPARED = "cookie", "compared"  # of the one document that says how far the index has come
PROGRESS = "progress"  # the kind of that document
KEPT = "kept"  # the whole document, as it comes back
# What is searched: folded words by where they stand, how names sound, neighbouring words as one, roles.
NAMES, WORK, BESIDE, SOUND, JOINED, ROLES = "names", "work", "beside", "sound", "joined", "roles"
ALPHABET = "alphabet"  # a number by which documents come in the order of their names
SEARCHED = (FAMILY, GIVEN, TITLE, ACRONYM, NAMES, WORK, BESIDE, SOUND, JOINED)
_MADE_OF = {
    NAMES: (FAMILY, GIVEN, NAME),
    WORK: (TITLE, EMPLOYER, FORMERLY, ACRONYM, PLACE),
    BESIDE: (HONOURS, ASSISTED),
}
_NEIGHBOURS = (NAME, TITLE, EMPLOYER, FORMERLY, PLACE, ASSISTED, HONOURS)  # whose words also count as one
_ANALYSER = "folded"
_RAW = (UUID_FIELD, KIND, ID, REFS, ROLES)
_SLOT_BITS = 64
_LETTERS = 12  # of a name, as a number to the base of 37
_RANKS = {letter: rank for rank, letter in enumerate("0123456789abcdefghijklmnopqrstuvwxyz", start=1)}
_sounds = lru_cache(maxsize=50_000)(sounds)
_DECODER = msgspec.msgpack.Decoder(Document)
_encode = msgspec.msgpack.Encoder().encode


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in _RAW:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in COUNTED:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in (COOKIE, COMPARED):
        builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(SLOT, indexed=True, fast=True)
    builder.add_unsigned_field(ALPHABET, fast=True)
    builder.add_bytes_field(KEPT, stored=True)
    for name in SEARCHED:
        builder.add_text_field(name, tokenizer_name=_ANALYSER, index_option="basic")
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
    made.add_bytes(KEPT, _encode(document))
    made.add_unsigned(SLOT, slot(document.uuid))
    made.add_unsigned(ALPHABET, _alphabet(document))
    for name, text in ((UUID_FIELD, document.uuid.hex), (KIND, document.kind), (ID, document.id)):
        made.add_text(name, text)
    for ref in document.refs:
        made.add_text(REFS, ref)
    for name in COUNTED:
        if value := document.facets.get(name):
            made.add_text(name, value)
    for name, text in _searched(document).items():
        made.add_text(name, text)
    for role in roles(document):
        made.add_text(ROLES, role)
    return made


def decode(stored: tantivy.Document) -> Document:
    """Return the document that was stored; raises IndexDamaged."""
    try:
        return _DECODER.decode(stored.get_first(KEPT) or b"")
    except (msgspec.MsgspecError, TypeError) as error:
        raise IndexDamaged("A document of the search index can't be read.") from error


def first(stored: tantivy.Document, name: str) -> str:
    """Return a field's only value, or nothing."""
    value: Any = stored.get_first(name)
    return str(value or "")


def roles(document: Document) -> Sequence[str]:
    """Return the roles that the document's post is a case of, the one by which it is counted first."""
    title = document.facets.get(TITLE_AS_IT_IS)
    return _roles(title) if title else ()


@lru_cache(maxsize=REMEMBERED)
def _roles(title: str) -> tuple[str, ...]:
    return tuple(vocabulary().roles_of(spaced(title).split())) or (title,)


def _searched(document: Document) -> dict[str, str]:
    """Return the fields that are searched, made of the words where they stand."""
    words = document.words
    made = {name: words[name] for name in (FAMILY, GIVEN, TITLE, ACRONYM) if name in words}
    for name, parts in _MADE_OF.items():
        if text := " ".join(words[part] for part in parts if part in words):
            made[name] = text
    if NAMES in made:
        codes = dict.fromkeys(chain.from_iterable(map(_sounds, dict.fromkeys(made[NAMES].split()))))
        made[SOUND] = " ".join(codes)
    made[JOINED] = " ".join(_joined(words))
    return {name: text for name, text in made.items() if text}


def _joined(words: Any) -> dict[str, None]:
    """Return neighbouring words as one, as somebody types them who leaves a space out; also backwards."""
    found: dict[str, None] = {}
    for name in _NEIGHBOURS:
        if text := words.get(name):
            found.update(_pairs(text))
    family = words.get(FAMILY, "").split()[-1:]
    for given in words.get(GIVEN, "").split():
        for last in family:
            found |= dict.fromkeys((given + last, last + given, given[0] + last, last + given[0]))
    return found


@lru_cache(maxsize=REMEMBERED)
def _pairs(text: str) -> dict[str, None]:
    return dict.fromkeys((one + other)[:LONGEST] for one, other in pairwise(text.split()))


def _alphabet(document: Document) -> int:
    """Return a number that grows with the name: family name and given name, or what the entry is called."""
    words = document.words
    name = f"{words[FAMILY].split()[0]} {words.get(GIVEN, '')}" if words.get(FAMILY) else ""
    text = (name or words.get(EMPLOYER, "") or words.get(TITLE, ""))[:_LETTERS].ljust(_LETTERS)
    number = 0
    for letter in text:
        number = number * 37 + _RANKS.get(letter, 0)
    return number
