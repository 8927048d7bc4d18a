"""Organisations: `nlcId=<opaque>,ou=organisations`."""

from dataclasses import dataclass

ATTRIBUTES = {
    "id": "nlcId",
    "name": "o",
    "former_names": "nlcFormerName",
    "acronyms": "nlcAcronym",
    "codes": "nlcCode",
    "sector": "businessCategory",
    "region": "st",
    "domains": "associatedDomain",
    "duty_line": "nlcDutyLine",
    "parent_id": "nlcParent",
}

SECTORS = (
    "Armed forces", "Arm's-length bodies", "Civil service", "Education", "Fire and rescue", "Healthcare", "Housing",
    "Local government", "Police",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation that leaders lead; renamed ones keep their id and list their former names."""

    id: str
    name: str
    former_names: tuple[str, ...] = ()
    acronyms: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()  # other people's stable references, "<scheme>:<value>"
    sector: str = ""
    region: str = ""
    domains: tuple[str, ...] = ()  # mail domains, lower case
    duty_line: str = ""  # number for any hour, shown to every signed-in leader
    parent_id: str = ""
