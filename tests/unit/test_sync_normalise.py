"""Values as senders write them: normalised, or refused one by one with a reason."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.days import read_day
from sync.names import Name, same_person, split_name
from sync.normalise import clean, mail_address, telephone, words


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("020 7946 0000", "+44 20 7946 0000"),
        ("020 794 60000", "+44 20 7946 0000"),
        ("(01793) 442028", "+44 1793 442028"),
        ("01793-442028", "+44 1793 442028"),
        ("+44 (0)20 7946 0000", "+44 20 7946 0000"),
        ("07700 900123", "+44 7700 900123"),  # kept for drama: what tests and demonstrations are full of
        ("+33 1 42 68 53 00", "+33 1 42 68 53 00"),
        ("020 7946 0000 x4321", "+44 20 7946 0000 x4321"),
        ("020 7946 0000 ext. 12", "+44 20 7946 0000 x12"),
    ],
)
def test_a_telephone_number_becomes_international(sent: str, kept: str) -> None:
    assert telephone(sent).text == kept
    assert not telephone(sent).note


@pytest.mark.parametrize(
    "sent",
    [
        "x4321",
        "2.07946E+10",
        "01582 763133 2235",
        "tel",
        "12345",
        "020 7323\ufffd8299",
        "ask Mrs Vale",
        "+44",
        "0207",
    ],
)
def test_what_is_not_one_whole_number_is_refused_with_a_reason(sent: str) -> None:
    value = telephone(sent)
    assert value.refused
    assert not value.text
    assert value.note


@pytest.mark.parametrize(
    "sent",
    ["0117 931 7300/7341", "020 7946 0000 or Minicom 020 7946 0001", "01255 245000 (Harwich Reception)"],
)
def test_the_first_whole_number_is_kept_and_the_rest_is_said(sent: str) -> None:
    value = telephone(sent)
    assert value.text.startswith("+44 ")
    assert "left out" in value.note


@pytest.mark.parametrize("sent", ["", "N/D", "N/A", "n/a", "'N/A'", "tbc", " - "])
def test_words_that_mean_nothing_are_nothing(sent: str) -> None:
    assert telephone(sent) == mail_address(sent)
    assert not telephone(sent).refused
    assert not telephone(sent).text


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Ada.Quill@Rivers.Example", "Ada.Quill@rivers.example"),
        ("a.quill @rivers.example", "a.quill@rivers.example"),
        ("a.quill@ rivers.example", "a.quill@rivers.example"),
        ("o'neil+desk@rivers.example", "o'neil+desk@rivers.example"),
        ("mailto:a@rivers.example", "a@rivers.example"),
    ],
)
def test_a_mail_address_is_mended_where_only_one_reading_is_possible(sent: str, kept: str) -> None:
    assert mail_address(sent).text == kept


@pytest.mark.parametrize(
    "sent",
    [
        "a@rivers.example (From 01/11/11 a@education.example)",
        "a@@rivers.example",
        "a@rivers",
        "Ada Quill",
        "a@-x.example",
        "a..b@rivers.example",
        "a@rivers.example b@rivers.example",
        "a\u202e@rivers.example",
        "a@rivers.example\nBcc: b@c.example",
        "x" * 65 + "@rivers.example",
        "é@rivers.example",
    ],
)
def test_what_is_not_one_mail_address_is_refused(sent: str) -> None:
    assert mail_address(sent).refused


def test_text_is_nfc_on_one_line() -> None:
    assert clean("  Zoe\u0308 \t\n Vale ").text == "Zoë Vale"


def test_control_and_bidirectional_characters_are_removed_with_a_note() -> None:
    value = clean("Ada\u202e\x00\u200b Quill")
    assert value.text == "Ada Quill"
    assert "removed" in value.note


def test_twice_decoded_letters_are_mended_with_a_note() -> None:
    assert clean("ZoÃ« Vale").text == "Zoë Vale"
    assert clean("Oâ€™Neil").text == "O\u2019Neil"
    assert "mended" in clean("ZoÃ« Vale").note


def test_letters_that_are_right_are_left_alone() -> None:
    for name in ("Âgnes Île", "São Ângelo", "Ærø", "Łódź", "Siân Ó Briain"):
        assert clean(name).text == name
        assert not clean(name).note


@pytest.mark.parametrize("sent", ["=HYPERLINK(1)", "@SUM(A1)", "+cmd|' /C calc'!A0", "x" * 257])
def test_formulas_and_over_long_texts_are_refused(sent: str) -> None:
    assert words(sent).refused


def test_lost_letters_spoil_a_name_and_not_a_title() -> None:
    assert words("Zo\ufffd Vale", name=True).refused
    assert words("Director \ufffd Rivers").text == "Director Rivers"


@given(st.text(max_size=300))
def test_any_text_gives_a_clean_value_or_a_reason(text: str) -> None:
    for check in (words, mail_address, telephone):
        value = check(text)
        assert unicodedata.is_normalized("NFC", value.text)
        assert value.text == " ".join(value.text.split())
        assert not any(unicodedata.category(letter) == "Cc" for letter in value.text)
        assert value.note if value.refused else True


@given(st.text(max_size=60))
def test_a_kept_value_is_kept_again(text: str) -> None:
    for check in (mail_address, telephone):
        once = check(text).text
        assert check(once).text == once


@pytest.mark.parametrize(
    ("sent", "form", "found"),
    [
        ("01/11/2026", "%d/%m/%Y", date(2026, 11, 1)),
        ("2026-11-01", "%d/%m/%Y", date(2026, 11, 1)),
        ("2026-11-01T00:00:00", "", date(2026, 11, 1)),
        ("31/02/2026", "%d/%m/%Y", None),
        ("soon", "", None),
    ],
)
def test_days_are_read_in_the_agreed_form_or_iso(sent: str, form: str, found: date | None) -> None:
    assert read_day(sent, form).day == found


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("Ada Quill", Name("Quill", "Ada")),
        ("Dame Ada Quill DBE", Name("Quill", "Ada", "Dame", "DBE")),
        ("QUILL, Ada [Dr]", Name("QUILL", "Ada", "Dr")),
        ("QUILL,Ada", Name("QUILL", "Ada")),
        ("QUILL ,Ada", Name("QUILL", "Ada")),
        ("Prof Ludo van der Berg FRS", Name("van der Berg", "Ludo", "Prof", "FRS")),
        ("Vice Admiral Sir Bram Okafor KCB CBE", Name("Okafor", "Bram", "Vice Admiral Sir", "KCB CBE")),
        ("Oisín Ó Dubhláin", Name("Ó Dubhláin", "Oisín")),
        ("Mòrag Mac an Ròin", Name("Mac an Ròin", "Mòrag")),
        ("Ada Quill, CBE", Name("Quill", "Ada", "", "CBE")),
        ("Bt Om", Name("Om", "Bt")),
        ("Cher", Name("Cher")),
        ("", Name("")),
    ],
)
def test_a_full_name_is_taken_apart_by_its_form(sent: str, name: Name) -> None:
    assert split_name(sent) == name


@pytest.mark.parametrize(
    "letter", ["\u3164", "\uffa0", "\u115f", "\u2800", "\u200d", "\U000e0041", "\uffff", "\ufe0f", "\u202e"]
)
def test_a_name_of_letters_that_nobody_sees_is_no_name(letter: str) -> None:
    assert clean(letter * 3).text == ""
    assert clean(f"Ada{letter} Quill").text == "Ada Quill"
    assert clean(f"Ada{letter} Quill").note


def test_marriage_keeps_the_person_and_another_name_does_not() -> None:
    ada = Name("Quill", "Ada")
    assert same_person(ada, Name("Quill-Vale", "Ada"))
    assert same_person(ada, Name("QUILL", "Adelaide"))
    assert same_person(ada, Name("Quill of Rivers", "", "Baroness"))
    assert not same_person(ada, Name("Okafor", "Bram"))
    assert not same_person(ada, Name("Okafor of Quill", "", "Lord"))


def test_a_name_is_shown_as_it_is_used() -> None:
    assert Name("Farrowmere", "Elizabeth", "Dame", "DBE", "Liz").display == "Dame Liz Farrowmere DBE"
    assert Name("Farrowmere", "Elizabeth", "Dame", "DBE", "Liz").full == "Elizabeth Farrowmere"


@given(st.text(max_size=80))
def test_any_text_can_be_read_as_a_name(text: str) -> None:
    assert isinstance(split_name(text).display, str)
