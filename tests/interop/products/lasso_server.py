"""A provider on lasso (C, on libxml2 and xmlsec), run by the Python that Debian packs it for.

lasso leaves to its users what Authentic, say, does for it: the metadata, and a policy for the name where a
request has none.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import lasso

from tests.interop.products.pages import Given, Onward, Settings, serve

BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings:"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
TARGETED = "urn:oid:1.3.6.1.4.1.5923.1.1.1.10"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"


class Lasso:
    """lasso's server, configured anew for each request."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.behaviour = settings, settings.behaviour
        key = self.behaviour["key"]
        private, certificate = (
            Path(path).read_text() for path in (settings.key(key), settings.certificate(key))
        )
        described = self.metadata().decode()
        self.server = lasso.Server.newFromBuffers(described, private, None, certificate)
        self.server.signatureMethod = lasso.SIGNATURE_METHOD_RSA_SHA256
        if settings.service_metadata:
            self.server.addProviderFromBuffer(lasso.PROVIDER_ROLE_SP, settings.service_metadata)

    def metadata(self) -> bytes:
        origin, binding = self.settings.origin, "HTTP-POST" if self.behaviour["post"] else "HTTP-Redirect"
        keys = "".join(
            '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
            f"<X509Certificate>{_bare(self.settings.certificate(name))}</X509Certificate></X509Data></KeyInfo>"
            "</KeyDescriptor>"
            for name in self.behaviour["published"]
        )
        return (
            f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{origin}/metadata">'
            '<IDPSSODescriptor WantAuthnRequestsSigned="true" '
            f'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}'
            f'<SingleLogoutService Binding="{BINDINGS}{binding}" Location="{origin}/slo"/>'
            f'<SingleSignOnService Binding="{BINDINGS}{binding}" Location="{origin}/sso"/>'
            "</IDPSSODescriptor></EntityDescriptor>"
        ).encode()

    def asked(self, given: Given) -> Any:
        login = lasso.Login(self.server)
        login.processAuthnRequestMsg(_message(given))
        return given

    def answer(self, asked: Given, account: dict[str, str]) -> tuple[Onward, Any]:
        login = lasso.Login(self.server)
        login.processAuthnRequestMsg(_message(asked))
        policy = lasso.Samlp2NameIDPolicy()
        policy.format, policy.allowCreate = lasso.SAML2_NAME_IDENTIFIER_FORMAT_TRANSIENT, True
        login.request.nameIdPolicy = policy
        login.validateRequestMsg(True, True)
        self._encrypt(login)
        now = datetime.now(UTC)
        end = now + timedelta(minutes=self.behaviour["minutes"])
        login.buildAssertion(PASSWORD, _written(now), None, _written(now), _written(end))
        self._say(login.assertion, account)
        force, forbid = lasso.PROFILE_SIGNATURE_HINT_FORCE, lasso.PROFILE_SIGNATURE_HINT_FORBID
        login.setSignatureHint(force if "response" in self.behaviour["signs"] else forbid)
        login.buildAuthnResponseMsg()
        fields = {"SAMLResponse": login.msgBody, "RelayState": asked.fields.get("RelayState", "")}
        return Onward(login.msgUrl, tuple(fields.items())), (login.remoteProviderId, login.session.dump())

    def _encrypt(self, login: Any) -> None:
        if not self.behaviour["encrypts"]:
            return
        service = self.server.getProvider(login.remoteProviderId)
        service.setEncryptionMode(lasso.ENCRYPTION_MODE_ASSERTION)
        service.setEncryptionSymKeyType(lasso.ENCRYPTION_SYM_KEY_TYPE_AES_256)
        service.setKeyEncryptionMethod(lasso.KEY_ENCRYPTION_METHOD_OAEP)

    def _say(self, assertion: Any, account: dict[str, str]) -> None:
        """Who it is: by eduPersonTargetedID, whose value is a name in XML."""
        name = lasso.Saml2NameID()
        name.format, name.content = (
            lasso.SAML2_NAME_IDENTIFIER_FORMAT_PERSISTENT,
            f"targeted-{account['key']}",
        )
        name.nameQualifier = self.server.providerId
        statement = lasso.Saml2AttributeStatement()
        text = lasso.MiscTextNode.newWithString(account["mail"])
        text.textChild = True
        statement.attribute = [_attribute(MAIL, text), _attribute(TARGETED, name)]
        assertion.attributeStatement = [statement]
        if self.behaviour["audience"]:
            assertion.conditions.audienceRestriction[0].audience = self.behaviour["audience"]

    def logout_asked(self, given: Given, remembered: Any) -> Onward:
        logout = lasso.Logout(self.server)
        logout.processRequestMsg(_message(given))
        logout.setSessionFromDump(remembered[1])
        logout.validateRequest()
        logout.buildResponseMsg()
        return _onward(logout, "SAMLResponse", given.fields.get("RelayState", ""))

    def log_out(self, remembered: Any) -> Onward:
        service, dump = remembered
        logout = lasso.Logout(self.server)
        logout.setSessionFromDump(dump)
        method = lasso.HTTP_METHOD_POST if self.behaviour["post"] else lasso.HTTP_METHOD_REDIRECT
        logout.initRequest(service, method)
        logout.buildRequestMsg()
        return _onward(logout, "SAMLRequest", "")

    def logged_out(self, given: Given) -> None:
        lasso.Logout(self.server).processResponseMsg(
            given.fields["SAMLResponse"] if given.posted else given.query
        )


def _attribute(name: str, content: Any) -> Any:
    attribute, value = lasso.Saml2Attribute(), lasso.Saml2AttributeValue()
    attribute.name, attribute.nameFormat = name, lasso.SAML2_ATTRIBUTE_NAME_FORMAT_URI
    value.any = [content]
    attribute.attributeValue = [value]
    return attribute


def _message(given: Given) -> str:
    """As lasso takes it: the raw query, or the posted message."""
    return given.fields["SAMLRequest"] if given.posted else given.query


def _onward(profile: Any, parameter: str, relay_state: str) -> Onward:
    if not profile.msgBody:
        return Onward(profile.msgUrl)
    fields = {parameter: profile.msgBody, **({"RelayState": relay_state} if relay_state else {})}
    return Onward(profile.msgUrl, tuple(fields.items()))


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _bare(certificate: str) -> str:
    return re.sub(r"-----[^-]*-----|\s", "", Path(certificate).read_text())


if __name__ == "__main__":
    serve(Lasso)
