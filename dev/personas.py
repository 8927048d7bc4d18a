"""The people one can be in the demonstration, as documents and demonstration identity providers name them."""

from dataclasses import dataclass

from dev.chance import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody whom a demonstration identity provider will vouch for."""

    name: str
    mail: str
    subject_id: str  # SAML subject-id: stable, scoped to the provider's organisation
    note: str  # shown on the provider's sign-in page


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLeader:
    """A leader whom the invention must contain, at a fixed position of a fixed organisation."""

    organisation: str  # slug of one of the fixed organisations
    position: int  # 0 is the head
    given: str
    family: str
    known_as: str
    honorific: str
    honours: str
    mail: str


def personas() -> dict[str, list[Persona]]:
    """Give who one can be, by demonstration provider, with those whom the portal must refuse."""
    by_provider: dict[str, list[Persona]] = {}
    for entry in words("personas")["personas"]:
        name = " ".join(
            part
            for part in (entry.get("honorific", ""), entry.get("known_as", entry["given"]), entry["family"])
            if part
        )
        persona = Persona(name=name, mail=entry["mail"], subject_id=entry["subject_id"], note=entry["note"])
        by_provider.setdefault(entry["provider"], []).append(persona)
    return by_provider


def named_leaders() -> dict[tuple[str, int], NamedLeader]:
    """Give the leaders who must exist, by organisation's slug and position in it."""
    found = {}
    for entry in words("personas")["personas"]:
        if "position" in entry:
            leader = NamedLeader(
                organisation=entry["organisation"],
                position=entry["position"],
                given=entry["given"],
                family=entry["family"],
                known_as=entry.get("known_as", ""),
                honorific=entry.get("honorific", ""),
                honours=entry.get("honours", ""),
                mail=entry["mail"],
            )
            found[leader.organisation, leader.position] = leader
    return found
