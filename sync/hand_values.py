"""What somebody typed about a person, checked by the same rules as a feed's cells and refused in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from ldap_schema.posts import SUBSTANTIVE
from sync.errors import InputRefused
from sync.names import Name, split_name
from sync.normalise import Value, is_blank, mail_address, telephone, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A person in a post as somebody at the desk or the command line describes them."""

    name: str
    post: str
    organisation: str  # its id, one of its codes, or a name
    mail: tuple[str, ...] = ()
    telephone: tuple[str, ...] = ()
    mobile: tuple[str, ...] = ()
    sign_in_address: str = ""
    kind: str = SUBSTANTIVE
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """New values; None leaves a value as it is, an empty one takes it away."""

    name: str | None = None
    mail: tuple[str, ...] | None = None
    telephone: tuple[str, ...] | None = None
    mobile: tuple[str, ...] | None = None
    sign_in_address: str | None = None

    def checked(self) -> dict[str, object]:
        """Give the new values by field of `Person`, but the name; InputRefused for the first wrong one."""
        found: dict[str, object] = {}
        for field, check in (("mail", mail_address), ("telephone", telephone), ("mobile", telephone)):
            given = getattr(self, field)
            if given is not None:
                found[field] = several(field, given, check)
        if self.sign_in_address is not None:
            found["sign_in_address"] = one("sign-in address", self.sign_in_address, mail_address).casefold()
        return found


def name_from(text: str) -> Name:
    """Read a name as one writes it, "Dame Ada Quill DBE"; InputRefused without a given and a family name."""
    name = split_name(one("name", text, lambda raw: words(raw, name=True)))
    if not name.given or not name.family:
        raise InputRefused(
            f'"{text}" is not a whole name. Give given and family name, as "Ada Quill" or "Quill, Ada". '
            "Nothing was changed."
        )
    return name


def one(label: str, raw: str, check: Callable[[str], Value]) -> str:
    """Give one checked value, or nothing for an empty one; InputRefused says what is wrong with it."""
    value = check(raw)
    if value.refused:
        raise InputRefused(f'The {label} "{raw[:60]}": {value.note}. Nothing was changed.')
    return "" if is_blank(value.text) else value.text


def several(label: str, raws: Sequence[str], check: Callable[[str], Value]) -> tuple[str, ...]:
    """Give checked values, each once; empty ones are left out."""
    found = (one(label, raw, check) for raw in raws)
    return tuple(dict.fromkeys(text for text in found if text))
