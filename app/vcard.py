"""vCard 4.0 (RFC 6350) of a person, written by hand: the libraries for Python stop at 3.0."""

from collections.abc import Iterable

from ldap_schema.people import Person

FOLD_AT = 75  # octets a line may have


def vcard(person: Person, address: str) -> str:
    """Return the card of what the viewer may see of the person; `address` is their page here."""
    lines = ["BEGIN:VCARD", "VERSION:4.0", "KIND:individual"]
    lines.append(f"UID:urn:counterpart:{escaped(person.uid)}")
    lines.append(f"FN:{escaped(person.display_name or person.full_name)}")
    name = (person.family_name, person.given_name, "", person.honorific, person.honours)
    lines.append("N:" + ";".join(escaped(part) for part in name))
    lines += [f"{name}:{escaped(value)}" for name, value in _plain(person)]
    lines += [f"EMAIL;TYPE=work:{escaped(mail)}" for mail in person.mail]
    lines += _telephones("work,voice", person.telephone)
    lines += _telephones("work,cell", person.mobile)
    lines += [f"SOURCE:{_uri(address)}", "END:VCARD"]
    return "".join(folded(line) for line in lines)


def escaped(text: str) -> str:
    """Escape a text value, so that a name can't become a property."""
    text = text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(letter for letter in text if letter == "\t" or ord(letter) >= 32)


def folded(line: str) -> str:
    """Break a line into pieces of at most 75 octets, never inside a character."""
    pieces, piece, room = [], "", FOLD_AT
    for letter in line:
        if len((piece + letter).encode()) > room:
            pieces.append(piece)
            piece, room = "", FOLD_AT - 1  # the space that begins a continued line counts
        piece += letter
    return "\r\n ".join([*pieces, piece]) + "\r\n"


def _plain(person: Person) -> Iterable[tuple[str, str]]:
    values = (("TITLE", person.title), ("ORG", person.organisation_name))
    return [(name, value) for name, value in values if value]


def _telephones(kind: str, numbers: Iterable[str]) -> list[str]:
    return [f'TEL;VALUE=uri;TYPE="{kind}":tel:{_uri(dialled(number))}' for number in numbers]


def dialled(number: str) -> str:
    """Return a number as a telephone dials it: no spaces, no (0) after the country's code."""
    number = number.replace("(0)", "") if number.strip().startswith("+") else number
    kept = "".join(letter for letter in number if letter.isdigit() or letter == "+")
    return kept[:1] + kept[1:].replace("+", "")


def _uri(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() and not letter.isspace())
