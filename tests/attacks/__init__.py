"""The attack suite: what must never be believed, by kind, each kind beside honest controls.

`python -m tests.attacks` prints the table, tests/unit/test_saml_attacks.py runs every case, and `make bench`
measures what each costs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Make = Callable[[], Any]


@dataclass(frozen=True)
class Kind:
    """Attacks of one kind: how a message is judged, what passes, and what must be refused."""

    name: str
    judge: Callable[[Any], object]
    refusals: tuple[type[Exception], ...]  # what a refusal looks like; anything else raised is a fault
    controls: Mapping[str, Make]
    cases: Mapping[str, Make]
    posted: bool = True  # it comes in a form, as base64
