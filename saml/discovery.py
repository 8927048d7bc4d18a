"""Which organisation signs somebody in: from a mail address, or from a list that is searched."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ldap_schema.organisations import Organisation
from saml.provider import Provider


@dataclass(frozen=True, slots=True)
class Found:
    """The providers that may know an address. It never says whether the person exists."""

    providers: tuple[Provider, ...]
    domain: str = ""

    @property
    def sure(self) -> bool:
        """Whether there is one, which owns the domain; else the person has to choose, and is told why."""
        return len(self.providers) == 1 and self.domain in self.providers[0].domains

    @property
    def one_organisation(self) -> bool:
        """Whether all of them speak for the same single organisation."""
        return len({id for provider in self.providers for id in provider.organisations}) == 1


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the list: an organisation, and a provider that speaks for it.

    `name` is the directory's or the registration's, never the provider's own word: a department could call
    itself by another's name. What it calls itself is searched, and shown below.
    """

    name: str
    provider: Provider
    organisation: Organisation | None = None  # None: the directory knows none of the provider's
    own_name: str = ""  # what the provider calls itself, where that says something else


def find(address: str, providers: Iterable[Provider]) -> Found:
    """The providers of the address's domain: its owners first, then those who share it; none for an address
    without a domain. A domain that several may share chooses nobody by itself."""
    domain = address.strip().lower().rpartition("@")[2]
    known = sorted(providers, key=lambda provider: provider.name)
    owners = [provider for provider in known if domain in provider.domains]
    sharers = [provider for provider in known if domain in provider.shared_domains and provider not in owners]
    return Found((*owners, *sharers), domain)


def choices(providers: Sequence[Provider], organisations: Mapping[str, Organisation]) -> list[Choice]:
    """A line for each organisation of each provider; for a provider none of whose organisations the directory
    knows, its registered name."""
    speakers = Counter(id for provider in providers for id in provider.organisations)
    made = []
    for provider in providers:
        known = [organisations[id] for id in provider.organisations if id in organisations]
        for one in known:
            own = _own_name(provider, one.name)
            if not own and speakers[one.id] > 1:  # two lines of one name have to be told apart
                own = urlsplit(provider.sso_url or provider.sso_post_url).hostname or provider.id
            made.append(Choice(one.name, provider, one, own))
        if not known:
            made.append(Choice(provider.name, provider, None, _own_name(provider, provider.name)))
    return made


def shown_name(provider: Provider, organisations: Mapping[str, Organisation]) -> str:
    """What to call a provider by itself: its organisation if it speaks for one alone."""
    if len(provider.organisations) == 1 and provider.organisations[0] in organisations:
        return organisations[provider.organisations[0]].name
    return provider.name


def _own_name(provider: Provider, name: str) -> str:
    own = provider.names.get("en") or next(iter(provider.names.values()), "") or provider.name
    return "" if own.casefold() == name.casefold() else own
