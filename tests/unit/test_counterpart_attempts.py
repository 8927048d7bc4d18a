"""What the worker's threads try again and again."""

import pytest

from counterpart.attempts import attempt
from store.errors import StoreError


def test_no_failure_ends_a_thread_and_each_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def away() -> int:
        raise StoreError("The store does not answer.")

    def mistaken() -> int:
        raise KeyError("uid")

    assert [attempt("feeds", look) for look in (away, mistaken, lambda: 7)] == [None, None, 7]
    known, unknown = caplog.records
    assert (known.getMessage(), known.exc_info) == ("feeds: The store does not answer.", None)
    assert unknown.getMessage().startswith("feeds failed, reference ")
    assert unknown.exc_info is not None
