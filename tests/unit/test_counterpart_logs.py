"""A log line says what happened; nobody who is only talked about in it can write one."""

import logging
import sys

import pytest

from counterpart.logs import UTCFormatter


def written(words: str, *told: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("app", logging.INFO, __file__, 1, words, told, info)
    return UTCFormatter().format(record)


@pytest.mark.parametrize(
    "path",
    [
        "/x\n2026-11-23T09:00:00Z INFO app: t1 signed in through rivers",
        "/x\r\nforged",
        "/x\u2028forged",
        "/x\x85forged",
        "/x\x0bforged",
        "/\x1b[2J\x1b]0;renamed terminal\x07",
        "/\x9b2J",
        "/\0",
        "/\u202egnp.exe",
        "/\udc80",
    ],
)
def test_an_address_somebody_asked_for_can_neither_forge_a_line_nor_steer_a_terminal(path: str) -> None:
    line = written("%s 404 GET %s: NotFound", "teal-harbour-482", path)
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert line.endswith(": NotFound")


def test_ordinary_words_stay_as_they_are() -> None:
    assert written("Bjørn Ó Súilleabháin at the “desk”").endswith(
        "INFO app: Bjørn Ó Súilleabháin at the “desk”"
    )


def test_a_traceback_keeps_its_lines_and_none_begins_like_one_of_ours() -> None:
    try:
        raise ValueError("no\n2026-11-23T09:00:00Z INFO app: t1 signed in\x1b[2J")
    except ValueError:
        text = written("failed", error=sys.exc_info()[1])
    first, *others = text.split("\n")
    assert first.endswith("INFO app: failed")
    assert len(others) > 3
    assert all(line.startswith("    ") and line.isprintable() for line in others)
