"""Filters as slapd writes them into its log, whoever asked for what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpart.watch.filters import LONGEST, UnreadableFilter, items, read_filter

RECORD = {
    "objectclass": ["top", "inetorgperson"],
    "cn": ["zo\u00eb thistlebank"],
    "sn": ["thistlebank"],
    "givenname": ["zo\u00eb"],
    "mail": ["zoe.thistlebank@canaries.example"],
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("(sn=thistlebank)", True),
        ("(SN=Thistlebank)", True),
        ("(surname=thistlebank)", True),
        ("(2.5.4.4=thistlebank)", True),
        ("(sn;lang-en=thistlebank)", True),
        ("(sn=thistle)", False),
        ("(sn=thistle*)", True),
        ("(sn=*bank)", True),
        ("(sn=*istle*)", True),
        ("(sn=th*st*nk)", True),
        ("(sn=th*nk*st)", False),
        ("(sn=thistleb*bank)", False),
        ("(cn=zo\\c3\\ab*)", True),
        ("(cn=*zo\u00eb*thistle*)", True),
        ("(name=*stleb*)", True),
        ("(sn>=thist)", True),
        ("(sn<=thist)", False),
        ("(sn~=thistlebank)", True),
        ("(sn=*)", True),
        ("(mobile=*)", None),
        ("(?mozillaNickname=*thistle*)", None),
        ("(?=undefined)", None),
        ("(sn:caseExactMatch:=thistlebank)", None),
        ("(!(mobile=*))", None),
        ("(!(sn=thistlebank))", False),
        ("(&(objectClass=inetOrgPerson)(|(?=undefined)(mail=*thistle*)))", True),
        ("(&(mobile=*)(sn=thistle*))", None),
        ("(&(mobile=*)(sn=marsh*))", False),
        ("(|(mobile=*)(sn=thistle*))", True),
        ("(&)", True),
        ("(|)", False),
    ],
)
def test_a_filter_holds_for_a_record_as_slapd_has_it(text: str, holds: bool | None) -> None:
    assert read_filter(text).holds(RECORD) is holds


@pytest.mark.parametrize(
    "text",
    ["", "()", "sn=x", "(sn=x", "(sn=x))", "(sn=x)(cn=y)", "(!)", "(!(a=b)(c=d))", "(&(a=b)", "(a=b(c)",
     "(" * 9000, "(&" * 60 + ")" * 60, f"(sn={'x' * LONGEST})"],
)  # fmt: skip
def test_what_is_no_filter_or_larger_than_any_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFilter):
        read_filter(text)


@given(st.text(alphabet="()&|!*=\\<>~:;snmail0c3", max_size=200))
def test_whatever_stands_in_the_log_is_read_or_refused(text: str) -> None:
    try:
        read = read_filter(text)
    except UnreadableFilter:
        return
    assert read.holds(RECORD) in (True, False, None)
    assert all(item.words == item.words.strip() for item in items(read))
