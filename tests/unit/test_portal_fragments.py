"""Which words of a query are a piece of a telephone number or a mail address, and what is asked for then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.fragments import fragment_of
from ldap_schema.contacts import MAILS, TELEPHONES, Piece
from sync.normalise import telephone

NUMBER = "+44 20 7946 0958"


@pytest.mark.parametrize(
    "typed",
    [
        "+44 20 7946 0958", "+44 (0)20 7946 0958", "(+44) 20 79460958", "0044 20 7946 0958", "020 7946 0958",
        "(020) 7946-0958", "02079460958", "0207 946", "020 7946", "+4420", "7946 0958", "0958", "460958",
        "44 20 7946", "tel:+442079460958", "".join(chr(0xFF10 + int(digit)) for digit in "0207946"),
    ],
)  # fmt: skip
def test_a_number_is_found_however_it_is_typed(typed: str) -> None:
    found = fragment_of(typed)
    assert found is not None
    piece, rest = found
    assert piece.attributes == TELEPHONES
    assert not rest.strip()
    assert piece.is_in(NUMBER)
    assert not piece.is_in("+44 113 496 0123")


@pytest.mark.parametrize("typed", ["958", "+44", "+1", "10", "1234567890123456", "Brigade 7", "x" * 300])
def test_too_little_or_too_much_is_no_piece_of_a_number(typed: str) -> None:
    assert fragment_of(typed) is None


@pytest.mark.parametrize(
    "typed",
    ["j.quill@", "@kent.police", "quill@kent", "J.Quill", "kent.police.example", "mailto:j.quill@kent"],
)
def test_an_address_is_found_by_any_piece_of_it(typed: str) -> None:
    found = fragment_of(typed)
    assert found is not None
    assert found[0].attributes == MAILS
    assert found[0].is_in("j.quill@kent.police.example")
    assert not found[0].is_in("ada@rivers.example")


@pytest.mark.parametrize(
    "typed", ["@", "a@", "@@", "é.é@é", "O'Neill", "chief constable", "St. John", "", "kent"]
)
def test_what_is_nobodys_address_is_left_to_the_index(typed: str) -> None:
    assert fragment_of(typed) is None


def test_the_other_words_of_the_query_are_kept() -> None:
    found = fragment_of("quill 7946 0958 kent")
    assert found is not None
    assert found[0] == Piece(TELEPHONES, contains=("79460958",))
    assert found[1].split() == ["quill", "kent"]


@given(st.integers(0, 999), st.integers(4, 10))
def test_the_last_digits_of_any_number_find_it(last: int, digits: int) -> None:
    kept = telephone(f"020 7946 0{last:03d}").text
    found = fragment_of(kept.replace(" ", "")[-digits:])
    assert found is not None
    assert found[0].is_in(kept)


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    fragment_of(text)
