"""Who is told what about a provider's metadata: the desk, the ledger, and by mail those who look after it.

Everything is written in the caller's transaction, so that nothing is told that did not happen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from saml.provider import Provider
from store import ledger, outbox, waiting
from store.errors import BadMail
from store.mail import Mail

ACTOR = "metadata refresh"
TEXT = """\
{facts}

{advice}

Provider: {name} ({id})
Entity ID: {entity_id}

{service}, {address}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """What mails need: whom we tell beside a provider's own administrators, and who we are."""

    manager_mail: str = ""
    service_name: str = "Counterpart"
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell about a provider."""

    kind: str  # of the matter on the desk
    matter: str = ""  # tells matters of one provider apart where there may be several
    key: str  # of the mail: a second one with it is not sent
    subject: str  # of the mail
    facts: str  # one sentence
    advice: str  # what to do, in a sentence
    by_mail: bool = True


def tell(
    tx: Session, provider: Provider, notice: Notice, correspondence: Correspondence, now: datetime
) -> None:
    """Put a matter on the desk, in the ledger, and mails into the outbox."""
    key = f"{provider.id} {notice.matter}".strip()
    waiting.raise_item(tx, notice.kind, key, f"{provider.name}: {notice.facts} {notice.advice}", now)
    details = {"facts": notice.facts[:4000]}
    ledger.append(tx, f"{notice.kind}: {notice.key}"[:80], ACTOR, f"provider:{provider.id}", details, now)
    if notice.by_mail:
        for address in _addresses(provider, correspondence):
            _mail(tx, provider, notice, address, correspondence, now)


def _addresses(provider: Provider, correspondence: Correspondence) -> Iterable[str]:
    known = (*provider.alert_mail, correspondence.manager_mail)
    return dict.fromkeys(address for address in known if address)


def _mail(
    tx: Session,
    provider: Provider,
    notice: Notice,
    address: str,
    correspondence: Correspondence,
    now: datetime,
) -> None:
    text = TEXT.format(
        facts=notice.facts,
        advice=notice.advice,
        name=provider.name,
        id=provider.id,
        entity_id=provider.entity_id,
        service=correspondence.service_name,
        address=correspondence.address,
    )
    try:
        mail = Mail(to=address, subject=f"{provider.name[:120]}: {notice.subject}", text=text)
    except BadMail:  # a provider's name that no header may hold
        mail = Mail(to=address, subject=notice.subject, text=text)
    outbox.enqueue(tx, mail, f"{provider.id} {notice.key} {address}"[:200], now)
