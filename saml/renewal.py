"""What new metadata changes about a provider, and whether that may happen by itself. Decided purely."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from saml.certificates import fingerprint
from saml.described import ProviderMetadata
from saml.errors import ProviderRefused
from saml.provider import Provider

UNDATED_DAYS = 30  # how long metadata from an address that gives it no end is believed after it was last seen


@dataclass(frozen=True, slots=True)
class Change:
    """How a provider differs once its new metadata is taken over."""

    provider: Provider
    added: tuple[str, ...] = ()  # certificates, PEM
    removed: tuple[str, ...] = ()
    moved: str = ""  # the new address that people would be sent to, if it is on another host

    @property
    def decides_trust(self) -> bool:
        """Whether it changes whom we believe or where people are sent."""
        return bool(self.added or self.moved)


def compare(before: Provider, described: ProviderMetadata, now: datetime) -> Change:
    """Work out what the metadata would change. Raises ProviderRefused if it is of another provider."""
    if described.entity_id != before.entity_id:
        raise ProviderRefused(
            f"The metadata is of another entity ID, {described.entity_id}. Register that as a new provider."
        )
    after = renewed(before, described, now)
    return Change(
        after,
        tuple(pem for pem in after.certificates if pem not in before.certificates),
        tuple(pem for pem in before.certificates if pem not in after.certificates),
        _moved(before, after),
    )


def renewed(provider: Provider, described: ProviderMetadata, now: datetime) -> Provider:
    """The provider with everything that its metadata says."""
    return replace(
        provider,
        entity_id=described.entity_id,
        sso_url=described.sso_url,
        sso_post_url=described.sso_post_url,
        slo_url=described.slo_url,
        slo_post_url=described.slo_post_url,
        slo_response_url=described.slo_response_url,
        certificates=described.certificates,
        wants_signed_requests=described.wants_signed_requests,
        name_id_formats=described.name_id_formats,
        names=described.names,
        keywords=described.keywords,
        privacy_url=described.privacy_url,
        logo=described.logo,
        assurance=described.assurance,
        believed_until=_believed_until(provider, described, now),
    )


def _believed_until(provider: Provider, described: ProviderMetadata, now: datetime) -> datetime | None:
    """The end that it states; ours where an address gives none, for a source that fell silent must not be
    believed for ever. A file is as good as the operator's word: its certificates end it.
    """
    if described.valid_until is None and provider.source.refreshed:
        return now + timedelta(days=UNDATED_DAYS)
    return described.valid_until


def in_words(change: Change) -> str:
    """What changes, for whoever decides: fingerprints to compare on the telephone."""
    parts = [f"new signing certificate {fingerprint(pem)}" for pem in change.added]
    parts += [f"certificate {fingerprint(pem)} left out" for pem in change.removed]
    parts += [f"people would be sent to {_host(change.moved)}"] if change.moved else []
    return "; ".join(parts)


def _moved(before: Provider, after: Provider) -> str:
    """A sign-in address on a host that people were not sent to before."""
    known = {_host(url) for url in before.sso}
    return next((url for url in after.sso if url and _host(url) not in known), "")


def _host(url: str) -> str:
    return urlsplit(url).netloc
