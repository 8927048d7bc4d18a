"""Areas that organisations serve, as they stand in an entry: "<code> <name>", as in "E07000110 Maidstone"."""

from collections.abc import Iterable
from dataclasses import dataclass

from ldap_schema.errors import BadValue

LONGEST_CODE = 64


@dataclass(frozen=True, slots=True, order=True)
class Area:
    """One area: a code that look-ups share, such as the Office for National Statistics', and its name."""

    code: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.code} {self.name}".strip()


def area(value: str) -> Area:
    """Read what stands in an entry."""
    code, _, name = value.partition(" ")
    return Area(code, name.strip())


def made(code: str, name: str) -> Area:
    """Return the area of a row of a look-up; BadValue for a code that is none."""
    code, name = code.strip(), " ".join(name.split())
    if not code or len(code) > LONGEST_CODE or not code.isprintable() or " " in code:
        raise BadValue(f"{code[:80]!r} is no code of an area: codes are one word, such as E07000110.")
    return Area(code, name)


def codes(values: Iterable[str]) -> set[str]:
    """Return the codes of areas that stand in an entry."""
    return {area(value).code for value in values}
