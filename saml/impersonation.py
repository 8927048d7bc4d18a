"""Whose people a provider spoke of, when it spoke of people who are not its own.

Nothing is let in or kept out here; that was decided before, and exactly. This only finds the organisations
that should hear of it, so it compares loosely: a sub-domain, or letters that look alike, point to the domain
they imitate.
"""

import re
import unicodedata
from collections.abc import Iterable

from saml.provider import Provider

# Letters of other scripts, and digits, as people misread them (a part of Unicode TR39's confusables): first
# Cyrillic and odd Latin ones, then Greek, Armenian, digits.
_LOOK = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u0261\u0131\u043a\u043c\u0442"
    "\u043d\u0432\u0433" "\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c5\u03c4" "\u0585\u057d\u0578" "01358",
    "aeopcyxijsdhgikmt" "hbr" "aopvikut" "oun" "olesb",
)  # fmt: skip
_LABEL_SIGNS = re.compile("[\u3002\uff0e\uff61]")  # what IDNA takes for a dot


def organisations_meant(spoken_of: str, speaker: str, providers: Iterable[Provider]) -> tuple[str, ...]:
    """The organisations, in the order found, of other providers whose entity ID, mail domain or scope was
    used or imitated by the provider of the id `speaker`."""
    if not spoken_of:
        return ()
    others = [provider for provider in providers if provider.id != speaker]
    meant = [provider for provider in others if _means(spoken_of, provider)]
    return tuple(dict.fromkeys(id_ for provider in meant for id_ in provider.organisations))


def _means(spoken_of: str, provider: Provider) -> bool:
    if spoken_of == provider.entity_id:
        return True
    looks = f".{skeleton(spoken_of)}."
    return any(f".{skeleton(name)}." in looks for name in {*provider.domains, *provider.owned_scopes()})


def skeleton(domain: str) -> str:
    """The domain as a hasty reader sees it; equal for names that look alike."""
    labels = _LABEL_SIGNS.sub(".", domain).strip(".").split(".")
    plain = unicodedata.normalize("NFKD", ".".join(map(_unpacked, labels))).casefold()
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return kept.translate(_LOOK).replace("rn", "m").replace("vv", "w")


def _unpacked(label: str) -> str:
    """A label in punycode as it is shown."""
    if not label.lower().startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
