"""Keys change, the product's and ours, and nobody is locked out who should not be."""

from contextlib import closing

import pytest

from tests.interop.departments import Department, follow, is_in, path

pytestmark = pytest.mark.third_party


def test_the_products_next_key_is_believed_beside_the_old_one_and_the_old_one_is_not_for_ever(
    department: Department,
) -> None:
    both = ("first", "second")
    department.register(published=both)
    assert is_in(department.signed_in())
    for key in both:
        department.product.behave(key=key, published=both)
        assert is_in(department.signed_in()), key

    department.register(key="second", published=("second",))
    assert is_in(department.signed_in())
    department.product.behave(key="first", published=("first",))
    refused = department.sign_in(department.visitor())
    assert refused.status == 403
    assert "not made by a registered key" in department.counterpart.reason(refused)


def test_our_keys_are_rolled_over_without_a_sign_in_lost(department: Department) -> None:
    """Each step with the product as it was before, and once it has read our metadata again."""
    product = department.product
    department.register(post=not product.reads_two_keys_by_redirect)
    product.behave(
        encrypts=True, signs=("assertion", "response"), post=not product.reads_two_keys_by_redirect
    )
    with closing(department.counterpart.roll_over()) as steps:
        for step in steps:
            if step != "finish":  # by then it must have read what was published at the start
                assert is_in(department.signed_in()), f"{step}, with our metadata of before"
            product.take_metadata(department.counterpart.metadata())
            visitor = department.signed_in()
            page = visitor.submit(visitor.get("/sign-out"), "where", where="organisation")
            assert path(follow(visitor, page)) == "/sign-out/done?there=all", step


def test_the_product_believes_requests_of_ours_alone(department: Department) -> None:
    """The control of the tests above: it does look at our signature."""
    assert department.product.asks_who(department.ask(department.visitor()))
    for _ in department.counterpart.roll_over():
        pass  # and nobody tells the product

    asked = department.ask(department.visitor())

    assert not department.product.asks_who(asked), asked.text
