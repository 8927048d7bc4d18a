"""How often the long tests go round, quickly in `make test` and in full in `make test-all`, in one place."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Rounds:
    """Counts of rounds; every test that repeats something takes its count from here."""

    hypothesis_examples: int
    hostile_search_words: int
    saml_mutations: int
    worker_kills: int
    sync_kills: int
    feed_sequences: int
    directory_kills: int
    index_kills: int
    hostile_values: int
    attack_seconds: float  # for each kind of attack
    broken_messages: int  # connections of ten
    commits: int  # of each of four writers at once
    broken_off_transactions: int


QUICK = Rounds(
    hypothesis_examples=50,
    hostile_search_words=200,
    saml_mutations=500,
    worker_kills=3,
    sync_kills=3,
    feed_sequences=5,
    directory_kills=2,
    index_kills=3,
    hostile_values=300,
    attack_seconds=0.2,
    broken_messages=25,
    commits=200,
    broken_off_transactions=300,
)
FULL = Rounds(
    hypothesis_examples=500,
    hostile_search_words=10_000,
    saml_mutations=20_000,
    worker_kills=10,
    sync_kills=12,
    feed_sequences=10,
    directory_kills=8,
    index_kills=20,
    hostile_values=10_000,
    attack_seconds=4.0,
    broken_messages=500,
    commits=5_000,
    broken_off_transactions=3_000,
)

ROUNDS = FULL if os.environ.get("COUNTERPART_TEST_ROUNDS") == "full" else QUICK
