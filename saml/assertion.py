"""What a believed assertion says, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NameID:
    """The subject's name at the provider, with its qualifiers filled in, so that two of them compare
    exactly. `omitted` are the XML attributes that the provider left out, for what we send back to it."""

    value: str
    format: str = ""
    name_qualifier: str = ""
    sp_name_qualifier: str = ""
    omitted: tuple[str, ...] = field(default=(), compare=False)

    def text(self) -> str:
        """One line for a session's record and an index; opaque to everybody else."""
        return "\n".join((self.format, self.name_qualifier, self.sp_name_qualifier, self.value))

    @classmethod
    def from_text(cls, text: str, omitted: Sequence[str] = ()) -> "NameID":
        """The inverse of text(), which does not say what was omitted."""
        form, qualifier, sp_qualifier, value = text.split("\n", 3)
        return cls(value, form, qualifier, sp_qualifier, tuple(omitted))


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that passed every check except replay and identity."""

    id: str
    name_id: NameID | None
    session_index: str
    authenticated_at: datetime
    ends_at: datetime  # when the assertion is no longer valid; replay is remembered until then
    contexts: tuple[str, ...]  # authentication context classes, one for each statement that has one
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    session_ends_at: datetime | None = (
        None  # when the provider wants our session to end (SessionNotOnOrAfter)
    )
    targeted_id: NameID | None = None  # eduPersonTargetedID; read only for a provider that is known by it
