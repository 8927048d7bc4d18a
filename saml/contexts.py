"""How somebody was signed in at their provider: the authentication contexts that a department may require.

Asking for a context (RequestedAuthnContext) is a wish that providers may ignore, so what is required is
read from the signed answer: from its AuthnContextClassRef, or from the attribute in which Microsoft's
products list the methods that were used.
"""

from collections.abc import Iterable

from saml.assertion import Assertion
from saml.errors import NotAssured
from saml.provider import Provider

REFEDS_MFA = "https://refeds.org/profile/mfa"
MICROSOFT_MFA = "http://schemas.microsoft.com/claims/multipleauthn"
MICROSOFT_METHODS = "http://schemas.microsoft.com/claims/authnmethodsreferences"
# Short names that a registration may use; anything else in it is a context's own URI.
SHORT_NAMES = {"mfa": (REFEDS_MFA, MICROSOFT_MFA)}


def expanded(names: Iterable[str]) -> tuple[str, ...]:
    """The URIs that a registration's list of contexts means, each once."""
    return tuple(dict.fromkeys(uri for name in names for uri in SHORT_NAMES.get(name, (name,))))


def in_short(uris: Iterable[str]) -> str:
    """Contexts as a registration may write them, for people."""
    left = list(uris)
    said = []
    for name, meant in SHORT_NAMES.items():
        if set(meant) <= set(left):
            said.append(name)
            left = [uri for uri in left if uri not in meant]
    return " or ".join([*said, *left])


def check(assertion: Assertion, provider: Provider) -> None:
    """Raise NotAssured unless the sign-in had one of the contexts that the provider must use."""
    had = {*assertion.contexts, *assertion.attributes.get(MICROSOFT_METHODS, ())}
    if provider.contexts and not had & set(provider.contexts):
        raise NotAssured("the sign-in had none of the authentication contexts required", provider.id)
