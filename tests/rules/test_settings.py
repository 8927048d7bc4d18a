"""Every setting is declared once and described on the settings page, word for word."""

from counterpart.secret_files import NAMES_A_SECRET
from counterpart.settings import every_setting
from dev.settings_page import page
from tests.rules.source import ROOT


def test_the_settings_page_is_what_the_code_says() -> None:
    written = (ROOT / "docs" / "settings.md").read_text()
    assert written == page(), "run `make docs` and commit docs/settings.md"


def test_every_setting_says_what_it_means() -> None:
    mute = [setting.name for setting in every_setting() if len(setting.meaning.split()) < 2]
    assert not mute, f"describe in the settings class of its package: {mute}"


def test_every_file_that_is_no_secret_is_known_as_such() -> None:
    """The doctor tells secret files by their setting's name; a new file must be one or the other."""
    files = {setting.name for setting in every_setting() if setting.name.endswith("_FILE")}
    others = {name for name in files if not NAMES_A_SECRET.search(name.lower())}
    public = ("CERTIFICATE_FILE", "CA_FILE", "LOG_FILE")
    assert len(files - others) >= 10
    assert not {name for name in others if not name.endswith(public)}
