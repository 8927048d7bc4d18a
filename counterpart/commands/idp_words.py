"""How `counterpart idp` says what a provider is, and how it is with it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from saml.checks import FAILED, Check, Subject
from saml.contexts import in_short
from saml.ends import ends_of
from saml.provider import DRAFT, LIVE, SUSPENDED, Provider, to_plain
from store.provider_watch import Watched

HEADINGS = ("id", "state", "name", "keys end", "metadata good", "believed until", "to know")
STATES = {
    DRAFT: "a draft: nobody can sign in through it until `counterpart idp live {id}`",
    LIVE: "live: its people can sign in",
    SUSPENDED: "suspended: nobody can sign in through it until `counterpart idp live {id}`",
}


def state_in_words(provider: Provider, now: datetime) -> str:
    """Whether its people can sign in, and what would change that."""
    if provider.state == LIVE and provider.outdated(now):
        return "live, but its metadata has ended, so nobody can sign in: see `counterpart idp refresh`"
    if provider.state == LIVE and not _keys_to_come(provider, now):
        return "live, but all its certificates have ended, so nobody can sign in"
    return STATES[provider.state].format(id=provider.id)


def described(subject: Subject) -> str:
    """A provider in a few lines, for whoever registers or checks it."""
    provider = subject.provider
    names = {each.id: each.name for each in subject.organisations}
    shared = (f"{name} (shared)" for name in provider.shared_domains)
    facts = {
        "id": provider.id,
        "state": state_in_words(provider, subject.now),
        "entity ID": provider.entity_id,
        "speaks for": ", ".join(names.get(id, id) for id in provider.organisations),
        "mail domains": ", ".join((*provider.domains, *shared)),
        "knows people by": provider.identity_attribute,
        "certificates": str(len(provider.certificates)),
    }
    lines = [f"  {name:<15}  {value}" for name, value in facts.items()]
    return "\n".join([*lines, *(f"  {'':<15}  {each}" for each in notes(provider, subject.now))])


def notes(provider: Provider, now: datetime) -> Iterator[str]:
    """What is not as usual: what a sign-in must have, what is being changed, what stands in meanwhile."""
    if provider.contexts:
        asked = " and asks for it" if provider.ask_contexts else ""
        yield f"requires {in_short(provider.contexts)} at each sign-in{asked}"
    if provider.next_identity_attribute:
        yield (
            f"changing from {provider.identity_attribute} to {provider.next_identity_attribute}: "
            f"`counterpart idp identity {provider.id}` says how far"
        )
    if provider.fallback_is_on(now):
        until = datetime.fromisoformat(provider.fallback_until)
        without = f", without {in_short(provider.contexts)}," if provider.contexts else ""
        yield f"mailed links stand in for it{without} until {until:%Y-%m-%d %H:%M} UTC"


def row(provider: Provider, watched: Watched | None, now: datetime) -> tuple[str, ...]:
    """A provider as a line of the list."""
    keys, until = _keys_to_come(provider, now), provider.believed_until
    problem = watched.problem if watched else ""
    if provider.outdated(now):
        problem = f"Its metadata has ended, so nobody can sign in. {problem}".strip()
    return (
        provider.id,
        provider.state,
        provider.name,
        " + ".join(f"{each:%Y-%m-%d}" for each in keys) or "all ended",
        f"{watched.good:%Y-%m-%d %H:%M}" if watched and watched.good else "",
        f"{until:%Y-%m-%d}" if until else "no end",
        "; ".join([*notes(provider, now), *([problem] if problem else [])]),
    )


def with_watch(provider: Provider, watched: Watched | None, now: datetime) -> dict[str, Any]:
    """A provider as JSON of the list."""
    ends = [{"what": end.what, "ends": end.ends} for end in ends_of(provider, None)]
    read = {
        "last_good": watched.good if watched else None,
        "last_tried": watched.tried if watched else None,
        "next_try": watched.due if watched else None,
        "failures": watched.failures if watched else 0,
        "problem": watched.problem if watched else "",
    }
    words = [state_in_words(provider, now), *notes(provider, now)]
    return to_plain(provider) | {"ends": ends, "refresh": read, "words": words}


def listed(found: Sequence[Check]) -> str:
    """Checks with their reasons, and how to mend what failed."""
    words = {FAILED: "FAILED"}
    lines = []
    for each in found:
        lines.append(f"  {words.get(each.result, each.result):<6}  {each.name}: {each.reason}")
        lines += [f"          {each.fix}"] if each.fix else []
    return "\n".join(lines)


def check_plain(check: Check) -> dict[str, str]:
    """A check as JSON."""
    return {"name": check.name, "result": check.result, "reason": check.reason, "fix": check.fix}


def _keys_to_come(provider: Provider, now: datetime) -> list[datetime]:
    """When those of its certificates end that have not."""
    return [end.ends for end in ends_of(provider, None) if "certificate" in end.what and end.ends > now]
