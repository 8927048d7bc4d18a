"""The whole attack suite: everything hostile is refused, everything honest beside it is believed."""

import pytest

from tests.attacks import Kind, Make
from tests.attacks.suite import KINDS


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
