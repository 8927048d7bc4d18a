"""Our own keys: sound or refused with a sentence, and changed while the portal runs."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from dev.identity_provider.config import read_service
from saml.keys import KeyUnusable, OwnKeys, load_keys
from saml.our_metadata import service_metadata
from saml.settings import SAMLSettings
from tests.saml_kit import SETTINGS, key_pair, keys

ROLES = ("current", "next", "previous")
PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


def settings(folder: Path) -> SAMLSettings:
    files = {}
    for role, prefix in zip(ROLES, ("", "next_", "previous_"), strict=True):
        files |= {f"{prefix}key_file": folder / f"{role}.key"}
        files |= {f"{prefix}certificate_file": folder / f"{role}.crt"}
    return SAMLSettings(**files)


def put(folder: Path, role: str, name: str) -> None:
    """Place a pair as an operator does: the key first, each file in one step."""
    for kind, text in zip(("key", "crt"), key_pair(name), strict=True):
        fresh = folder / "fresh"
        fresh.write_text(text)
        fresh.rename(folder / f"{role}.{kind}")


def test_the_current_pair_is_enough(tmp_path: Path) -> None:
    put(tmp_path, "current", "portal")

    found = load_keys(settings(tmp_path))

    assert found.private_key == key_pair("portal")[0]
    assert found.certificates == (key_pair("portal")[1],)
    assert found.encryption_certificate == key_pair("portal")[1]
    assert len(list(found.decryption_keys())) == 1


def test_during_a_rollover_both_are_published_the_current_signs_and_all_decrypt(tmp_path: Path) -> None:
    for role, name in zip(ROLES, ("portal", "coming", "retired"), strict=True):
        put(tmp_path, role, name)

    found = load_keys(settings(tmp_path))

    assert found.private_key == key_pair("portal")[0]
    assert found.certificates == (key_pair("portal")[1], key_pair("coming")[1])
    assert found.encryption_certificate == key_pair("coming")[1]
    assert len(list(found.decryption_keys())) == 3


def test_keys_are_never_shown(tmp_path: Path) -> None:
    put(tmp_path, "current", "portal")
    found = load_keys(settings(tmp_path))

    assert "PRIVATE" not in repr(found) + repr(found.current)


def test_our_metadata_says_where_we_are_and_publishes_the_next_key() -> None:
    both = keys(next="coming", previous="retired")

    described = read_service(service_metadata(SETTINGS, both))

    assert (described.entity_id, described.acs_url) == (SETTINGS.entity_id, SETTINGS.acs_url)
    assert described.slo_url == SETTINGS.slo_url
    assert {"".join(one.split()) for one in described.certificates} == {
        "".join(one.split()) for one in both.certificates
    }
    assert b"PRIVATE" not in service_metadata(SETTINGS, both)


def private_pem(key: object, password: bytes = b"") -> str:
    protection = serialization.BestAvailableEncryption(password) if password else PLAIN
    return key.private_bytes(PEM, PKCS8, protection).decode()  # type: ignore[attr-defined]


UNUSABLE = {
    "empty": lambda: "",
    "not PEM": lambda: "hello",
    "a certificate": lambda: key_pair("portal")[1],
    "cut short": lambda: key_pair("portal")[0][:600],
    "a public key": lambda: (
        rsa.generate_private_key(65537, 2048)
        .public_key()
        .public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    ),
    "a password": lambda: private_pem(rsa.generate_private_key(65537, 2048), b"secret"),
    "1024 bits": lambda: private_pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - that is the point
    "elliptic curve": lambda: private_pem(ec.generate_private_key(ec.SECP256R1())),
    "Ed25519": lambda: private_pem(ed25519.Ed25519PrivateKey.generate()),
    "DSA": lambda: private_pem(dsa.generate_private_key(2048)),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_key_that_is_weak_odd_or_unreadable_is_refused_with_its_name(
    tmp_path: Path, text: object, role: str
) -> None:
    put(tmp_path, "current", "portal")
    put(tmp_path, role, "coming" if role != "current" else "portal")
    assert load_keys(settings(tmp_path)).certificates
    (tmp_path / f"{role}.key").write_text(text())  # type: ignore[operator]

    with pytest.raises(KeyUnusable, match=rf"{role}\.key is not an RSA key of 2048 to 8192 bits"):
        load_keys(settings(tmp_path))


def test_a_certificate_of_another_key_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "current", "portal")
    (tmp_path / "current.crt").write_text(key_pair("coming")[1])

    with pytest.raises(KeyUnusable, match=r"current\.crt is not the certificate of .*current\.key"):
        load_keys(settings(tmp_path))


def test_files_that_can_not_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match=r"current\.key can't be read"):
        load_keys(settings(tmp_path))
    put(tmp_path, "current", "portal")
    (tmp_path / "current.crt").write_bytes(b"\xff\xfe")
    with pytest.raises(KeyUnusable, match=r"current\.crt can't be read"):
        load_keys(settings(tmp_path))
    (tmp_path / "current.crt").write_text("hello")
    with pytest.raises(KeyUnusable, match=r"current\.crt is not a certificate"):
        load_keys(settings(tmp_path))


def test_a_next_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "current", "portal")
    (tmp_path / "next.crt").write_text(key_pair("coming")[1])

    with pytest.raises(KeyUnusable, match=r"next\.key can't be read"):
        load_keys(settings(tmp_path))


def test_an_expired_certificate_of_ours_still_serves_as_only_its_key_counts(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Old")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2001, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2002, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "current.key").write_text(private_pem(key))
    (tmp_path / "current.crt").write_bytes(certificate.public_bytes(PEM))

    assert load_keys(settings(tmp_path)).certificates


def test_a_running_portal_takes_each_step_of_a_rollover_without_a_restart(tmp_path: Path) -> None:
    put(tmp_path, "current", "portal")
    own = OwnKeys(settings(tmp_path))
    assert own() is own()

    put(tmp_path, "next", "coming")
    assert own().certificates == (key_pair("portal")[1], key_pair("coming")[1])

    put(tmp_path, "previous", "portal")
    put(tmp_path, "current", "coming")
    for kind in ("crt", "key"):
        (tmp_path / f"next.{kind}").unlink()
    assert own().private_key == key_pair("coming")[0]
    assert own().certificates == (key_pair("coming")[1],)
    assert len(list(own().decryption_keys())) == 2


def test_a_mistake_in_a_running_portals_keys_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, "current", "portal")
    own = OwnKeys(settings(tmp_path))
    good = own()

    (tmp_path / "current.key").write_text(key_pair("coming")[0])

    assert own() is good
    assert own() is good
    assert [record.getMessage() for record in caplog.records] == [
        "The changed SAML keys can't be used; the ones from before stay in use. "
        f"{tmp_path}/current.crt is not the certificate of {tmp_path}/current.key."
    ]
    put(tmp_path, "current", "coming")
    assert own().certificates == (key_pair("coming")[1],)


def test_a_portal_that_never_had_good_keys_has_none(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable):
        OwnKeys(settings(tmp_path))()


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    put(tmp_path, "current", "portal")
    own = OwnKeys(settings(tmp_path))
    first = own()

    os.utime(tmp_path / "current.key", ns=(1, 1))

    assert own() is not first
    assert own() == first
