"""Our metadata as other people's programs read it: SimpleSAMLphp's parser, and xmlsec1 for the signature."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from saml.our_metadata import Publisher, service_metadata
from tests.saml_kit import SETTINGS, keys

PARSER = """
require_once '/usr/share/simplesamlphp/lib/_autoload.php';
$entity = \\SimpleSAML\\Metadata\\SAMLParser::parseString(file_get_contents('php://stdin'));
if (!$entity->validateSignature([$argv[1]])) { exit(3); }
echo json_encode($entity->getMetadata20SP());
"""


def run(*command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    # Debian's programs and our own files.
    return subprocess.run(command, input=given, capture_output=True, check=False, timeout=60)


def program(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, f"{name} is missing: `dev/bootstrap --test-all` installs it"
    return path


@pytest.mark.third_party
def test_simplesamlphp_believes_it_and_reads_what_it_needs(tmp_path: Path) -> None:
    both = keys(next="coming")
    signer = tmp_path / "current.crt"
    signer.write_text(both.current.certificate)
    document = service_metadata(
        SETTINGS, both, Publisher(organisation="Office", technical_mail="it@l.example")
    )

    read = run(program("php"), "-r", PARSER, "--", str(signer), given=document)
    assert read.returncode == 0, read.stdout + read.stderr
    made: dict[str, Any] = json.loads(read.stdout)
    assert made["entityid"] == SETTINGS.entity_id
    assert [each["Location"] for each in made["AssertionConsumerService"]] == [SETTINGS.acs_url]
    assert len(made["SingleLogoutService"]) == 2
    assert [(each["signing"], each["encryption"]) for each in made["keys"]] == [
        (True, False), (True, False), (False, True),
    ]  # fmt: skip
    assert made["validate.authnrequest"]
    assert made["UIInfo"]["DisplayName"] == {"en": "Counterpart"}
    assert {each["contactType"] for each in made["contacts"]} == {"technical", "support", "other"}
    assert "urn:oasis:names:tc:SAML:attribute:subject-id" in made["attributes"]

    tampered = document.replace(b"/saml/acs", b"/saml/bad")
    assert run(program("php"), "-r", PARSER, "--", str(signer), given=tampered).returncode != 0


@pytest.mark.third_party
def test_xmlsec1_finds_the_signature_good(tmp_path: Path) -> None:
    (tmp_path / "sp.xml").write_bytes(service_metadata(SETTINGS, keys()))
    (tmp_path / "sp.crt").write_text(keys().current.certificate)
    entity = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor"
    command = (
        program("xmlsec1"), "--verify", "--id-attr:ID", entity, "--trusted-pem", str(tmp_path / "sp.crt"),
        str(tmp_path / "sp.xml"),
    )  # fmt: skip
    good = run(*command)
    assert good.returncode == 0, good.stderr
