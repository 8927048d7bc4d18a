"""What is taken for copying the directory and what is not, from slapd's own lines and without a server."""

import itertools
import string
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpart.watch.follower import Follower
from counterpart.watch.pattern import Tally
from counterpart.watch.settings import WatchSettings
from counterpart.watch.slapd_log import Listener, Question, moment

NOW = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
BIND = 'conn=7 op=0 BIND dn="uid=abc,ou=credentials,dc=x" mech=SIMPLE bind_ssf=0 ssf=256'
TRIED = 'conn=7 op=0 BIND dn="uid=abc,ou=credentials,dc=x" method=128'


def search(filter_: str, connection: int = 7) -> str:
    return f'conn={connection} op=1 SRCH base="ou=people,dc=x" scope=2 deref=0 filter="{filter_}"'


def asked(*lines: str) -> list[Question]:
    listener = Listener()
    return [question for line in lines if (question := listener.hear(line, NOW))]


def thunderbird(typed: str) -> str:
    first, _, second = typed.partition(" ")
    name = f"*{first}*{second}*" if second else f"*{first}*"
    return f"(|(cn={name})(mail=*{typed}*)(givenName=*{first}*)(sn=*{typed}*))"


def heard(filters: Iterable[str], seconds: float = 1.0, **limits: int) -> str:
    """What the tally says in the end, when so many seconds lie between two searches."""
    tally, reason = Tally(WatchSettings(**limits)), ""  # type: ignore[arg-type]
    listener = Listener()
    listener.hear(BIND, NOW)
    for number, filter_ in enumerate(filters):
        when = NOW + timedelta(seconds=seconds * number)
        question = listener.hear(search(filter_), when)
        if question is not None:
            reason = tally.hear(question)
        if reason:
            break
    return reason


def typing(names: Iterable[str]) -> list[str]:
    """Every keystroke of somebody who types these names, from the second letter on."""
    return [thunderbird(name[:end]) for name in names for end in range(2, len(name) + 1)]


def names(count: int) -> list[str]:
    """Names of many letters in no order."""
    parts = ["mar", "okon", "isol", "vell", "this", "quil", "fara", "jen", "bro", "sut", "ade", "win", "pel"]
    made = [a + b + "son" for a, b in itertools.product(parts, parts) if a != b]
    return made[::7][:count] + made[3::7][: max(0, count - len(made[::7]))]


@pytest.mark.parametrize(
    "filter_",
    [
        "(|(cn=*mar*)(mail=*mar*)(givenName=*mar*)(sn=*mar*))",
        "(&(mail=*)(|(mail=MAR*)(|(cn=MAR*)(|(sn=MAR*)(givenName=MAR*)))))",
        "(|(o=mar*)(cn=mar*)(ou=mar*)(sn=mar*)(mail=mar*)(?IMHandle=mar*)(?=undefined)(telephoneNumber=mar*))",
        "(&(objectClass=inetOrgPerson)(|(cn=*mar*)(sn=*mar*)))",
    ],
    ids=["Thunderbird", "Outlook", "Apple", "Roundcube"],
)
def test_every_mail_program_s_filter_means_the_word_that_was_typed(filter_: str) -> None:
    (question,) = asked(BIND, search(filter_))
    assert (question.device, question.text, question.odd) == ("abc", "mar", False)


@pytest.mark.parametrize("scope", ["1", "2", "3", "children"])
def test_every_search_for_more_than_one_entry_is_heard(scope: str) -> None:
    line = search("(cn=mar*)")
    assert len(asked(BIND, line.replace("scope=2", f"scope={scope}"))) == 1
    assert asked(BIND, line.replace("scope=2", "scope=0")) == []


def test_two_words_are_one_name() -> None:
    (question,) = asked(BIND, search(thunderbird("ada love")))
    assert question.text == "ada love"


def test_only_who_is_bound_as_a_device_is_heard() -> None:
    line = search("(cn=mar*)")
    assert asked(line) == []
    assert asked(TRIED, line) == [], "a password that was only tried"
    assert (
        asked('conn=7 op=0 BIND dn="cn=portal,ou=services,dc=x" mech=SIMPLE bind_ssf=0 ssf=256', line) == []
    )
    assert asked(BIND, "conn=7 fd=12 closed", line) == []
    assert asked(BIND, search("(cn=mar*)", connection=8)) == []
    assert asked(BIND, 'conn=7 op=1 SRCH base="" scope=0 deref=0 filter="(objectClass=*)"') == []


def test_two_servers_in_one_log_are_kept_apart() -> None:
    bind, line = f"Nov 23 19:00:00 one slapd[12]: {BIND}", search("(cn=mar*)")
    assert len(asked(bind, f"Nov 23 19:00:01 one slapd[12]: {line}")) == 1
    assert asked(bind, f"Nov 23 19:00:01 two slapd[12]: {line}") == []


@pytest.mark.parametrize(
    ("line", "when"),
    [
        ("6a14a2f0.1dcd6500 0x7f12 conn=1", datetime.fromtimestamp(0x6A14A2F0 + 0.5, UTC)),
        ("2026-11-23T20:00:00.5+01:00 host slapd[1]: conn=1", NOW.replace(microsecond=500000)),
        ("conn=1", NOW),
        ("2026-99-99T20:00:00 conn=1", NOW),
    ],
    ids=["slapd", "ISO 8601", "none", "nonsense"],
)
def test_the_time_of_a_line_is_read_where_there_is_one(line: str, when: datetime) -> None:
    assert moment(line, NOW) == when


def test_syslog_s_december_is_last_year_s_in_january() -> None:
    january = datetime(2027, 1, 2, tzinfo=UTC)
    assert moment("Dec 31 12:00:00 host slapd[1]: conn=1", january).year == 2026


@given(st.text(max_size=300))
def test_no_line_is_a_mistake(line: str) -> None:
    asked(BIND, line, "conn=7 op=1 " + line, search(line))


def test_a_busy_hour_of_typing_is_not_copying() -> None:
    assert heard(typing(names(120)), seconds=3.0) == ""


def test_the_same_name_again_and_again_is_one_name() -> None:
    assert heard([thunderbird("mar")] * 2000) == ""


def test_the_alphabet_is_noticed_after_ten_letters() -> None:
    walk = [f"(cn={letter}*)" for letter in string.ascii_lowercase]
    assert "alphabet, 10 short searches" in heard(walk)
    pairs = [f"(cn={a}{b}*)" for a in string.ascii_lowercase for b in string.ascii_lowercase]
    assert "alphabet" in heard(pairs)


def test_beginnings_in_no_order_are_noticed() -> None:
    letters = string.ascii_lowercase[::-1]
    pairs = [f"(|(cn={a}{b}*)(sn={a}{b}*))" for a in letters for b in letters]
    assert "30 different beginnings" in heard(pairs)


def test_a_list_of_names_is_noticed() -> None:
    listed = [f"(cn={first}{last}*)" for first in names(30) for last in names(20)]
    assert "300 different names" in heard(listed)


@pytest.mark.parametrize(
    "filters",
    [
        [f"(&(sn=*)(!(uid={'x' * number})))" for number in range(1, 9)],
        [f"(&(uid>={letter})(uid<={letter}z))" for letter in "qwertz"],
        [f"(|{''.join(f'(sn={first}{last}*)' for last in 'aeioubcdf')})" for first in "mkzrb"],
        [f"(sn:caseExactMatch:={letter}*)" for letter in "qwertz"],
        ["(" * 5000, "(sn=*))(", "(&(sn=a"],
    ],
    ids=["left out", "in order", "many at once", "another rule", "no filter"],
)
def test_what_no_mail_program_asks_is_noticed(filters: list[str]) -> None:
    assert "no mail program" in heard(filters)


def test_a_walk_that_goes_back_before_each_step_counts_every_step() -> None:
    steps = [
        f"(sn={'ma' + letter if letter else 'ma'}*)"
        for each in "zyxwvutsrqponmlkjihgfedcba"
        for letter in ("", each)
    ]
    assert "beginnings" in heard(steps, beginnings_per_hour=20)


@pytest.mark.parametrize("hiding", ["zzzz", "zz", "bcdefg"])
def test_a_walk_hidden_as_the_deleting_of_letters_is_noticed(hiding: str) -> None:
    pairs = [a + b for a in string.ascii_lowercase for b in string.ascii_lowercase]
    hidden = [f"(cn={text}*)" for pair in pairs for text in (pair + hiding, pair)]
    reason = heard(hidden)
    assert "30 different beginnings" in reason
    assert heard(hidden[:100]) == "", "fifty names of which two letters were left, in the time of an hour"


STEPS = st.integers(min_value=2, max_value=9)


@given(st.lists(st.tuples(STEPS, STEPS, STEPS), min_size=1, max_size=12))
def test_whoever_takes_a_name_away_and_types_the_next_means_as_many_names(
    paces: list[tuple[int, int, int]],
) -> None:
    """However many letters go or come at once, and however little is left before the next is typed."""
    tally = Tally(WatchSettings(names_per_hour=2 * len(paces) + 1, beginnings_per_hour=len(paces) + 2))
    strokes: list[str] = []
    for name, (typed, deleted, left) in zip(names(len(paces)), paces, strict=True):
        strokes += [name[:end] for end in range(2, len(name), typed)] + [name]
        strokes += [name[:end] for end in range(len(name) - deleted, min(left, len(name)) - 1, -deleted)]
    for number, text in enumerate(strokes):
        question = Question("device", NOW + timedelta(seconds=number), text, len(text), odd=False)
        assert tally.hear(question) == ""


def test_a_busy_hour_in_which_backspace_is_held_is_not_copying() -> None:
    """Every name is searched letter by letter, then taken away by threes until two letters are left."""
    letters = "aeioubcdfghjklmnpqrst"
    people = [a + b + "rkensby" for a, b in itertools.product(letters, letters)][::8][:50]
    strokes = [name[:end] for name in people for end in (*range(2, 10), 8, 5, 2)]
    assert len({name[:2] for name in people}) == 50
    assert heard([thunderbird(text) for text in strokes]) == ""


def test_selecting_all_and_typing_another_name_that_begins_alike_is_one_name_more() -> None:
    strokes = ["ma", "marianne", "ma", "mar", "marcus", "m", "mo", "morag"] * 20
    assert heard([thunderbird(text) for text in strokes], names_per_hour=5, beginnings_per_hour=2) == ""


def test_a_word_that_never_changes_hides_nothing() -> None:
    hidden = [f"(&(cn={letter}*)(|(sn=*)(o=some long constant)))" for letter in string.ascii_lowercase]
    assert "alphabet" in heard(hidden)


def test_what_is_an_hour_old_is_forgotten() -> None:
    listed = [f"(cn={first}{last}*)" for first in names(30) for last in names(20)]
    assert heard(listed, seconds=13.0) == "", "277 an hour"


def test_a_log_is_followed_across_rotation_and_emptying(tmp_path: Path) -> None:
    path, follower = tmp_path / "slapd.log", Follower(tmp_path / "slapd.log")
    assert list(follower.lines()) == []
    path.write_text("one\ntwo\nhalf")
    assert list(follower.lines()) == ["one", "two"]
    with path.open("a") as log:
        log.write(" a line\nlast\n")
    path.rename(tmp_path / "slapd.log.1")
    path.write_text("new\n")
    assert [line for _ in range(3) for line in follower.lines()] == ["half a line", "last", "new"]
    path.write_text("")
    assert [line for _ in range(2) for line in follower.lines()] == []
    path.write_text("after\n")
    assert [line for _ in range(2) for line in follower.lines()] == ["after"]
    follower.close()
