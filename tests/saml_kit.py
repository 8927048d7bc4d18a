"""A provider with real keys and honest messages, from which the SAML tests make dishonest ones."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import xmlsec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from dev.identity_provider import messages
from dev.identity_provider.config import Identity, IdentityProvider, Service
from dev.identity_provider.demo import ensure_key
from saml.assertion import Assertion
from saml.encryption import Decryption
from saml.keys import KeyPair, Keys
from saml.postcheck import Expected, check
from saml.precheck import check_response
from saml.provider import LIVE, Provider
from saml.settings import SAMLSettings
from saml.verify import verify_response

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SETTINGS = SAMLSettings()
REQUEST_ID = "_request-of-this-browser"
ISOLDE = Identity(
    "Dame Isolde Marchbank",
    "isolde.marchbank@rivers-and-coasts.example",
    "rc-10017@rivers-and-coasts.example",
)
DS = "{http://www.w3.org/2000/09/xmldsig#}"
SAML = f"{{{messages.SAML}}}"
SAMLP = f"{{{messages.SAMLP}}}"


@cache
def key_pair(name: str) -> tuple[str, str]:
    """A key and its certificate, made once for each name and test process."""
    with TemporaryDirectory() as folder:
        key, certificate = Path(folder, "key"), Path(folder, "certificate")
        ensure_key(key, certificate, name, NOW)
        return key.read_text(), certificate.read_text()


def identity_provider(name: str = "rivers", key: str = "") -> IdentityProvider:
    """The demonstration's provider of that name, signing with its own or another's key."""
    return IdentityProvider(name, name.title(), "http://127.0.0.1:5001", *key_pair(key or name))


def service() -> Service:
    """The portal, as its metadata describes it."""
    certificate = key_pair("portal")[1]
    return Service(SETTINGS.entity_id, SETTINGS.acs_url, SETTINGS.slo_url, (certificate,), certificate)


@cache
def own_pair(name: str) -> KeyPair:
    """A key pair of that name as the portal holds one."""
    key, certificate = key_pair(name)
    opened = serialization.load_pem_private_key(key.encode(), None)
    assert isinstance(opened, rsa.RSAPrivateKey)
    return KeyPair(key, certificate, opened)


def keys(**others: str) -> Keys:
    """The portal's own keys: the current pair and, by name, a next and a previous one."""
    return Keys(own_pair("portal"), **{role: own_pair(name) for role, name in others.items()})


def decryption(**others: str) -> Decryption:
    """What the portal decrypts with."""
    return Decryption(tuple(keys(**others).decryption_keys()), SETTINGS.entity_id)


def registered(name: str = "rivers") -> Provider:
    """The provider as the registry knows it."""
    there = identity_provider(name)
    return Provider(
        id=name,
        name=name.title(),
        entity_id=there.entity_id,
        sso_url=there.sso_url,
        slo_url=there.slo_url,
        certificates=(there.certificate,),
        domains=("rivers-and-coasts.example",),
        organisations=("org-rivers",),
        state=LIVE,
        contact="the IT desk",
    )


def honest(**changes: object) -> messages.Answer:
    """The honest answer to our request, with some parts changed."""
    answer = messages.answer_for(identity_provider(), service(), ISOLDE, REQUEST_ID, NOW)
    return replace(answer, **changes)  # type: ignore[arg-type]


def signed(answer: messages.Answer | None = None, *, whole: bool = False, key: str = "") -> bytes:
    """A signed Response; the assertion is signed, or with `whole` the envelope."""
    return messages.signed_response(answer or honest(), identity_provider(key=key), whole=whole)


def edited(message: bytes, edit: Callable[[etree._Element], object]) -> bytes:
    """The message changed after it was signed."""
    root = etree.fromstring(message)
    edit(root)
    return etree.tostring(root)


def signed_after(edit: Callable[[etree._Element], object], *, whole: bool = False) -> bytes:
    """A Response changed before the provider itself signs it: a provider that misbehaves."""
    root = etree.fromstring(etree.tostring(messages.response(honest())))
    edit(root)
    target = root if whole else root.find(f"{SAML}Assertion")
    assert target is not None
    return messages.sign(target, identity_provider())


@dataclass(frozen=True)
class Judgement:
    """How messages are judged in a test."""

    provider: Provider
    request_id: str = REQUEST_ID
    now: datetime = NOW
    own: Decryption = field(default_factory=decryption)

    def believe(self, message: bytes | str) -> Assertion:
        """The path of a posted message up to replay and identity."""
        text = base64.b64encode(message).decode() if isinstance(message, bytes) else message
        verified = verify_response(check_response(text), self.provider.certificates, self.own, self.now)
        expected = Expected(
            self.provider,
            self.request_id,
            SETTINGS.entity_id,
            SETTINGS.acs_url,
            self.now,
            timedelta(seconds=180),
            self.own,
        )
        return check(verified, expected)


def believe(message: bytes | str, *, now: datetime = NOW) -> Assertion:
    """Judge a message as the answer of the registered provider to our request."""
    return Judgement(registered(), now=now).believe(message)


def sign_oddly(
    root: etree._Element,
    *,
    whole: bool = False,
    key: str = "rivers",
    method: object = xmlsec.constants.TransformRsaSha256,
    digest: object = xmlsec.constants.TransformSha256,
    c14n: object = xmlsec.constants.TransformExclC14N,
    transforms: tuple[object, ...] = (
        xmlsec.constants.TransformEnveloped,
        xmlsec.constants.TransformExclC14N,
    ),
    uri: str | None = None,
    twice: bool = False,
) -> bytes:
    """Sign for real, but in a way that we must not accept however good the key is."""
    target = root if whole else root.find(f"{SAML}Assertion")
    assert target is not None
    signature = xmlsec.template.create(target, c14n, method, ns="ds")  # type: ignore[arg-type]
    target.insert(1, signature)
    for address in [uri if uri is not None else f"#{target.get('ID')}"] * (2 if twice else 1):
        reference = xmlsec.template.add_reference(signature, digest, uri=address)  # type: ignore[arg-type]
        for transform in transforms:
            xmlsec.template.add_transform(reference, transform)  # type: ignore[arg-type]
    xmlsec.template.ensure_key_info(signature)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key_pair(key)[0], xmlsec.constants.KeyDataFormatPem, None)
    xmlsec.tree.add_ids(root, ["ID"])
    context.sign(signature)
    return etree.tostring(root)
