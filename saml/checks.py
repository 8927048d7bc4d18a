"""What is checked about a registration before people sign in through it, each with its reason and its fix."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ldap_schema.organisations import Organisation
from outbound.fetch import LOOPBACK
from saml.certificates import fingerprint, load
from saml.described import ProviderMetadata
from saml.identity import PERSISTENT
from saml.provider import ENTRA, NAME_ID, PAIRWISE_ID, SUBJECT_ID, Provider
from saml.source import FILE, HOLD, PASTE

OK, NOTE, FAILED = RESULTS = ("ok", "note", "failed")
SOON = timedelta(days=30)
# Anybody can have an address there, so that owning it says nothing of whom somebody works for.
PUBLIC_DOMAINS = frozenset(
    {
        "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "live.com",
        "live.co.uk", "yahoo.com", "yahoo.co.uk", "icloud.com", "me.com", "aol.com", "btinternet.com",
        "proton.me", "protonmail.com", "gmx.com", "sky.com", "virginmedia.com",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. A note is worth knowing; a failure keeps the provider from going live."""

    name: str
    result: str
    reason: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked, and what it is compared with."""

    provider: Provider
    now: datetime
    organisations: tuple[Organisation, ...]  # all of the directory
    described: ProviderMetadata | None = None  # the metadata as just read; None for what is registered


def checks(subject: Subject) -> list[Check]:
    """Look at everything; nothing is changed and nobody is asked."""
    return [check for look in _LOOKS for check in look(subject)]


def failed(found: Iterable[Check]) -> list[Check]:
    """Those that keep a provider from going live."""
    return [check for check in found if check.result == FAILED]


def _entity(subject: Subject) -> Iterable[Check]:
    name = subject.provider.entity_id
    if "{" in name or "/common" in name:
        yield Check(
            "entity ID", FAILED, f"{name} stands for every tenant, so it proves none.",
            "Use the metadata of your own tenant, whose entity ID holds the tenant's id.",
        )  # fmt: skip
    else:
        yield Check("entity ID", OK, name)


def _addresses(subject: Subject) -> Iterable[Check]:
    urls = [url for url in (*subject.provider.sso, *subject.provider.slo) if url]
    hosts = {urlsplit(url).hostname or "" for url in urls}
    if hosts & LOOPBACK:
        yield Check(
            "addresses", NOTE, "People would be sent to this very machine.",
            "That is right for the demonstration only.",
        )  # fmt: skip
    else:
        yield Check("addresses", OK, f"People are sent to {', '.join(sorted(hosts))}, over HTTPS.")
    if not any(subject.provider.slo):
        yield Check(
            "sign-out", NOTE, "The provider takes no sign-out, so people stay signed in there.",
            "Publish a SingleLogoutService if the product has one (Google has none).",
        )  # fmt: skip


def _keys(subject: Subject) -> Iterable[Check]:
    usable = []
    for pem in subject.provider.certificates:
        certificate = load(pem)
        short = f"{fingerprint(pem)[:23]}…"
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if ends <= subject.now:
            yield Check("key", NOTE, f"{short} ended on {ends:%d %B %Y} and is not believed.", "Remove it.")
        elif begins > subject.now:
            yield Check("key", NOTE, f"{short} is good from {begins:%d %B %Y} on.", "Is the clock right?")
            usable.append(pem)
        else:
            soon = ends - subject.now < SOON
            yield Check(
                "key", NOTE if soon else OK, f"{short} is good until {ends:%d %B %Y}.",
                "Publish the next certificate beside it now." if soon else "",
            )  # fmt: skip
            usable.append(pem)
    if not usable:
        yield Check(
            "key", FAILED, "No signing certificate is good, so no sign-in could be believed.",
            "Ask the provider's administrators for today's metadata, then `counterpart idp add` it.",
        )  # fmt: skip
    for problem in subject.described.problems if subject.described else ():
        yield Check("key", NOTE, problem, "It was left out; the others are used.")


def _metadata(subject: Subject) -> Iterable[Check]:
    provider, source = subject.provider, subject.provider.source
    if provider.outdated(subject.now):
        yield Check(
            "metadata", FAILED, f"It ended on {provider.believed_until:%d %B %Y %H:%M} UTC.",
            "Renew it: `counterpart idp refresh` for an address, `counterpart idp add` for a file.",
        )  # fmt: skip
    elif source.kind in (FILE, PASTE):
        yield Check(
            "metadata", NOTE, "It comes from a file, so new keys reach us only when somebody sends them.",
            "An https:// address is read again by itself.",
        )  # fmt: skip
    elif source.accepts_new_keys:
        proof = "signed" if source.signers else "pinned" if source.pin or source.authority else "asked for"
        yield Check("metadata", OK, f"It is read again by itself; new keys are believed ({proof}).")
    else:
        yield Check("metadata", OK, f"It is read again by itself; new keys wait for you ({HOLD}).")
    if provider.believed_until is not None and not provider.outdated(subject.now):
        yield Check("metadata", OK, f"It is believed until {provider.believed_until:%d %B %Y %H:%M} UTC.")


def _domains(subject: Subject) -> Iterable[Check]:
    provider = subject.provider
    for domain in (*provider.domains, *provider.shared_domains):
        if domain in PUBLIC_DOMAINS:
            yield Check(
                "domain", FAILED, f"Anybody can have an address at {domain}.", "Take it out of the list.",
            )  # fmt: skip
    for domain in provider.domains:
        others = [
            each.name for each in subject.organisations
            if domain in each.domains and each.id not in provider.organisations
        ]  # fmt: skip
        if others:
            yield Check(
                "domain", FAILED, f"The directory says that {domain} is also used by {others[0]}.",
                "If several organisations use it, list it under shared_domains; else correct the directory.",
            )  # fmt: skip
    if provider.domains:
        yield Check("domain", OK, f"Addresses at {', '.join(provider.domains)} lead to it.")
    else:
        yield Check(
            "domain", NOTE, "It owns no mail domain, so a first sign-in links nobody by itself.",
            "The directory manager links each person; or list the domains that only its people have.",
        )  # fmt: skip


def _identity(subject: Subject) -> Iterable[Check]:
    provider, kind = subject.provider, subject.provider.identity_attribute
    yield Check("identity", OK, f"People are known by {kind}; it can't change once they have signed in.")
    if kind == ENTRA and not any(len(part) == 36 for part in provider.entity_id.split("/")):
        yield Check(
            "identity", FAILED, "entra-oid needs an entity ID that holds the tenant's id.",
            "Use Entra's own metadata (https://sts.windows.net/<tenant id>/).",
        )  # fmt: skip
    if kind == NAME_ID and provider.name_id_formats and PERSISTENT not in provider.name_id_formats:
        yield Check(
            "identity", NOTE, "Its metadata doesn't list persistent NameIDs, by which people would be known.",
            "Ask for the persistent format for us, and try with `counterpart idp test`.",
        )  # fmt: skip
    described = subject.described
    if kind in (SUBJECT_ID, PAIRWISE_ID):
        if not provider.owned_scopes():
            yield Check(
                "scope", FAILED, f"{kind} values end in a scope, and none is listed.",
                "List scopes (or the domains it owns) in the registration.",
            )  # fmt: skip
        foreign = set(described.scopes if described else ()) - provider.owned_scopes()
        if foreign:
            yield Check(
                "scope", NOTE, f"Its metadata also claims {', '.join(sorted(foreign)[:5])}; not believed.",
                "Add to scopes what is really its own.",
            )  # fmt: skip


def _people(subject: Subject) -> Iterable[Check]:
    provider = subject.provider
    known = {each.id: each.name for each in subject.organisations}
    missing = [id for id in provider.organisations if id not in known]
    if missing:
        yield Check(
            "organisations", FAILED, f"The directory no longer has {', '.join(missing[:5])}.",
            "Correct organisations in the registration.",
        )  # fmt: skip
    names = [known[id] for id in provider.organisations if id in known]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    yield Check("organisations", OK, f"It speaks for {', '.join(names[:3])}{more}, and for nobody else.")
    if not provider.contexts:
        yield Check(
            "assurance", NOTE, "No authentication context is required: a password alone is enough.",
            'If the organisation has a second factor, say contexts = ["mfa"].',
        )  # fmt: skip
    if not provider.alert_mail:
        yield Check(
            "alerts", NOTE, "Only the directory manager is told when its keys change or end.",
            'Give its administrators: alert_mail = ["it@example.gov.uk"].',
        )  # fmt: skip


_LOOKS: tuple[Callable[[Subject], Iterable[Check]], ...] = (
    _entity, _addresses, _keys, _metadata, _domains, _identity, _people,
)  # fmt: skip
