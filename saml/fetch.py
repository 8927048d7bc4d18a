"""Fetching what a registration or a provider names, by the rules of `outbound`, with a refusal of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from outbound import fetch as outbound
from saml.errors import ProviderRefused

METADATA = outbound.Request(accept="application/samlmetadata+xml, application/xml, image/*;q=0.9, */*;q=0.1")


class FetchFailed(ProviderRefused):
    """The address gave nothing that may be used; `status` is HTTP's, 0 where there was no answer."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules(outbound.Rules):
    """How an address is asked, with the names that a registration's writer knows."""

    private_setting: str = "COUNTERPART_SAML_PRIVATE_HOSTS"
    pin_key: str = "metadata_tls_pin"


def fetch(url: str, rules: Rules) -> bytes:
    """Return what is at the address. Raises FetchFailed with a sentence."""
    with _in_our_words():
        return outbound.fetch(url, rules, METADATA)


def fetch_into(into: IO[bytes], url: str, rules: Rules) -> None:
    """Write what is at the address into a file, never more than the rules allow. Raises FetchFailed."""
    with _in_our_words():
        outbound.fetch_into(into, url, rules, METADATA)


def pin_bytes(pin: str) -> bytes:
    """A pin as 32 bytes, from hex (with or without colons) or base64. Raises ProviderRefused."""
    try:
        return outbound.pin_bytes(pin, "metadata_tls_pin")
    except outbound.FetchFailed as error:
        raise ProviderRefused(str(error)) from error


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except outbound.FetchFailed as error:
        raise FetchFailed(str(error), error.status) from error
