"""Whether people are found, however they are asked for; see tests/search_quality/README.md."""

from search_index.query import Asked, find
from search_index.understanding import understand
from tests.search_quality.asking import FIRST, SECOND, Asker, first, frozen, second, written
from tests.search_quality.judged import judged, overall
from tests.search_quality.world import TODAY, world

EACH_CLASS, OVERALL = 95.0, 98.0  # of 100 queries, by the first three people found


def test_every_class_of_queries_finds_whom_it_means() -> None:
    tallies = judged(*FIRST)
    assert len(tallies) >= 16
    assert sum(one.asked for one in tallies.values()) >= 600
    missed = {kind: one.missed for kind, one in tallies.items() if one.share < EACH_CLASS}
    assert not missed
    assert overall(tallies) >= OVERALL


def test_queries_by_which_nothing_was_tuned_find_whom_they_mean_as_well() -> None:
    assert overall(judged(*SECOND)) >= OVERALL


def test_the_frozen_queries_are_those_of_the_worlds_they_are_asked_in() -> None:
    for (seed, name), ask in ((FIRST, first), (SECOND, second)):
        assert len(world(seed).people) == 1500
        made = sorted(map(written, ask(Asker(world(seed), seed + 1))))
        assert sorted(map(written, frozen(name))) == made


def test_a_wrong_answer_would_be_seen() -> None:
    contents = world(FIRST[0]).contents
    [query] = [one for one in frozen(FIRST[1]) if one.kind == "full name"][:1]
    hits = find(contents, Asked(text="nobody of that name whatsoever"), TODAY).hits
    assert not any(hit.document.id in query.meant for hit in hits[:3])
    assert understand(query.text)
