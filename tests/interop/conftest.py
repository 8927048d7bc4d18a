"""One running Counterpart for all products, and each product in turn as a department's provider."""

from collections.abc import Iterator

import pytest

from dev.processes import free_port
from tests.interop.departments import Counterpart, Department, running_counterpart
from tests.interop.products.libraries import SAMLP, Lasso, PySAML2, Samlify
from tests.interop.products.product import Product
from tests.interop.products.simplesamlphp_idp import SimpleSAMLphp

PRODUCTS: tuple[type[Product], ...] = (SimpleSAMLphp, PySAML2, Samlify, SAMLP, Lasso)

# A worker may start a product again for its next file: its address is its name, and must stay.
PORTS: dict[str, int] = {}


@pytest.fixture(scope="session")
def counterpart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    """Started once per test worker."""
    slugs = [product.slug for product in PRODUCTS]
    with running_counterpart(tmp_path_factory.mktemp("counterpart"), slugs) as running:
        yield running


@pytest.fixture(scope="session", params=PRODUCTS, ids=lambda product: product.slug)
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product, running, and knowing nothing of us yet."""
    port = PORTS.setdefault(request.param.slug, free_port())
    made = request.param(tmp_path_factory.mktemp(request.param.slug) / "product", port)
    with made.process:
        yield made


@pytest.fixture(scope="session")
def registered(counterpart: Counterpart, product: Product) -> Department:
    """The product as a live provider."""
    made = Department(counterpart, product)
    made.register()
    return made


@pytest.fixture
def department(registered: Department) -> Department:
    """The same, with ordinary settings again, whatever the test before did."""
    registered.counterpart.forget_tries()
    registered.register()
    return registered
