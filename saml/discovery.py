"""From a mail address to the providers that may know the person."""

from collections.abc import Iterable

from saml.provider import Provider


def for_address(address: str, providers: Iterable[Provider]) -> list[Provider]:
    """Providers of the address's domain: its owners first, then those who share it. Never says whether the
    person exists; an address without a domain finds nobody."""
    domain = address.strip().lower().rpartition("@")[2]
    known = sorted(providers, key=lambda provider: provider.name)
    owners = [provider for provider in known if domain in provider.domains]
    sharers = [provider for provider in known if domain in provider.shared_domains and provider not in owners]
    return owners + sharers


def local_path(text: str) -> str:
    """Where to go after signing in: a path of this site, or the start page when it is anything else."""
    fine = (
        text.startswith("/")
        and not text.startswith("//")
        and len(text) <= 1000
        and text.isprintable()
        and text.isascii()
        and "\\" not in text
    )
    return text if fine else "/"
