"""Files of people are what address books and spreadsheets read, and nothing that they carry out."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people_files import BYTE_ORDER_MARK, COLUMNS, FORMULA, as_csv, as_vcards, cell
from ldap_schema.people import Person

ADA = Person(
    uid="a1", full_name="Ada Quill", family_name="Quill", given_name="Ada", title="Keeper, of; Tides",
    organisation_name='The "Quills"', telephone=("+44 20 7946 0958", "+353 1 234"), mail=("ada@q.example",),
)  # fmt: skip


def rows(text: str) -> list[list[str]]:
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def test_a_table_has_a_line_for_each_person_and_numbers_as_they_are_dialled() -> None:
    heading, ada = rows(as_csv([(ADA, "http://localhost/people/a1")]))
    told = dict(zip(heading, ada, strict=True))
    assert tuple(heading) == COLUMNS
    assert told["Name"] == "Ada Quill"
    assert told["Post"] == "Keeper, of; Tides"
    assert told["Organisation"] == 'The "Quills"'
    assert told["Office line"] == "020 7946 0958; 00353 1 234"
    assert told["Page"] == "http://localhost/people/a1"


@pytest.mark.parametrize(
    "hostile", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=1", "=cmd|' /C calc'!A0", "|x", "%0A=1"]
)
def test_no_value_becomes_a_formula(hostile: str) -> None:
    person = Person(uid="a1", full_name=hostile, family_name=hostile, title=hostile, telephone=(hostile,),
                    organisation_name=hostile, mail=(hostile,))  # fmt: skip
    for row in rows(as_csv([(person, "http://localhost/people/a1")])):
        assert not [value for value in row if value.strip().startswith(FORMULA)]


@given(st.text(max_size=60))
def test_a_cell_is_one_line_and_no_formula_whatever_it_holds(text: str) -> None:
    assert not cell(text).startswith(FORMULA)
    assert "\n" not in cell(text)


def test_cards_follow_each_other_and_no_name_begins_another_card() -> None:
    sly = Person(uid="b2", full_name="X\r\nEND:VCARD\r\nBEGIN:VCARD", family_name="X;Y,Z\\", given_name="n\n")
    text = as_vcards([(ADA, "http://localhost/people/a1"), (sly, "http://localhost/people/b2")])
    lines = text.split("\r\n")
    assert lines.count("BEGIN:VCARD") == lines.count("END:VCARD") == lines.count("VERSION:4.0") == 2
    assert "N:X\\;Y\\,Z\\\\;n\\n;;;" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
