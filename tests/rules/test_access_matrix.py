"""The page about who sees what is what the tested table says."""

from dev.access_matrix import GROUPS, IDENTITIES, READS, SAMPLES, WRITES, WRITES_ALSO, page, rules
from tests.rules.source import ROOT


def test_the_page_is_what_the_table_says() -> None:
    written = (ROOT / "docs" / "access-matrix.md").read_text()
    assert written == page(), "run `make docs` and commit docs/access-matrix.md"


def test_the_tables_speak_of_known_identities_and_entries() -> None:
    for rule in (*rules(READS), *rules(WRITES)):
        assert rule.who <= set(IDENTITIES), rule
        assert rule.where in SAMPLES, rule
    assert {name for group in GROUPS.values() for name in group} <= set(IDENTITIES)
    assert {rule.where for rule in rules(READS)} == set(SAMPLES)
    assert {who for names in WRITES_ALSO.values() for who in names} <= set(IDENTITIES)
