"""A mapping is refused with the file, the key and the closest right word."""

from pathlib import Path

import pytest

from sync.errors import MappingRefused
from sync.mapping_reader import load_feed
from tests.sync_world import write_mapping

ROOT = Path(__file__).parents[2]


def test_a_good_mapping_is_read(tmp_path: Path) -> None:
    feed = load_feed(write_mapping(tmp_path))
    assert (feed.id, feed.key, feed.post_key) == ("rivers", ("Staff No",), ("Post Ref",))
    assert feed.person["full_name"].column == "Name"
    assert feed.eligible.not_a_person["n/d"] == "not disclosed"


@pytest.mark.parametrize("path", sorted((ROOT / "sync" / "feeds").glob("*.toml")), ids=lambda path: path.name)
def test_every_mapping_we_ship_is_good(path: Path) -> None:
    assert load_feed(path).key


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[person]", "[persons]", 'Did you mean "person"?'),
        ("telephone =", "telefone =", 'person.telefone: there is no such key. Did you mean "telephone"?'),
        ('key = ["Staff No"]', "", "identity.key"),
        ('title = "Title"', "", "post.title"),
        ('full_name = "Name"', 'family_name = "Name"', "full_name, or family_name and given_name"),
        (
            'date = "%d/%m/%Y" }\nlast',
            'dat = "%d/%m/%Y" }\nlast',
            'post.first_day.dat: there is no such option. Did you mean "date"?',
        ),
        (
            'telephone = "Phone"',
            'telephone = "Date of Birth"',
            'person.telephone: the column "Date of Birth" looks like private data',
        ),
        ('telephone = "Phone"', 'telephone = "NI Number"', "private data"),
        ('telephone = "Phone"', 'telephone = "Home Address"', "private data"),
        ('column = "Grade"', 'column = "Actual Pay Floor"', "private data"),
        ('file = "rivers-{as_of}.csv"', 'file = "rivers-{date}.csv"', "{date} is not known"),
        ('id = "rivers"', 'id = "Rivers HR"', "feed.id"),
        ('id = "rivers"', "id = 7", "quotation marks"),
        ("create = true", 'create = "yes"', "write true or false"),
        ('any_of = ["SCS3", "SCS4"]', "any_of = [3]", "list of texts"),
        ('column = "Grade"', "", "column and any_of belong together"),
        ('name = "Organisation"', "name = {}", "give either column or value"),
        ("[feed]", "[feed", "is not a TOML file"),
    ],
)
def test_a_wrong_mapping_is_refused_with_the_key_and_what_to_write(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = write_mapping(tmp_path, old=old, new=new)
    with pytest.raises(MappingRefused) as refused:
        load_feed(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert refused.value.exit_code == 4


def test_a_pay_band_is_a_grade_and_not_pay(tmp_path: Path) -> None:
    path = write_mapping(tmp_path, old='column = "Grade"', new='column = "Pay Band"')
    assert load_feed(path).eligible.column == "Pay Band"


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        ('absent = "five"', "percentage"),
        ("absent = 5", "percentage"),
        ('absnt = "5%"', 'Did you mean "absent"?'),
    ],
)
def test_a_wrong_limit_is_refused(tmp_path: Path, guard: str, said: str) -> None:
    with pytest.raises(MappingRefused, match=said.replace("?", r"\?")):
        load_feed(write_mapping(tmp_path, extra=f"[guard]\n{guard}\n"))


def test_limits_are_shares(tmp_path: Path) -> None:
    limits = load_feed(write_mapping(tmp_path, extra='[guard]\nabsent = "12.5%"\nfloor = 3\n')).limits
    assert (limits.absent, limits.floor, limits.open) == (0.125, 3, False)


def test_an_unknown_encoding_is_refused_with_a_known_one(tmp_path: Path) -> None:
    path = write_mapping(tmp_path, extra='[format]\nencoding = "cp-1252x"\n')
    with pytest.raises(MappingRefused, match=r'Did you mean "cp1252"\?'):
        load_feed(path)


def test_a_mapping_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingRefused, match=r"There is no mapping file at .*nowhere\.toml"):
        load_feed(tmp_path / "nowhere.toml")
