"""The list of organisations to sign in through: found by any of their names, short, and never misleading."""

from app.picker import PAGE, listing
from ldap_schema.organisations import Organisation
from saml.discovery import Choice, choices, find, shown_name
from saml.provider import LIVE, Provider


def provider(id: str, *organisations: str, **fields: object) -> Provider:
    made = {"name": id, "entity_id": f"https://{id}.example", "sso_url": "https://x.example", "state": LIVE}
    return Provider(id=id, organisations=organisations, **{**made, **fields})  # type: ignore[arg-type]


LEEDS = Organisation(
    id="leeds",
    name="Leeds Teaching Hospitals NHS Trust",
    acronyms=("LTHT",),
    former_names=("Leeds Infirmary",),
)
YORK = Organisation(id="york", name="York Hospitals NHS Trust")
DIRECTORY = {one.id: one for one in (LEEDS, YORK)}
SHARED = provider("nhs", "leeds", "york", shared_domains=("nhs.net",), names={"en": "NHS.net Connect"})


def names(found: list[Choice] | tuple[Choice, ...], text: str) -> list[str]:
    return [one.name for one in listing(found, text, "", 1).lines]


def test_each_organisation_of_a_provider_has_its_own_line_and_every_name_finds_it() -> None:
    lines = choices([SHARED], DIRECTORY)

    assert names(lines, "") == [LEEDS.name, YORK.name]
    for text in ("leeds teaching", "LTHT", "infirmary", "teachING hosp"):
        assert names(lines, text) == [LEEDS.name], text
    assert names(lines, "nhs.net connect") == [LEEDS.name, YORK.name]
    assert {one.own_name for one in lines} == {"NHS.net Connect"}


def test_what_a_provider_calls_itself_comes_after_what_the_directory_says_and_is_no_headline() -> None:
    impostor = provider("rivers", "rivers", names={"en": "York Hospitals NHS Trust"}, keywords=("york",))
    known = DIRECTORY | {"rivers": Organisation(id="rivers", name="Department for Rivers")}
    lines = choices([impostor, SHARED], known)

    assert names(lines, "york") == [YORK.name, "Department for Rivers"]


def test_a_provider_whose_organisations_the_directory_does_not_know_is_listed_by_its_registration() -> None:
    assert names(choices([provider("Coastguard", "gone")], DIRECTORY), "coast") == ["Coastguard"]


def test_a_long_list_is_offered_by_letter_and_page_and_a_short_one_whole() -> None:
    councils = [Organisation(id=f"{a}{n}", name=f"{a}-{n:03} council") for a in "AB" for n in range(PAGE + 5)]
    many = [Choice(one.name, SHARED, one) for one in councils]

    start = listing(many, "", "", 1)
    assert (len(start.lines), start.letters) == (0, ("A", "B"))
    assert len(listing(many, "", "B", 1).lines) == PAGE
    last = listing(many, "", "B", 2)
    assert (len(last.lines), last.page, last.pages, last.total) == (5, 2, 2, PAGE + 5)
    for odd in (-3, 99):
        assert listing(many, "council", "", odd).lines
    assert len(listing(many[:PAGE], "", "", 1).lines) == PAGE


def test_only_the_owner_of_a_domain_is_sure() -> None:
    owner = provider("rivers", "rivers", domains=("rivers.example",))
    other = provider("nhs-2", "leeds", shared_domains=("nhs.net",))

    assert find("x@Rivers.example ", [owner, SHARED]).sure
    for address, known, expected in (
        ("x@nhs.net", [owner, SHARED], ["nhs"]),
        ("x@nhs.net", [owner, SHARED, other], ["nhs", "nhs-2"]),
        ("x@other.example", [owner, SHARED], []),
        ("nobody", [owner, SHARED], []),
    ):
        answer = find(address, known)
        assert ([one.id for one in answer.providers], answer.sure) == (expected, False)


def test_several_providers_of_one_organisation_are_told_apart_from_several_organisations() -> None:
    first, second = (provider(id, "leeds", shared_domains=("leeds.example",)) for id in ("a", "b"))

    assert find("x@leeds.example", [first, second]).one_organisation
    assert not find("x@nhs.net", [SHARED]).one_organisation


def test_a_provider_is_called_by_its_organisation_if_it_has_one_alone() -> None:
    assert shown_name(provider("x", "leeds"), DIRECTORY) == LEEDS.name
    assert shown_name(SHARED, DIRECTORY) == "nhs"
    assert shown_name(provider("x", "gone"), DIRECTORY) == "x"


def test_two_providers_of_one_organisation_are_told_apart_even_if_both_carry_its_name() -> None:
    first, second = (
        provider(id, "york", name=YORK.name, sso_url=f"https://{id}.york.example/sso")
        for id in ("old", "new")
    )

    lines = choices([first, second], DIRECTORY)
    assert [(one.name, one.own_name) for one in lines] == [
        (YORK.name, "old.york.example"), (YORK.name, "new.york.example"),
    ]  # fmt: skip
    assert choices([first], DIRECTORY)[0].own_name == ""
