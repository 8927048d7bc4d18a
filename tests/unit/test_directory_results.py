"""The server's result codes become our errors, each with a sentence and without the server's own words."""

import pytest

from ldap_schema.errors import AlreadyThere, BadValue, DirectoryRefused, DirectoryUnavailable, Moved, NotFound
from ldap_schema.results import check, error_for


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (3, DirectoryUnavailable),  # a slow server is no refusal: the page says 503, not 403
        (4, DirectoryRefused),
        (16, Moved),
        (21, BadValue),
        (32, NotFound),
        (50, DirectoryRefused),
        (51, DirectoryUnavailable),
        (68, AlreadyThere),
        (80, DirectoryUnavailable),
        (122, Moved),
        (123, DirectoryRefused),
        (999, DirectoryRefused),
    ],
)
def test_a_result_code_becomes_the_error_that_says_what_to_do(code: int, kind: type[Exception]) -> None:
    error = error_for(code, "value <ada@example> is not welcome")
    assert type(error) is kind
    assert "ada@" not in str(error)


def test_a_unique_value_of_another_is_told_apart_from_a_value_not_allowed() -> None:
    assert type(error_for(19, "some attributes not unique")) is AlreadyThere
    assert type(error_for(19, "add breaks constraint")) is BadValue


@pytest.mark.parametrize("code", [0, 5, 6])
def test_success_and_the_answers_to_compare_are_no_errors(code: int) -> None:
    check({"result": code})
