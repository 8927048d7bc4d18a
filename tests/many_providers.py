"""A thousand registered providers, for whatever has to stay quick and small with that many."""

from collections.abc import Iterable

from saml.provider import LIVE, Provider, to_plain
from store import providers
from store.database import Store
from tests.saml_kit import identity_provider

MANY = 1000


def many(count: int = MANY) -> Iterable[Provider]:
    """Live providers of as many hosts, each with a certificate of the usual size."""
    certificate = identity_provider("rivers").certificate
    for number in range(count):
        host = f"sign-in.council-{number:04}.example"
        yield Provider(
            id=f"council-{number:04}", name=f"Council {number:04} of the Shires", state=LIVE,
            entity_id=f"https://{host}/idp", sso_url=f"https://{host}/sso",
            sso_post_url=f"https://{host}/post", slo_url=f"https://{host}/slo",
            certificates=(certificate,), domains=(f"council-{number:04}.example",),
            organisations=(f"org-{number:04}",), contact="the IT desk",
        )  # fmt: skip


def register(store: Store, found: Iterable[Provider]) -> None:
    """Keep them as they are, in one transaction."""
    with store.transaction() as tx:
        for provider in found:
            providers.save(tx, to_plain(provider))
