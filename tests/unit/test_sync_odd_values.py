"""Odd cells, as people and spreadsheets write them: kept, mended with a note, or refused with a reason."""

from datetime import date

import pytest

from sync.days import read_day
from sync.names import Name, names_nobody, person_words, split_name
from sync.normalise import clean, domain_name, mail_address, telephone, words

RLO, ZWSP = "\u202e", "\u200b"


@pytest.mark.parametrize(
    ("sent", "kept", "note"),
    [
        ("'0207 946 0000", "+44 20 7946 0000", ""),  # a spreadsheet's way to keep the zero
        ('="020 7946 0000"', "+44 20 7946 0000", ""),
        ("2079460000", "+44 20 7946 0000", "leading zero was put back"),
        ("2079460000.0", "+44 20 7946 0000", "leading zero was put back"),
        ("00442079460000", "+44 20 7946 0000", ""),
        ("tel:+442079460000", "+44 20 7946 0000", ""),
        ("Tel: 020 7946 0000", "+44 20 7946 0000", ""),
        ("\uff10\uff12\uff10 7946 0000", "+44 20 7946 0000", ""),  # full-width digits
        ("020\u00a07946\u00a00000", "+44 20 7946 0000", ""),
        ("020 7946 0000, ext 12", "+44 20 7946 0000 x12", ""),
        (f"020 7946 {ZWSP}0000", "+44 20 7946 0000", ""),
        ("020\u20117946\u20110000", "+44 20 7946 0000", ""),  # hyphens that a word processor does not break
        ("DDI: 020 7946 0000", "+44 20 7946 0000", ""),
        ("020 7946 0000 (ext 12)", "+44 20 7946 0000 x12", ""),
        ("020 7946 0000 extn. 12", "+44 20 7946 0000 x12", ""),
        ("02079460000#12", "+44 20 7946 0000 x12", ""),
        ("020 7946 0000 (secretary)", "+44 20 7946 0000", "left out"),
    ],
)
def test_a_number_that_a_spreadsheet_or_a_habit_changed_is_mended(sent: str, kept: str, note: str) -> None:
    assert (telephone(sent).text, telephone(sent).refused) == (kept, False)
    assert note in telephone(sent).note


@pytest.mark.parametrize(
    "sent",
    [
        "2,07946E+10",
        "2.07946e10",
        "#REF!",
        "#N/A",
        "########",
        "999",
        "020 7946 000",
        "0" * 60,
        "AB123456C",
        "0909 879 0000",
    ],
)
def test_a_number_that_is_lost_is_refused(sent: str) -> None:
    assert telephone(sent).refused
    assert sent not in telephone(sent).note


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Ada Quill <Ada.Quill@RIVERS.example>", "Ada.Quill@rivers.example"),
        ('"Quill, Ada" <ada@rivers.example>;', "ada@rivers.example"),
        ("<ada@rivers.example>", "ada@rivers.example"),
        ("MAILTO:ada@rivers.example?subject=Hello", "ada@rivers.example"),
        ("ADA.QUILL@RIVERS.EXAMPLE", "ADA.QUILL@rivers.example"),
        ("ada+desk@rivers.example", "ada+desk@rivers.example"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.xn--p1ai", "ada@xn--bcher-kva.xn--p1ai"),
        ("ada@rivers.example\u00a0", "ada@rivers.example"),
        ("ada@rivers.example.", "ada@rivers.example"),
        ("'ada@rivers.example'", "ada@rivers.example"),
        ("ada@rivers.example (PA)", "ada@rivers.example"),
        ("E-mail: ada@rivers.example", "ada@rivers.example"),
        ("SMTP:ada@rivers.example", "ada@rivers.example"),
        ("ada\uff20rivers.example", "ada@rivers.example"),
        ("[ada@rivers.example](mailto:ada@rivers.example)", "ada@rivers.example"),
        ("ada@rivers.example#mailto:ada@rivers.example#", "ada@rivers.example"),  # a database's link
    ],
)
def test_a_mail_address_in_any_dress_is_kept_plain(sent: str, kept: str) -> None:
    assert mail_address(sent).text == kept


@pytest.mark.parametrize(
    "sent",
    [
        "ada@riv\u0435rs",  # a Cyrillic letter, and no top-level domain
        "ada quill@rivers.example",
        "ada@rivers.example, bram@rivers.example",
        "QQ123456C@rivers.example",
        "#N/A",
        '=HYPERLINK("mailto:a@rivers.example")',
        "ada@" + "a" * 64 + ".example",
        "ada@[127.0.0.1]",
        "ada(comment)@rivers.example",
        '"ada quill"@rivers.example',
        "ada@rivers.example\\0",
        "ada@riv\u0435rs.example",
        ".ada@rivers.example",
        "ada@rivers.example bram@rivers.example",
    ],
)
def test_what_may_be_another_address_is_refused(sent: str) -> None:
    assert mail_address(sent).refused


@pytest.mark.parametrize(
    ("sent", "kept", "note"),
    [
        ("Health &amp; Safety", "Health & Safety", "escaped for a web page"),
        ("O&#39;Neil", "O'Neil", "escaped for a web page"),
        ("Ada \U0001f600 Quill", "Ada Quill", "pictures"),
        (f"Ada{RLO} Quill", "Ada Quill", "invisible"),
        ("Zoe\u0308", "Zoë", ""),
        ("Director\fof\x0brivers", "Director of rivers", ""),
        ("Director\r\nof rivers", "Director of rivers", ""),
        ("\ufeffAda", "Ada", "invisible"),
        ("Siân Ó Briain", "Siân Ó Briain", ""),
        ("ליאה כהן", "ליאה כהן", ""),  # right to left
        ("محمد", "محمد", ""),
        ("Анна Каренина", "Анна Каренина", ""),  # all Cyrillic is a name
        ("Director (R&D)", "Director (R&D)", ""),
        ("CN=Ada,OU=x\\,*()", "CN=Ada,OU=x\\,*()", ""),  # means something to LDAP, and is text
        ("'t Hooft", "'t Hooft", ""),
        ("Rivers &amp;amp; Coasts", "Rivers & Coasts", "escaped for a web page"),
        ("D&eacute;sir\u00e9e", "Désirée", "escaped for a web page"),
        ("R&D&region;", "R&D&region;", ""),
        ("&#8238;wolraM", "wolraM", "invisible"),  # a mark that turns the line, written for a web page
        ("D\u00c3\u0192\u00c2\u00a9sir\u00c3\u0192\u00c2\u00a9e", "Désirée", "garbled"),  # twice
        ("D\u00c3\u00a9sir\u00e9e", "Désirée", "garbled"),  # in part
        ("O\u00e2\u0080\u0099Neil", "O\u2019Neil", "garbled"),  # UTF-8 read as Latin-1
        ("O\u0092Neil", "O\u2019Neil", "garbled"),  # Windows-1252 read as Latin-1
        ("Iona\u00c8\u203a", "Iona\u021b", "garbled"),
        ("NESCAF\u00c9\u00ae", "NESCAFÉ", "pictures"),
        ("\U0001d400\U0001d41d\U0001d41a", "Ada", "fancy"),
        ("Ada 1\ufe0f\u20e3", "Ada 1", "pictures"),
    ],
)
def test_text_is_made_plain_and_said_to_be(sent: str, kept: str, note: str) -> None:
    assert (words(sent).text, words(sent).refused) == (kept, False)
    assert note in words(sent).note


@pytest.mark.parametrize(
    "sent",
    [
        '=HYPERLINK("https://evil.example","Ada")',
        "=1+1",
        "\t=1+1",
        "+SUM(A1)",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1)",
        "\uff1dcmd|'/C calc'!A0",
        "#REF!",
        "#NAME?",
        "#VALUE!",
        "#DIV/0!",
        "####",
        "\u0410da Quill",  # the first letter is Cyrillic
        "\u0391da",  # Greek
        "QQ 12 34 56 C",
        "Director (NI: AB123456C)",
        "Err:502",
        "&#61;1+1",
        "M" + "\u0301\u0317" * 9 + "arlow",
        "x" * 1_000_000,
    ],
)
def test_text_that_is_not_what_it_seems_is_refused(sent: str) -> None:
    assert words(sent).refused
    assert not words(sent).text
    assert "123456" not in words(sent).note


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("Ada Quill / Bram Okafor", "two people"),
        ("Ada Quill & Bram Okafor", "two people"),
        ("Ada Quill and Bram Okafor", "two people"),
        ("ada.quill@rivers.example", "mail address"),
        ("12345", "no letters"),
        ("--- ---", "no letters"),
        ("D?sir?e", "no name has"),
        ("D\u201asir\u201ae", "no name has"),  # code page 437 read as Windows-1252
        ("2020-02-01T00:00:00", "no name has"),
        ("S12345", "no name has"),
        ("\u00abSurname\u00bb", "no name has"),
        ("[object Object]", "no name has"),
        ("Voil\u00c3", "lost by a wrong encoding"),
    ],
)
def test_a_cell_that_is_not_one_person_s_name_is_refused(sent: str, reason: str) -> None:
    assert reason in person_words(sent).note


@pytest.mark.parametrize(
    "sent", ["Vacant", "VACANT POST", "Post vacant (advertised)", "Vacancy", "To be confirmed", "Recruiting"]
)
def test_a_cell_that_says_that_nobody_is_there_names_nobody(sent: str) -> None:
    assert names_nobody(sent)
    assert not names_nobody("Ada Vacanter")


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("Elizabeth (Liz) Quill", Name("Quill", "Elizabeth", known_as="Liz")),
        ('Elizabeth "Liz" Quill', Name("Quill", "Elizabeth", known_as="Liz")),
        ("Ada Quill (Acting)", Name("Quill", "Ada")),
        ("Baroness Quill of Rivers", Name("Quill of Rivers", "", "Baroness")),
        (
            "The Rt Hon the Lord Quill of Rivers KCB",
            Name("Quill of Rivers", "", "The Rt Hon the Lord", "KCB"),
        ),
        ("Lord Quill", Name("Quill", "", "Lord")),
        ("Lady Ada Quill", Name("Quill", "Ada", "Lady")),
        ("Bram Okafor Jr", Name("Okafor Jr", "Bram")),
        ("Bram Okafor III", Name("Okafor III", "Bram")),
        ("Quill, Ada, Dr", Name("Quill", "Ada", "Dr")),
        ("Quill, Ada CBE", Name("Quill", "Ada", "", "CBE")),
        ("Ada Quill CBE, DL", Name("Quill", "Ada", "", "CBE DL")),
        ("Air Marshal Sir Bram Okafor KCB ADC", Name("Okafor", "Bram", "Air Marshal Sir", "KCB ADC")),
        ("MR BRAM OKAFOR", Name("OKAFOR", "BRAM", "MR")),
        ("Revd Canon Dr Ada Quill", Name("Quill", "Ada", "Revd Canon Dr")),
        ("Ada Quill-Vale", Name("Quill-Vale", "Ada")),
        ("Ada O'Neil", Name("O'Neil", "Ada")),
        ("Ada d\u2019Arcy", Name("d\u2019Arcy", "Ada")),
    ],
)
def test_honours_peerages_and_names_in_use_are_told_apart(sent: str, name: Name) -> None:
    assert split_name(sent) == name


@pytest.mark.parametrize(
    ("sent", "form", "found", "note"),
    [
        ("46082", "%d/%m/%Y", date(2026, 3, 1), "day number"),
        ("46082.5", "", date(2026, 3, 1), "day number"),
        ("29/02/2028", "%d/%m/%Y", date(2028, 2, 29), ""),
        ("29/02/2026", "%d/%m/%Y", None, "not a day"),
        ("31/04/2026", "%d/%m/%Y", None, "not a day"),
        ("03/25/2026", "%d/%m/%Y", None, "the other way round"),
        ("01/02/26", "%d/%m/%Y", None, "not a day"),  # which century is a guess
        ("01/02/26", "%d/%m/%y", date(2026, 2, 1), ""),
        ("01/02/1900", "%d/%m/%Y", None, "not a likely day"),
        ("31/12/9999", "%d/%m/%Y", None, "read as no day"),
        ("31/12/4712", "%d/%m/%Y", None, "read as no day"),
        ("2026-06-30T23:30:00Z", "", date(2026, 7, 1), ""),  # summer time in London
        ("2026-11-01T00:30:00+02:00", "", date(2026, 10, 31), ""),
        ("2026-11-01 09:00:00", "%d/%m/%Y", date(2026, 11, 1), ""),
        ("0001-01-01T00:00:00+14:00", "", None, "not a day"),
        ("0", "%d/%m/%Y", None, "not a day"),
        ("01/03/2026 00:00:00", "%d/%m/%Y", date(2026, 3, 1), ""),
        ("01/03/2026 12:00:00 AM", "%d/%m/%Y", date(2026, 3, 1), ""),
        ("01/03/2026 25 00", "%d/%m/%Y", None, "not a day"),
        ("06/06/2079", "%d/%m/%Y", None, "read as no day"),
        ("AB123456C", "%d/%m/%Y", None, "not a day"),
        ("1 Nov 2026", "%d %b %Y", date(2026, 11, 1), ""),
    ],
)
def test_days_are_read_as_meant_or_not_at_all(sent: str, form: str, found: date | None, note: str) -> None:
    assert read_day(sent, form).day == found
    assert note in read_day(sent, form).note
    assert "123456" not in read_day(sent, form).note


def test_a_mail_domain_is_a_domain() -> None:
    assert domain_name("@Rivers.Example").text == "rivers.example"
    assert domain_name("bücher.example").text == "xn--bcher-kva.example"
    for wrong in ("https://rivers.example", "rivers", "*", "é" * 300):
        assert domain_name(wrong).refused


def test_what_a_spreadsheet_could_not_work_out_is_not_taken_for_nothing() -> None:
    assert clean("#N/A").refused
    assert not clean("N/A").refused
