"""What can go wrong when somebody signs in or out.

SAMLError
├── SignInRefused            nobody is signed in; `code` chooses the page, `reference` is on it and in the log
│   ├── UnknownPerson        the provider knows them, the directory does not: `contact` says whom to call
│   ├── NotOwned             a provider spoke of a person or a domain that is not listed for it
│   │   └── MovedAway        of one whom it spoke for until they moved to another organisation
│   ├── BadAssertion         the message is not one we may believe
│   │   └── ClocksDiffer     it comes from the future, or from before we asked: a clock is wrong
│   ├── NotAssured             they signed in at the provider, but not in the way that is required
│   ├── NotFresh               the provider answered with an earlier sign-in where a new one was asked
│   ├── SomebodyElse           another person signed in than the one who had to
│   ├── ProviderSaidNo       the provider itself reports that the sign-in failed or was cancelled
│   ├── Expired              the request is unknown, used or too old; signing in again helps
│   │   ├── Unsolicited      we never asked: the person goes to discovery
│   │   ├── SignInTooOld     the provider knew the person from too long ago; asking it anew helps
│   │   ├── OtherBrowser     the answer came through another browser than the request
│   │   └── LogoutOver       the provider's answer about signing out comes again, or too late
│   ├── Replayed             this assertion was used before
│   ├── UnknownProvider      no such provider, or it is not live
│   ├── BadLogout            a logout message that may not be believed; nobody was signed out
│   └── Unavailable          something we need to be safe does not answer; nobody gets in meanwhile
├── LinkRefused              a key can't be linked to a record or taken from it; the message says why
└── ProviderRefused          a registration or its metadata is not acceptable; the message says why and how
to mend it
"""

import secrets
from typing import ClassVar

COLOURS = (
    "amber",
    "blue",
    "coral",
    "green",
    "indigo",
    "lilac",
    "olive",
    "pearl",
    "ruby",
    "silver",
    "teal",
    "violet",
)
PLACES = (
    "bridge",
    "canyon",
    "forest",
    "garden",
    "harbour",
    "island",
    "lagoon",
    "meadow",
    "mountain",
    "orchard",
    "river",
    "valley",
)


def speakable_reference() -> str:
    """Words to say on the telephone, such as `teal-harbour-482`, that find one line in the log."""
    return f"{secrets.choice(COLOURS)}-{secrets.choice(PLACES)}-{secrets.randbelow(900) + 100}"


class SAMLError(Exception):
    """Anything that went wrong in this package."""


class SignInRefused(SAMLError):
    """Nobody was signed in. `reason` is exact and for the log only; pages show `reference` and words
    chosen by `code`."""

    code: ClassVar[str] = "refused"

    def __init__(self, reason: str, provider_id: str = "", spoken_of: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.provider_id = provider_id
        # Whose domain, scope or entity ID the provider used, where that is what was wrong; never an address.
        self.spoken_of = spoken_of
        self.anybodys = False  # whether no provider signed what was refused, so that anybody may have sent it
        self.organisations: tuple[str, ...] = ()  # whose people it spoke of, as far as we can tell
        self.reference = speakable_reference()


class UnknownPerson(SignInRefused):
    """The provider vouches for someone whom the directory does not know. Nothing was created."""

    code = "unknown-person"

    def __init__(self, reason: str, provider_id: str, provider_name: str, domain: str, contact: str) -> None:
        super().__init__(reason, provider_id)
        self.provider_name = provider_name
        self.domain = domain  # of the asserted mail; never the address itself
        self.contact = contact
        self.federated_id = ""  # the key that may be linked to a record; empty if it is linked already
        self.candidate = ""  # uid of the one record of the provider's organisations with the asserted mail


class NotOwned(SignInRefused):
    """A provider spoke of a person, a scope or a mail domain that is not listed for it."""

    code = "not-owned"


class MovedAway(NotOwned):
    """The person is known by the provider's key, and belongs to another organisation now."""

    code = "moved-away"


class BadAssertion(SignInRefused):
    """The message is malformed, unsigned, meant for somebody else, or not allowed by our rules."""

    code = "bad-assertion"


class ClocksDiffer(BadAssertion):
    """The message is of a time that has not come yet, or from before we asked, by more than clocks may
    differ."""

    code = "clocks-differ"


class NotAssured(SignInRefused):
    """The person signed in at the provider without what the department requires, such as a second factor."""

    code = "not-assured"


class NotFresh(SignInRefused):
    """The provider was asked to sign somebody in anew and answered with an earlier sign-in."""

    code = "not-fresh"


class SomebodyElse(SignInRefused):
    """The person who signed in is not the one who had to prove that they are there."""

    code = "somebody-else"


class ProviderSaidNo(SignInRefused):
    """The provider answered that the sign-in failed, for instance because the person cancelled it."""

    code = "provider-said-no"


class Expired(SignInRefused):
    """The request is unknown, was used, or is older than the minutes allowed. Starting again helps."""

    code = "expired"


class Unsolicited(Expired):
    """An answer without a request of ours. Sign-in always starts here, so the person is sent to discovery."""

    code = "unsolicited"


class OtherBrowser(Expired):
    """The answer arrived without the cookie of the browser that asked."""

    code = "other-browser"


class SignInTooOld(Expired):
    """The person signed in at the provider longer ago than its registration allows, or their session there
    is over: providers keep people signed in for months. The next request has to ask for a new sign-in."""

    code = "sign-in-too-old"


class LogoutOver(Expired):
    """A provider's answer about signing out that answers no request of ours any more. Nothing was done."""

    code = "logout-over"


class Replayed(SignInRefused):
    """The assertion was used before."""

    code = "replayed"


class UnknownProvider(SignInRefused):
    """There is no such provider, or it is not live (any more)."""

    code = "unknown-provider"


class BadLogout(SignInRefused):
    """A logout message that is not signed by the provider it names, or not meant for us. Nobody was signed
    out."""

    code = "bad-logout"


class Unavailable(SignInRefused):
    """Redis or the directory does not answer. Without them replay and ownership can't be checked, so
    nobody gets in."""

    code = "unavailable"


class LinkRefused(SAMLError):
    """A key can't be linked to a record, or taken from it; the message is a sentence for who asked."""


class ProviderRefused(SAMLError):
    """A provider's registration or metadata is not acceptable; the message is a sentence for its
    administrator."""
