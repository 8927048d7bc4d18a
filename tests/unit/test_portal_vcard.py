"""vCard 4.0: nothing in a name can become a property, and lines are folded as RFC 6350 says."""

from hypothesis import given
from hypothesis import strategies as st

from app.vcard import dialled, escaped, folded, vcard
from ldap_schema.people import Person


def _person(**values: str | tuple[str, ...]) -> Person:
    usual: dict[str, object] = {
        "uid": "u1",
        "full_name": "Ada Quill",
        "family_name": "Quill",
        "given_name": "Ada",
    }
    return Person(**{**usual, **values})  # type: ignore[arg-type]


def test_a_card_holds_name_post_and_every_route() -> None:
    card = vcard(
        _person(
            title="Chief, Quills", mail=("a@b.example",), telephone=("+44 (0)20 7946 0001",), honours="OBE"
        ),
        "https://directory.example/people/u1",
    )
    assert card.startswith("BEGIN:VCARD\r\nVERSION:4.0\r\n")
    assert card.endswith("END:VCARD\r\n")
    assert "N:Quill;Ada;;;OBE\r\n" in card
    assert "TITLE:Chief\\, Quills\r\n" in card
    assert 'TEL;VALUE=uri;TYPE="work,voice":tel:+442079460001\r\n' in card
    assert "SOURCE:https://directory.example/people/u1\r\n" in card


@given(st.text())
def test_no_name_adds_a_line(name: str) -> None:
    card = vcard(_person(full_name=name, family_name=name), "https://directory.example/people/u1")
    lines = card.replace("\r\n ", "").split("\r\n")
    assert [line.partition(":")[0] for line in lines if line] == [
        "BEGIN", "VERSION", "KIND", "UID", "FN", "N", "SOURCE", "END",
    ]  # fmt: skip


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=400))
def test_a_folded_line_is_short_and_unfolds_to_itself(line: str) -> None:
    pieces = folded(line)
    assert all(len(piece.encode()) <= 75 for piece in pieces.split("\r\n"))
    assert pieces.removesuffix("\r\n").replace("\r\n ", "") == line


def test_backslashes_are_escaped_before_the_marks_they_would_escape() -> None:
    assert escaped("a\\,b;c\nd") == "a\\\\\\,b\\;c\\nd"


def test_a_number_is_dialled_without_its_decoration() -> None:
    assert dialled("+44 (0)20 7946 0001") == "+442079460001"
    assert dialled("(020) 7946-0001") == "02079460001"
