"""Every setting is declared once and described on the settings page, word for word."""

from counterpart.settings import every_setting
from dev.settings_page import page
from tests.rules.source import ROOT


def test_the_settings_page_is_what_the_code_says() -> None:
    written = (ROOT / "docs" / "settings.md").read_text()
    assert written == page(), "run `make docs` and commit docs/settings.md"


def test_every_setting_says_what_it_means() -> None:
    mute = [setting.name for setting in every_setting() if len(setting.meaning.split()) < 2]
    assert not mute, f"describe in the settings class of its package: {mute}"
