"""Which feeds are pushed to, as their mappings' folder says."""

import logging
from pathlib import Path

import pytest

from counterpart.scim import Mappings
from tests.scim_kit import MAPPING


def test_a_mapping_that_cannot_be_read_is_complained_of_once_until_a_file_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.toml").write_text("[feed")
    (tmp_path / "harbour.toml").write_text(MAPPING.replace("FEED", "harbour"))
    mappings = Mappings(tmp_path)
    with caplog.at_level(logging.ERROR, "counterpart.scim"):
        seen = [[each.path for each in mappings.feeds()] for _ in range(3)]
        assert seen == [[str(tmp_path / "harbour.toml")]] * 3
        assert len(caplog.records) == 1
        (tmp_path / "broken.toml").unlink()
        (tmp_path / "worse.toml").write_text("feed]")
        mappings.feeds()
        assert len(caplog.records) == 2
    (tmp_path / "harbour.toml").unlink()
    assert mappings.feeds() == []


def test_a_link_that_leads_nowhere_hides_no_change_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "gone.toml").symlink_to(tmp_path / "nowhere")
    mappings = Mappings(tmp_path)
    assert mappings.feeds() == []
    (tmp_path / "harbour.toml").write_text(MAPPING.replace("FEED", "harbour"))
    assert [each.id for each in mappings.feeds()] == ["harbour"]
