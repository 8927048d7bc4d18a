"""What must not let anybody in, said by the same products with the same keys."""

import re

import pytest

from tests.functional.visitor import Answer, Visitor
from tests.interop.departments import Department, is_in, path
from tests.interop.products.product import ELSEWHERE

pytestmark = pytest.mark.third_party


def refusal(department: Department, visitor: Visitor, page: Answer, status: int = 403) -> str:
    """The exact reason why a sign-in was refused, which it must have been."""
    assert page.status == status, page.text
    assert not is_in(visitor)
    return department.counterpart.reason(page)


@pytest.mark.parametrize("encrypts", [False, True], ids=["clear", "encrypted"])
@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"audience": ELSEWHERE}, "another audience|another provider or service"),
        ({"key": "stranger"}, "not made by a registered key"),
        ({"minutes": -20}, "is over"),
        ({"minutes": 24 * 60}, "valid for longer than"),
    ],
    ids=["wrong audience", "wrong key", "stale", "valid for a day"],
)
def test_what_the_product_says_wrongly_lets_nobody_in(
    department: Department, behaviour: dict[str, object], words: str, encrypts: bool
) -> None:
    assert is_in(department.signed_in()), "the control"
    department.product.behave(encrypts=encrypts, signs=("assertion", "response"), **behaviour)
    visitor = department.visitor()

    reason = refusal(department, visitor, department.sign_in(visitor))

    assert re.search(words, reason), reason


def test_somebody_whom_the_directory_does_not_know_is_told_whom_to_call(department: Department) -> None:
    visitor = department.visitor()
    page = department.sign_in(visitor, "ned")

    assert "nobody has the asserted mail" in refusal(department, visitor, page)
    assert "the IT desk" in page.text


def test_somebody_of_another_department_is_refused(department: Department) -> None:
    visitor = department.visitor()

    reason = refusal(department, visitor, department.sign_in(visitor, "gil"))

    assert "the asserted mail's domain is not the provider's" in reason


def test_an_answer_counts_once_and_for_one_request(department: Department) -> None:
    visitor = department.visitor()
    page = department.answered(visitor)
    answer = page.form("SAMLResponse")
    assert visitor.post(answer.action, answer.fields).status == 200
    assert is_in(visitor)

    again = visitor.post(answer.action, answer.fields)
    assert again.status == 403
    other = department.visitor()
    later = department.answered(other).form("SAMLResponse").fields
    stolen = {**answer.fields, "RelayState": later["RelayState"]}
    assert "answers another request" in refusal(department, other, other.post(answer.action, stolen))


def test_an_answer_in_another_browser_lets_nobody_in(department: Department) -> None:
    answer = department.answered(department.visitor()).form("SAMLResponse")
    other = department.visitor()

    assert "cookie" in refusal(department, other, other.post(answer.action, answer.fields))


def test_an_answer_that_nobody_asked_for_leads_to_the_start(department: Department) -> None:
    answer = department.answered(department.visitor()).form("SAMLResponse")
    visitor = department.visitor()

    page = visitor.post(answer.action, {**answer.fields, "RelayState": department.product.origin})

    assert path(page) == "/sign-in?unasked=yes"
    assert not is_in(visitor)
