"""The page about mappings shows one that works, and names every key there is."""

import re
import tomllib
from pathlib import Path

from sync.mapping_reader import OFFICE, ORGANISATION, PERSON, POST, TABLES, feed_from

PAGE = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text()


def test_the_example_is_a_good_mapping() -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    assert feed_from(tomllib.loads(found.group(1)), Path("feeds.md")).id == "rivers"


def test_every_key_is_named() -> None:
    keys = {
        *PERSON,
        *POST,
        *ORGANISATION,
        *OFFICE,
        *TABLES["format"],
        *TABLES["identity"],
        *TABLES["eligible"],
    }
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", PAGE)) == []
