"""Whether the time of an answer tells that somebody has a concealed number: both kinds asked for in turn."""

from counterpart.settings import load
from dev.house import House
from ldap_schema.directory import Directory, Service
from tests.bench.measure import Row, latencies, percentile, show
from tests.bench.test_portal import Page, signed_in

ROUNDS = 300


def test_a_concealed_number_takes_no_longer_than_one_that_nobody_has(house: House) -> None:
    directory = Directory.open(load({}, house.settings.settings_file).directory, Service.SYNC)
    everybody = directory.people.everybody()
    directory.close()
    digits = {"".join(filter(str.isdigit, number))[-9:] for one in everybody for number in one.mobile}
    hidden = [one for one in everybody if not any(each.startswith("mobile:") for each in one.show)]
    concealed = min("".join(filter(str.isdigit, number))[-9:] for one in hidden for number in one.mobile)
    near = (f"{concealed[:6]}{last:03d}" for last in range(1000))
    nobodys = [number for number in near if number not in digits][:3]
    asked = {f"number {at} that nobody has": number for at, number in enumerate(nobodys, 1)}
    asked["a concealed one"] = concealed
    pages = {name: Page(signed_in(house), f"/search?q=0{number}") for name, number in asked.items()}
    took: dict[str, list[float]] = {name: [] for name in pages}
    for name, page in [*pages.items()] * ROUNDS:
        took[name] += latencies(page, 1)
    for page in pages.values():
        page.close()
    rows = [
        Row(name, tuple(percentile(each, share) for share in (0.5, 0.1, 0.9, 0.99)))
        for name, each in took.items()
    ]
    show("Searches that find nobody: milliseconds", ("p50", "p10", "p90", "p99"), rows,
         "The two kinds differ no more than the same kind from itself, if nothing is betrayed.")  # fmt: skip
