"""What one answer of an identity provider costs us, beside Shibboleth SP and python3-saml used plainly."""

import base64
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from dev.house import House
from dev.identity_provider import messages
from dev.identity_provider.config import IdentityProvider
from tests.bench.acs import Arrival, Contender, contenders, enrol, identities, plain_settings
from tests.bench.measure import cpu_of, spread
from tests.bench.plain_portal import auth
from tests.saml_kit import ISOLDE, REQUEST_ID, Judgement, identity_provider, registered, service

ROUNDS, EACH = 10, 30  # 300 people at each service: of one person alone, Shibboleth grows slower
WARM = 10


def say(*lines: str) -> None:
    """Print below pytest's own line."""
    sys.stdout.write("\n".join(["", *lines, ""]))


def milliseconds(contender: Contender, arrivals: Sequence[Arrival]) -> float:
    """CPU of all processes of the contender, of each answer taken."""
    contender.close()  # what stood idle meanwhile may be closed at the other end
    before = sum(map(cpu_of, contender.servers))
    for arrival in arrivals:
        assert contender.take(arrival) in (302, 303)
    return 1000 * (sum(map(cpu_of, contender.servers)) - before) / len(arrivals)


def test_one_answer_at_three_service_providers(house: House, tmp_path: Path) -> None:
    provider = identity_provider("bench")
    people = identities(enrol(house, provider, WARM + ROUNDS * EACH))
    with contenders(house, provider, tmp_path) as services:
        prepared = {each.name: [each.arrival(provider, one) for one in people] for each in services}
        costs: dict[str, list[float]] = {each.name: [] for each in services}
        directory = []
        for each in services:
            milliseconds(each, prepared[each.name][:WARM])
            assert each.take(prepared[each.name][0]) >= 400, "an answer counts once, everywhere"
        for start in range(WARM, len(people), EACH):  # one after the other, so that all meet the same machine
            for each in services:
                before = cpu_of(house.slapd)
                costs[each.name].append(milliseconds(each, prepared[each.name][start : start + EACH]))
                directory.append(1000 * (cpu_of(house.slapd) - before) / EACH)
    theirs, ours, plain = costs.values()
    say(
        "An identity provider's answer: CPU milliseconds of the service's processes, for each of 300 people",
        *(f"{name:<44}{spread(values)}" for name, values in costs.items()),
        f"{'slapd beside Counterpart':<44}{spread(directory[1::3])}",
        f"{'Counterpart : Shibboleth SP (goal 1.0)':<44}{spread(ratios(ours, theirs))}",
        f"{'Counterpart : python3-saml (goal 0.5)':<44}{spread(ratios(ours, plain))}",
        "Redis is counted with Counterpart and with python3-saml; Shibboleth keeps sessions in shibd, looks",
        "nobody up in a directory, and keeps no list of where somebody is signed in.",
    )


def ratios(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """Round by round."""
    return [one / other for one, other in zip(these, those, strict=True)]


def test_believing_alone() -> None:
    now, provider = datetime.now(UTC), identity_provider()
    judge = Judgement(registered(), now=now)
    plainly = plain_settings(service(), provider)
    posted = {"https": "off", "http_host": "localhost:5000", "script_name": "/saml/acs", "get_data": {}}

    def library(message: str) -> None:
        made = auth(posted | {"post_data": {"SAMLResponse": message}}, old_settings=plainly)
        made.process_response(request_id=REQUEST_ID)
        assert made.is_authenticated(), made.get_last_error_reason()

    believe: Callable[[str], object] = judge.believe
    clear = [written(provider, now) for _ in range(2 * ROUNDS * EACH)]
    hidden = [written(provider, now, encrypt_for=service().encryption) for _ in range(ROUNDS * EACH)]
    rows: list[tuple[float, float, float]] = []
    for start in range(0, ROUNDS * EACH, EACH):
        part = slice(start, start + EACH)
        other = slice(ROUNDS * EACH + start, ROUNDS * EACH + start + EACH)
        rows.append((own(believe, clear[part]), own(believe, hidden[part]), own(library, clear[other])))
    ours, encrypted, plain = map(list, zip(*rows, strict=True))
    say(
        "Believing an answer, nothing else: CPU milliseconds in one process",
        f"{'ours, from the form to the assertion':<44}{spread(ours)}",
        f"{'ours, the assertion encrypted':<44}{spread(encrypted)}",
        f"{'python3-saml, settings made at each':<44}{spread(plain)}",
        f"{'encrypted : clear (goal 3)':<44}{spread(ratios(encrypted, ours))}",
        f"{'ours : python3-saml (goal 0.5)':<44}{spread(ratios(ours, plain))}",
    )


def written(provider: IdentityProvider, now: datetime, encrypt_for: str = "") -> str:
    """An honest answer under ids of its own, as it is posted."""
    answer = messages.answer_for(provider, service(), ISOLDE, REQUEST_ID, now)
    return base64.b64encode(messages.signed_response(answer, provider, encrypt_for=encrypt_for)).decode()


def own(call: Callable[[str], object], given: Sequence[str]) -> float:
    """CPU milliseconds of one call in this process, each with another message."""
    began = time.process_time()
    for message in given:
        call(message)
    return 1000 * (time.process_time() - began) / len(given)
