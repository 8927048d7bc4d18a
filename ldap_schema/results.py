"""From the server's result codes (RFC 4511, 4370, 4528) to our errors."""

from collections.abc import Mapping
from typing import Any

from ldap_schema.errors import (
    AlreadyThere,
    BadValue,
    DirectoryError,
    DirectoryRefused,
    DirectoryUnavailable,
    Moved,
    NotFound,
)

SUCCESS, COMPARE_FALSE, COMPARE_TRUE, SIZE_LIMIT, CONSTRAINT_VIOLATION = 0, 5, 6, 4, 19
CONFIDENTIALITY = 13

# An exceeded time limit is the server's trouble and not the asker's: trying again later may work.
_UNAVAILABLE = {
    3: "took too long", 51: "is busy", 52: "is unavailable",
    80: "could not do it: its disk is full, or its database as large as olcDbMaxSize lets it be",
}  # fmt: skip
_REFUSED = {
    4: "the size limit was exceeded",
    8: "stronger authentication is needed", 11: "an administrative limit was exceeded",
    13: "the connection is not confidential", 48: "nobody may be anonymous",
    49: "the name or password of the account is wrong", 50: "the account may not do this",
    53: "the server is unwilling", 123: "the account may not act for that person",
}  # fmt: skip
_MOVED = {
    16: "an attribute or value is gone", 20: "an attribute or value is there already",
    66: "other entries stand below the entry", 122: "the entry is not as it was when it was read",
}  # fmt: skip
_BAD = {
    17: "an attribute is not in the server's schema", 21: "a value does not fit its attribute's syntax",
    34: "a DN is malformed", 64: "the entry's name does not fit", 65: "the entry breaks its object class",
    67: "the entry's own name can't be changed so",
}  # fmt: skip


def check(result: Mapping[str, Any], where: str = "") -> None:
    """Raise what the result means, unless it means success; `where` names the entry."""
    code, message = int(result["result"]), str(result.get("message") or "")
    if code not in (SUCCESS, COMPARE_FALSE, COMPARE_TRUE):
        raise error_for(code, message, where)


def error_for(code: int, message: str, where: str = "") -> DirectoryError:
    """Return our error for a result code; the server's own message is read but never repeated.

    It may quote values (the constraint overlay does), and an error's text goes to a log.
    """
    place = f" ({where})" if where else ""
    if code == 32:
        return NotFound(f"There is no such entry{place}.")
    if code == 68:
        return AlreadyThere(f"An entry with that id exists{place}.")
    if code == CONSTRAINT_VIOLATION:
        return _violation(message, place)
    if code == CONFIDENTIALITY and "for update" in message:
        return DirectoryRefused(f"The directory takes writes at its own socket (ldapi://) only{place}.")
    if code in _UNAVAILABLE:
        return DirectoryUnavailable(f"The directory {_UNAVAILABLE[code]}{place}.")
    for kind, reasons in ((Moved, _MOVED), (BadValue, _BAD), (DirectoryRefused, _REFUSED)):
        if code in reasons:
            return kind(f"The directory refused: {reasons[code]}{place}.")
    return DirectoryRefused(f"The directory refused with result code {code}{place}.")


def _violation(message: str, place: str) -> DirectoryError:
    if "unique" in message:
        return AlreadyThere(f"A value that must be unique belongs to another entry{place}.")
    return BadValue(f"A value is not among those allowed{place}.")
