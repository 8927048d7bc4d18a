"""Private data stays out: by a column's name, however it is spelt, and by the look of a value."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import MappingRefused
from sync.mapping_reader import load_feed
from sync.private import is_private_value, private_kind
from tests.sync_world import write_mapping

PRIVATE = (
    "DOB|D.O.B.|d o b|Birth date|Birthdate|DateOfBirth|date_of_birth|BIRTH_DT|person.dateOfBirth|Age|"
    "Place of birth|NI no|NI No.|N.I. Number|NI|NINO|National Insurance|Nat. Ins. No|NINumber|NI_NUM|"
    "NatInsNo|Home addr|Home Address|HomeAddress|home_address_line_1|Address (home)|Home Postcode|"
    "Residential address|Home tel|Personal mobile|Private email|Personal E-mail|Salary|salaryGBP|"
    "Basic Salary|Pay|Annual pay|Actual Pay Floor (£)|Base Pay|Remuneration|Bonus|Wage|Pension|Bank|"
    "Bank account|Bank A/C|Sort code|SORTCODE|IBAN|Account number|Sex|Gender|Sexual Orientation|"
    "Ethnicity|Ethnic Origin|Religion|Religious belief|Disability|Disabled?|Medical notes|"
    "Sickness days|Marital status|Next of kin|Passport No|Nationality|Trade union|DO\u200bB|"
    "\uff24\uff2f\uff22|Security clearance|Criminal record|Password"
).split("|")
HONEST = (
    "Paymaster post|Paymaster General|Payroll No|Payments lead|Post|Post no|Name|Staff No|Personnel No|"
    "E-mail|Mobile|Contact Phone|Job Title|Grade (or equivalent)|Organisation|Parent Department|"
    "Health board|NHS Trust|Account|User name|Agency|Manager|Page|Home Office ref|Home department|"
    "Stage|Language|Northern Ireland ref|Region|Unit|Emergency duty|Personal title|Private Office|"
    "Private Office E-mail|Private Office Tel|Private Secretary|Reason for leaving|Rank|Minister|"
    "Union Street office|Bank holiday rota|Essex region|Middlesex unit|Sexton"
).split("|")


@pytest.mark.parametrize("column", PRIVATE)
def test_a_private_column_is_known_by_its_name(column: str) -> None:
    assert private_kind(column)
    assert private_kind(column.upper())
    assert private_kind(f" {column.lower()} ")


@pytest.mark.parametrize("column", HONEST)
def test_an_honest_column_is_not_refused(column: str) -> None:
    assert not private_kind(column)


@pytest.mark.parametrize(
    "old",
    ['full_name = "Name"', 'mail = "Mail"', 'title = "Title"', 'key = ["Staff No"]', 'column = "Grade"',
     'name = "Organisation"', '{ column = "From"', 'post_key = ["Post Ref"]'],
)  # fmt: skip
def test_no_part_of_a_mapping_can_take_it(tmp_path: Path, old: str) -> None:
    start, _, rest = old.rpartition('"')[0].rpartition('"')
    path = write_mapping(tmp_path, old=old, new=f'{start}"D.O.B."' + old[len(start) + len(rest) + 2 :])
    with pytest.raises(MappingRefused, match=r'"D\.O\.B\." looks like private data .* a date of birth'):
        load_feed(path)


def test_a_pay_band_may_decide_who_is_eligible_and_is_never_kept(tmp_path: Path) -> None:
    assert load_feed(write_mapping(tmp_path, old='"Grade"', new='"Pay band"')).eligible.column == "Pay band"
    with pytest.raises(MappingRefused, match=r"post\.title: .*a pay band"):
        load_feed(write_mapping(tmp_path, old='title = "Title"', new='title = "Pay band"'))


@pytest.mark.parametrize(
    "text", ["QQ123456C", "qq 12 34 56 c", "AB-12-34-56-A", "NI: AB123456C.", "\uff31\uff31123456\uff23"]
)
def test_a_national_insurance_number_is_known_by_its_form(text: str) -> None:
    assert is_private_value(text)


@pytest.mark.parametrize(
    "text", ["AB123456", "P123456C", "ABC123456C", "020 7946 0000", "SW1A 2AA", "AB123456E"]
)
def test_other_numbers_are_not(text: str) -> None:
    assert not is_private_value(text)


@given(st.text(max_size=60))
def test_any_name_of_a_column_is_judged(column: str) -> None:
    assert isinstance(private_kind(column), str)
    assert isinstance(is_private_value(column), bool)
