"""The mapping's [source]: what is understood, and what is refused by file, key and the closest right word."""

from pathlib import Path

import pytest

from sync.errors import MappingRefused
from sync.mapping_reader import load_feed
from sync.sources.origin import DROP, HTTPS, SFTP, Origin
from tests.sync_world import write_mapping

FILE = 'file = "rivers-{as_of}.csv"'
HTTPS_LINES = 'type = "https"\nurl = "https://hr.rivers.example/leaders.csv"'
SFTP_LINES = (
    'type = "sftp"\nhost = "hr.rivers.example"\nuser = "leaders"\nfolder = "/out"\n'
    'known_hosts = "known_hosts"\nkey_file = "key"'
)


def origin(folder: Path, lines: str) -> Origin:
    return load_feed(write_mapping(folder, old=FILE, new=f"{FILE}\n{lines}")).origin


def test_a_mapping_without_a_type_is_a_file_drop(tmp_path: Path) -> None:
    found = origin(tmp_path, 'ready = "*.done"')
    assert (found.type, found.ready, found.fetched) == (DROP, "*.done", False)


def test_files_named_in_a_mapping_lie_beside_it(tmp_path: Path) -> None:
    found = origin(tmp_path, f'{HTTPS_LINES}\ntoken_file = "token"\nauthority = "/etc/hr.pem"')
    assert found.type == HTTPS
    assert found.token_file == tmp_path / "token"
    assert found.authority == Path("/etc/hr.pem")
    assert origin(tmp_path, SFTP_LINES).type == SFTP


@pytest.mark.parametrize(
    ("lines", "key", "words"),
    [
        ('type = "sfpt"', "source.type", 'Did you mean "sftp"?'),
        ("type = []", "source.type", '"drop", "https", "sftp" or "scim"'),
        ("type = 7", "source.type", '"drop", "https", "sftp" or "scim"'),
        ('raedy = "*.done"', "source.raedy", 'Did you mean "ready"?'),
        (f'{HTTPS_LINES}\nready = "x"', "source.ready", "no such key"),
        ('type = "https"', "source.url", "plain https"),
        ('type = "https"\nurl = "http://localhost/x"', "source.url", "https://"),
        ('type = "https"\nurl = "https://u:p@hr.example/x"', "source.url", "plain https"),
        (f'{HTTPS_LINES}\npin = "rubbish!"', "source.pin", "neither hex nor base64"),
        (f'{HTTPS_LINES}\nuser = "u"', "source.user", "belong together"),
        (
            f'{HTTPS_LINES}\nuser = "u"\npassword_file = "p"\ntoken_file = "t"',
            "source.token_file",
            "either a token",
        ),
        (SFTP_LINES.replace('known_hosts = "known_hosts"\n', ""), "source.known_hosts", "ssh-keyscan"),
        (SFTP_LINES + '\npassword_file = "p"', "source.key_file", "either key_file or password_file"),
        (SFTP_LINES.replace("hr.rivers", "leaders@hr.rivers"), "source.host", "without user"),
        (SFTP_LINES + "\nport = 0", "source.port", "whole number"),
        (SFTP_LINES + "\nport = true", "source.port", "whole number"),
        ('ready = "../x"', "source.ready", "marker's name"),
        ('still_seconds = "30"', "source.still_seconds", "whole number"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(tmp_path: Path, lines: str, key: str, words: str) -> None:
    with pytest.raises(MappingRefused) as refused:
        origin(tmp_path, lines)
    assert str(refused.value).startswith(f"{tmp_path}/rivers.toml: {key}: ")
    assert words in str(refused.value)


def test_one_address_gives_one_file_so_its_name_has_no_part(tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path, old=FILE, new=f'file = "rivers-{{part}}.csv"\n{HTTPS_LINES}')
    with pytest.raises(MappingRefused, match=r"source\.file"):
        load_feed(mapping)
