"""A mapping is refused with the file, the key and the closest right word."""

import tempfile
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import MappingRefused
from sync.mapping_reader import TABLES, feed_from, load_feed
from tests.sync_world import MAPPING, write_mapping

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
        ('full_name = "Name"', 'full_name = ""', "person.full_name: give either column or value"),
        ('full_name = "Name"', 'full_name = " "', "person.full_name: give either column or value"),
        ('full_name = "Name"', "full_name = {column = 1}", "write it as text"),
        ('full_name = "Name"', 'full_name = {column = "a", value = "b"}', "give either column or value"),
        ('full_name = "Name"', "full_name = 2026-11-01", "write a column's name"),
        ('key = ["Staff No"]', 'key = ["Staff No", ""]', "identity.key: a column's name is blank"),
        ('key = ["Staff No"]', "key = [[1]]", "list of texts"),
        (
            '"%d/%m/%Y" }\nlast',
            '"dd/mm/yyyy" }\nlast',
            '"dd/mm/yyyy" is no form of a day',
        ),
        ('"%d/%m/%Y" }\nlast', '"%d%d" }\nlast', "no form of a day"),
        ('"%d/%m/%Y" }\nlast', '"%" }\nlast', "no form of a day"),
        ('"%d/%m/%Y" }\nlast', f'"{"%d" * 9_999}" }}\nlast', "no form of a day is longer"),
        ('column = "To"', 'column = "From"', "the same column is post.first_day already"),
        ('telephone = "Phone"', 'telephone = "Mail"', "the same column is person.mail already"),
        ('full_name = "Name"', 'given_name = "Name"\nfamily_name = "Name"', "is person.given_name already"),
        ("rivers-{as_of}.csv", "rivers-*.csv", "no other mark"),
        ("rivers-{as_of}.csv", "rivers-{as_of.csv", "no other mark"),
        ("rivers-{as_of}.csv", "rivers\\u0000.csv", "on one line"),
        ('name = "Rivers HR"', 'name = "Rivers\\nBcc: x@evil.example"', "on one line"),
        ('name = "Rivers HR"', 'contact = "a@rivers.example\\nBcc: x@evil.example"', "on one line"),
        ('name = "Rivers HR"', 'contact = "Rivers HR"', "one mail address"),
        ("rivers-{as_of}.csv", "{part}-{part}.csv", "{part} stands there twice"),
        ("rivers-{as_of}.csv", "../rivers.csv", "without a folder"),
        ('id = "rivers"', 'id = "../rivers"', "small letters"),
        ("[person]", "[person]\nfull_nam = 1", 'Did you mean "full_name"'),
        (
            'title = "Title"',
            'title = "Title"\nkind = { column = "Basis", map = { "P" = "substantiv" } }',
            'post.kind.map: "substantiv" is no way to hold a post. Did you mean "substantive"?',
        ),
        (
            'title = "Title"',
            'title = "Title"\nkind = { column = "Basis", default = "xyz" }',
            'post.kind.default: "xyz" is no way to hold a post. Use one of: substantive, acting',
        ),
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
        ('absent = "100.5%"', "percentage"),
        ('absent = "\u0661%"', "percentage"),
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


HOSTILE = [
    (b"\xff\xfe[\0f\0e\0", "not UTF-8 text"),
    ("[feed]\nname = 'Zo\u00eb'".encode("cp1252"), "line 2 is not UTF-8"),
    (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deep"),
    (b"[a" + b".a" * 5000 + b"]", "no such table|nested too deep"),
    (b"[feed]\nid = 'a'\nid = 'b'", "is not a TOML file"),
    (b"[feed]\n[feed]", "is not a TOML file"),
    (b"feed = " + b"9" * 5000, "no computer needs"),
    (b"\0", "is not a TOML file"),
    (b"", "feed.id: it is needed and missing"),
    (b"[feed]\nid = 'a'\n", "source.file: it is needed"),
    (b"[[feed]]\nid = 'a'\n", "this is a table"),
    (b"feed = 'a'", "this is a table"),
    (b"'\\u001b[31mred' = 1", "is not a TOML file|no such table"),
    (b'"\\u001b[31mred" = 1', "no such table"),
    (b"#" * 2_000_000, "larger than"),
]


@pytest.mark.parametrize(("raw", "said"), HOSTILE)
def test_a_file_that_is_no_mapping_is_refused_in_words(tmp_path: Path, raw: bytes, said: str) -> None:
    path = tmp_path / "odd.toml"
    path.write_bytes(raw)
    with pytest.raises(MappingRefused, match=said) as refused:
        load_feed(path)
    assert str(path) in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = write_mapping(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_feed(path).id == "rivers"


@pytest.mark.parametrize(
    ("format_", "said"),
    [
        ('type = "xls"', 'Did you mean "xlsx"'),
        ("skip_rows = true", "format.skip_rows: write a whole number"),
        ("skip_rows = -1", "format.skip_rows: write a whole number"),
        ("footer_rows = 99999999999", "format.footer_rows: write a whole number"),
        ("delimiter = 1", "format.delimiter: write it as text"),
        ('delimiter = ";;"', "format.delimiter: write one mark"),
        ('delimiter = "\\n"', "format.delimiter: write one mark"),
        ('delimiter = "a"', "format.delimiter: write one mark"),
        ('delimiter = "\\""', "the same mark"),
        ('quote = ""', "format.quote: write one mark"),
        ('encoding = "rot13"', "format.encoding"),
        ('encoding = "utf-7"', "format.encoding"),
        ('encoding = "\\u0000"', "format.encoding"),
        ('footer_count = "Total"', "write {n} for the number"),
        ('skip_rows = 2\nskip_until = "Name"', "give either skip_rows or skip_until"),
        ('type = "json"\nskip_rows = 2', "format.skip_rows: it means nothing for json"),
        ('sheet = "Staff"', "format.sheet: it means nothing for csv"),
        ('type = "xlsx"\nrecords = "a"', "format.records: it means nothing for xlsx"),
    ],
)
def test_a_wrong_format_is_refused_with_its_key(tmp_path: Path, format_: str, said: str) -> None:
    with pytest.raises(MappingRefused) as refused:
        load_feed(write_mapping(tmp_path, extra=f"[format]\n{format_}\n"))
    assert said in str(refused.value)


@given(st.binary(max_size=200), st.integers(0, 600))
def test_any_bytes_in_a_mapping_are_a_mapping_or_a_refusal(raw: bytes, place: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_mapping(Path(folder))
        good = path.read_bytes()
        path.write_bytes(good[:place] + raw + good[place + len(raw) :])
        with suppress(MappingRefused):
            load_feed(path)


WORDS = ["column", "value", "map", "date", "prefix", "key", "title", "id", "file", "name", "floor", "type"]
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["Name", "%d", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=2),
    max_leaves=6,
)


@given(st.sampled_from([*TABLES]), st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=4))
def test_any_values_in_a_table_are_a_mapping_or_a_refusal(table: str, content: dict[str, object]) -> None:
    good = tomllib.loads(MAPPING)
    good[table] = good.get(table, {}) | content
    with suppress(MappingRefused):
        feed_from(good, Path("odd.toml"))
