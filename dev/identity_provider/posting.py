"""The HTTP-POST binding at the provider's side: messages of the service in forms, signed inside."""

import base64
import binascii
from collections.abc import Mapping

import xmlsec
from lxml import etree

from dev.identity_provider.config import DS, Service
from dev.identity_provider.redirect import BadRequest, Message, check_addressed

KINDS = ("SAMLRequest", "SAMLResponse")


def read(form: Mapping[str, str], service: Service, destination: str) -> Message:
    """Verify and unpack a posted message of the service. Raises BadRequest."""
    kind = next((name for name in KINDS if name in form), "")
    try:
        message = base64.b64decode(form.get(kind, ""), validate=True)
        root = etree.fromstring(message, etree.XMLParser(resolve_entities=False, no_network=True))
    except (binascii.Error, ValueError, etree.XMLSyntaxError) as error:
        raise BadRequest("The form carries no SAML message.") from error
    if not any(_verifies(root, pem) for pem in service.certificates):
        raise BadRequest("The message is not signed by the service.")
    check_addressed(root, service, destination)
    return Message(kind, root, form.get("RelayState", ""))


def _verifies(root: etree._Element, pem: str) -> bool:
    signature = root.find(f"{{{DS}}}Signature")
    references = root.findall(f".//{{{DS}}}Reference")
    if signature is None or [one.get("URI") for one in references] != [f"#{root.get('ID')}"]:
        return False
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem, None)
    xmlsec.tree.add_ids(root, ["ID"])
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True
