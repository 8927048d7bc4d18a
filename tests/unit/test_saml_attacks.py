"""The whole attack suite: everything hostile is refused, everything honest beside it is believed."""

import pytest

from saml import verify
from tests.attacks import Kind, Make
from tests.attacks.suite import KINDS
from tests.attacks.xml_tricks import FLOODS


def every(part: str) -> list[object]:
    return [
        pytest.param(kind, make, id=f"{kind.name}: {name}")
        for kind in KINDS
        for name, make in getattr(kind, part).items()
    ]


@pytest.mark.parametrize(("kind", "make"), every("controls"))
def test_an_honest_message_is_believed(kind: Kind, make: Make) -> None:
    assert kind.judge(make()) is not None


@pytest.mark.parametrize(("kind", "make"), every("cases"))
def test_an_attack_is_refused_by_name(kind: Kind, make: Make) -> None:
    message = make()

    with pytest.raises(kind.refusals):
        kind.judge(message)


def test_there_are_attacks_and_controls_of_every_kind() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert all(kind.controls and len(kind.cases) >= 4 for kind in KINDS)
    assert sum(len(kind.cases) for kind in KINDS) >= 1000


def test_nothing_of_a_strangers_is_made_canonical(monkeypatch: pytest.MonkeyPatch) -> None:
    """Floods of CPU went through canonicalisation twice; only a genuine signature opens that way now."""
    monkeypatch.setattr(verify, "bytes_are_signed", lambda *_: False)
    monkeypatch.setattr(verify, "_canonical", lambda _: pytest.fail("a stranger was let through"))
    for make in FLOODS.cases.values():
        with pytest.raises(FLOODS.refusals):
            FLOODS.judge(make())
