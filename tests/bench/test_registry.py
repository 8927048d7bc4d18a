"""What a thousand providers cost each question to the registry, and a search in their list."""

from pathlib import Path

from app.picker import listing
from ldap_schema.organisations import Organisation
from saml.discovery import choices
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
    known = {f"org-{n:04}": Organisation(id=f"org-{n:04}", name=f"Council {n:04}") for n in range(MANY)}
    lines = choices(kept.live(), known)
    rows = [
        Row("one provider by its id", own_costs(lambda: kept.get("council-0500"), QUESTIONS)),
        Row("all that are live", own_costs(kept.live, QUESTIONS)),
        Row("all that are live, read anew", own_costs(lambda: Registry(store).live(), 5)),
        Row("a line for each organisation", own_costs(lambda: choices(kept.live(), known), 50)),
        Row("a search in these lines", own_costs(lambda: listing(lines, "council 0042", "", 1), 50)),
        Row("a letter of these lines", own_costs(lambda: listing(lines, "", "C", 1), 50)),
    ]
    show(
        f"Registry of {MANY:,} providers",
        ("CPU ms", "wall ms"),
        rows,
        "A change of any provider makes one reading anew.",
    )
    store.close()
