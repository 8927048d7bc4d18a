"""What a thousand providers cost each question to the registry, and the pages that ask it."""

from pathlib import Path

from saml.registry import Registry
from store.database import Store
from store.migration import migrate
from store.settings import StoreSettings
from tests.bench.measure import Row, own_costs, show
from tests.many_providers import MANY, many, register

QUESTIONS = 200


def test_questions_to_a_registry_of_many(tmp_path: Path) -> None:
    store = Store.open(StoreSettings(url=f"sqlite:///{tmp_path / 'many.db'}"))
    migrate(store)
    register(store, many(MANY))
    kept = Registry(store)
    rows = [
        Row("one provider by its id", own_costs(lambda: kept.get("council-0500"), QUESTIONS)),
        Row("all that are live", own_costs(kept.live, QUESTIONS)),
        Row("all that are live, read anew", own_costs(lambda: Registry(store).live(), 5)),
    ]
    show(
        f"Registry of {MANY:,} providers",
        ("CPU ms", "wall ms"),
        rows,
        "A change of any provider makes one reading anew.",
    )
    store.close()
