"""The messages we write: AuthnRequest, LogoutRequest, LogoutResponse, with how they are sent."""

import base64
import secrets
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote_plus, urlsplit

from lxml import etree

from saml.assertion import NameID
from saml.described import POST
from saml.engine import RSA_SHA256, sign_bytes, sign_message
from saml.keys import Keys
from saml.outcomes import Onward
from saml.settings import SAMLSettings
from saml.xml import SAML, SAMLP, SUCCESS, q, written

_NAMESPACES = {"samlp": SAMLP, "saml": SAML}


def new_id() -> str:
    """An unguessable message ID (160 bits) that is also a valid XML name."""
    return f"_{secrets.token_hex(20)}"


def _message(
    name: str, identifier: str, destination: str, settings: SAMLSettings, now: datetime
) -> etree._Element:
    node = etree.Element(q(SAMLP, name), nsmap=_NAMESPACES)
    node.set("ID", identifier)
    node.set("Version", "2.0")
    node.set("IssueInstant", written(now))
    node.set("Destination", destination)
    etree.SubElement(node, q(SAML, "Issuer")).text = settings.entity_id
    return node


def authn_request(
    identifier: str,
    sso_url: str,
    settings: SAMLSettings,
    now: datetime,
    *,
    contexts: Sequence[str] = (),
    force: bool = False,
) -> bytes:
    """A request to sign somebody in; with `force` anew, whatever session there is (ForceAuthn). No
    NameIDPolicy, and authentication contexts only where the registration says so: providers fail on those
    that they do not know, and what comes back is checked anyway."""
    node = _message("AuthnRequest", identifier, sso_url, settings, now)
    if force:
        node.set("ForceAuthn", "true")
    node.set("ProtocolBinding", POST)
    node.set("AssertionConsumerServiceURL", settings.acs_url)
    if contexts:
        asked = etree.SubElement(node, q(SAMLP, "RequestedAuthnContext"), Comparison="exact")
        for context in contexts:
            etree.SubElement(asked, q(SAML, "AuthnContextClassRef")).text = context
    return etree.tostring(node)


def logout_request(
    identifier: str, slo_url: str, name_id: NameID, session_index: str, settings: SAMLSettings, now: datetime
) -> bytes:
    """A request to end somebody's session at the provider, which names them as the provider did: some compare
    the whole NameID, and with qualifiers that they never wrote find nobody."""
    node = _message("LogoutRequest", identifier, slo_url, settings, now)
    name = etree.SubElement(node, q(SAML, "NameID"))
    name.text = name_id.value
    told = {
        "Format": name_id.format,
        "NameQualifier": name_id.name_qualifier,
        "SPNameQualifier": name_id.sp_name_qualifier,
    }
    for attribute, value in told.items():
        if attribute not in name_id.omitted:
            name.set(attribute, value)
    if session_index:
        etree.SubElement(node, q(SAMLP, "SessionIndex")).text = session_index
    return etree.tostring(node)


def logout_response(in_response_to: str, slo_url: str, settings: SAMLSettings, now: datetime) -> bytes:
    """The answer to a provider's LogoutRequest, sent after our sessions have ended."""
    node = _message("LogoutResponse", new_id(), slo_url, settings, now)
    node.set("InResponseTo", in_response_to)
    status = etree.SubElement(node, q(SAMLP, "Status"))
    etree.SubElement(status, q(SAMLP, "StatusCode")).set("Value", SUCCESS)
    return etree.tostring(node)


def sent(
    addresses: tuple[str, str], parameter: str, write: Callable[[str], bytes], relay_state: str, keys: Keys
) -> Onward:
    """How a message reaches the provider: `addresses` are its endpoints for HTTP-Redirect and HTTP-POST, of
    which one may be empty; `write` makes the message for the one that is used."""
    redirect, post = addresses
    if redirect:
        return Onward(redirect_url(redirect, parameter, write(redirect), relay_state, keys))
    return posted(post, parameter, write(post), relay_state, keys)


def redirect_url(address: str, parameter: str, message: bytes, relay_state: str, keys: Keys) -> str:
    """The address with the deflated message and our signature over the query (HTTP-Redirect binding)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(packer.compress(message) + packer.flush()).decode()
    fields = [
        (parameter, packed),
        *([("RelayState", relay_state)] if relay_state else []),
        ("SigAlg", RSA_SHA256),
    ]
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in fields)
    signature = base64.b64encode(sign_bytes(query.encode(), keys.private_key)).decode()
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{query}&Signature={quote_plus(signature)}"


def posted(address: str, parameter: str, message: bytes, relay_state: str, keys: Keys) -> Onward:
    """The form with the message, signed inside (HTTP-POST binding)."""
    signed = sign_message(message, keys.private_key, keys.current.certificate)
    fields = [(parameter, base64.b64encode(signed).decode())]
    return Onward(address, tuple([*fields, ("RelayState", relay_state)] if relay_state else fields))
