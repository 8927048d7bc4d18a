"""LDAP filters (RFC 4515) as pure functions; the one place that escapes a value.

Everything but ASCII letters and digits is escaped, not only what the RFC demands: ldap3 looks for operators
like `:=` and strips spaces in what it is given, and an escaped byte can be mistaken for neither.
"""

import re

from ldap_schema.errors import BadValue

LONGEST_VALUE = 2048  # bytes; nobody searches for more, and an index has no use for it
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_WRITTEN = [chr(byte) if byte in _PLAIN else f"\\{byte:02x}" for byte in range(256)]


def escape(value: str) -> str:
    """Return the value as it may stand in a filter; raise BadValue for what no attribute here can hold."""
    try:
        encoded = value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadValue("A value to look for is not valid Unicode text.") from error
    if not encoded or len(encoded) > LONGEST_VALUE or b"\0" in encoded:
        raise BadValue("A value to look for is empty, too long or has a NUL in it.")
    return "".join(map(_WRITTEN.__getitem__, encoded))


def equals(attribute: str, value: str) -> str:
    """Return a filter for entries in which the attribute has the value, by its own matching rule."""
    return f"({_name(attribute)}={escape(value)})"


def between(attribute: str, first: str, last: str) -> str:
    """Return a filter for entries with a value from the first to the last, both included."""
    return all_of(at_least(attribute, first), at_most(attribute, last))


def at_least(attribute: str, value: str) -> str:
    """Return a filter for entries with a value that is this or comes after it."""
    return f"({_name(attribute)}>={escape(value)})"


def at_most(attribute: str, value: str) -> str:
    """Return a filter for entries with a value that is this or comes before it."""
    return f"({_name(attribute)}<={escape(value)})"


def begins(attribute: str, value: str) -> str:
    """Return a filter for entries in which a value of the attribute begins so."""
    return f"({_name(attribute)}={escape(value)}*)"


def contains(attribute: str, value: str) -> str:
    """Return a filter for entries in which a value of the attribute has this in it; slow for few letters."""
    return f"({_name(attribute)}=*{escape(value)}*)"


def has_word(attribute: str, start: str) -> str:
    """Return a filter for entries in which a word of the attribute begins so: fit for one or two letters."""
    return any_of(begins(attribute, start), contains(attribute, " " + start))


def present(attribute: str) -> str:
    """Return a filter for entries that have the attribute."""
    return f"({_name(attribute)}=*)"


def absent(attribute: str) -> str:
    """Return a filter for entries that lack the attribute."""
    return f"(!({_name(attribute)}=*))"


def all_of(*filters: str) -> str:
    """Return a filter that wants every one of the given; at least one must be given."""
    return _join("&", filters)


def any_of(*filters: str) -> str:
    """Return a filter that wants one of the given; at least one must be given."""
    return _join("|", filters)


def none_of(filter_: str) -> str:
    """Return a filter for entries that the given one does not fit."""
    return f"(!{filter_})"


def _join(operator: str, filters: tuple[str, ...]) -> str:
    if not filters:
        raise ValueError("An empty filter would mean everything, or nothing; neither is meant.")
    return filters[0] if len(filters) == 1 else f"({operator}{''.join(filters)})"


def _name(attribute: str) -> str:
    if not _ATTRIBUTE.fullmatch(attribute):
        raise ValueError(f"Not an attribute name: {attribute!r}")
    return attribute
