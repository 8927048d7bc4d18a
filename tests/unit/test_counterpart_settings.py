"""Settings come from the environment and one file, and a wrong one is named in one line."""

import os
from pathlib import Path

import pytest

from counterpart.settings import SettingsError, every_setting, load, values


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no var/counterpart.env of a running demonstration


def test_nothing_set_gives_the_defaults() -> None:
    settings = load({})
    assert settings.store.url == "sqlite:///var/counterpart.db"
    assert settings.service.smtp_port == 25


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text(
        '# mail\nCOUNTERPART_SERVICE_SMTP_PORT=2525\n\nCOUNTERPART_SERVICE_SMTP_HOST = "mail.example"\n'
        "COUNTERPART_PORTAL_EXTRA_HOSTS='a.example, b.example'\n"
    )
    settings = load({"COUNTERPART_SETTINGS": str(file), "COUNTERPART_SERVICE_SMTP_PORT": "25"})
    assert settings.service.smtp_port == 25
    assert settings.service.smtp_host == "mail.example"
    assert settings.portal.extra_hosts == ("a.example", "b.example")


def test_the_file_beside_var_is_found_by_itself(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "counterpart.env").write_text("COUNTERPART_SERVICE_SMTP_PORT=2525\n")
    assert load({}).service.smtp_port == 2525


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SERVICE_SMTP_PORT", "many", "COUNTERPART_SERVICE_SMTP_PORT must be a whole number, not 'many'"),
        ("SERVICE_SMTP_PORT", "-1", "COUNTERPART_SERVICE_SMTP_PORT must be a whole number"),
        ("SERVICE_SMTP_PORT", "\uff12\uff15", "COUNTERPART_SERVICE_SMTP_PORT must be a whole number"),
        ("SERVICE_SMTP_TIMEOUT", "nan", "COUNTERPART_SERVICE_SMTP_TIMEOUT must be a number"),
        ("SERVICE_SMTP_TIMEOUT", "inf", "COUNTERPART_SERVICE_SMTP_TIMEOUT must be a number"),
        ("PORTAL_ABSOLUTE_HOURS", "0", "COUNTERPART_PORTAL_ABSOLUTE_HOURS must be from 1 to 168"),
        ("PORTAL_ABSOLUTE_HOURS", "169", "COUNTERPART_PORTAL_ABSOLUTE_HOURS must be from 1 to 168"),
        ("SAML_KEY_FILE", "", "COUNTERPART_SAML_KEY_FILE must be a path"),
        ("SERVICE_SMTP_SECURITY", "ssl", "COUNTERPART_SERVICE_SMTP_SECURITY must be starttls, tls or none"),
        ("SERVICE_SMPT_PORT", "25", "SMPT_PORT. Did you mean COUNTERPART_SERVICE_SMTP_PORT?"),
        ("STORE_NONSENSE_AT_ALL", "1", "There is no setting COUNTERPART_STORE_NONSENSE_AT_ALL"),
        ("SERVICE_MAIL_LEASE_SECONDS", "1", "COUNTERPART_SERVICE_MAIL_LEASE_SECONDS must be at least twice"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_in_one_line(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({f"COUNTERPART_{name}": value})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mail_may_leave_this_machine_only_over_tls() -> None:
    with pytest.raises(SettingsError, match="only for a mail server on this machine"):
        load({"COUNTERPART_SERVICE_SMTP_SECURITY": "none", "COUNTERPART_SERVICE_SMTP_HOST": "mail.example"})


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="REDIS_PASSWORD_FILE") as caught:
        load({"COUNTERPART_SERVICE_REDIS_URL": "redis://:hunter2@localhost/0"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"SMTP_PORT=25\n", "line 1: expected COUNTERPART_<NAME>=<value>"),
        (b"\nCOUNTERPART_SERVICE_SMTP_PORT\n", "line 2: expected"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"COUNTERPART_SERVICE_SMPT_PORT=25\n", "Did you mean COUNTERPART_SERVICE_SMTP_PORT"),
    ],
)
def test_a_wrong_file_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "settings.env"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load({"COUNTERPART_SETTINGS": str(file)})
    assert words in str(caught.value)


def test_a_missing_or_unreadable_file_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.env", tmp_path):
        with pytest.raises(SettingsError, match="can't be read"):
            load({}, path)


def test_the_development_servers_own_names_are_left_alone() -> None:
    load({"COUNTERPART_PORTAL_PORT": "5000", "COUNTERPART_VAR": "var", "COUNTERPART_IDP_PORT": "5001"})


def test_every_setting_says_what_it_means_and_can_be_set() -> None:
    for setting in every_setting():
        assert setting.meaning.endswith("."), setting.name
    shown = values(load({}))
    assert load(shown) == load({})
    assert set(shown) == {setting.name for setting in every_setting()}
    assert not set(shown) & set(os.environ)
