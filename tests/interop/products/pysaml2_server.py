"""A provider on pysaml2, run by the Python that pysaml2 is installed for."""

import re
from time import time
from typing import Any

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from tests.interop.products.pages import Given, Onward, Settings, serve

SIGNED_SO = {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}  # by itself it signs with SHA-1


class PySAML2:
    """pysaml2's server, configured anew for each request."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.behaviour = settings, settings.behaviour
        self.binding = BINDING_HTTP_POST if self.behaviour["post"] else BINDING_HTTP_REDIRECT
        self.config = IdPConfig().load(self._configuration())
        self.server = Server(config=self.config)

    def _configuration(self) -> dict[str, Any]:
        settings, key = self.settings, self.behaviour["key"]
        others = [settings.certificate(name) for name in self.behaviour["published"] if name != key]
        endpoints = {
            "single_sign_on_service": [(f"{settings.origin}/sso", self.binding)],
            "single_logout_service": [(f"{settings.origin}/slo", self.binding)],
        }
        provider = {
            "endpoints": endpoints,
            "policy": {
                "default": {
                    "lifetime": {"minutes": self.behaviour["minutes"]},
                    "attribute_restrictions": None,
                    "name_form": NAME_FORMAT_URI,
                }
            },
            "name_id_format": [NAMEID_FORMAT_PERSISTENT],
            "want_authn_requests_signed": True,
        }
        return {
            "entityid": f"{settings.origin}/metadata",
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "key_file": settings.key(key),
            "cert_file": settings.certificate(key),
            "additional_cert_files": others,
            "metadata": {"inline": self._services()},
            "service": {"idp": provider},
            "accepted_time_diff": 60,
        }

    def _services(self) -> list[str]:
        """Our metadata, and that of another service with the same addresses."""
        described = self.settings.service_metadata
        if not described:
            return []
        other = re.sub(r'entityID="[^"]*"', f'entityID="{self.behaviour["audience"]}"', described, count=1)
        return [described, other] if self.behaviour["audience"] else [described]

    def metadata(self) -> bytes:
        return str(entity_descriptor(self.config)).encode()

    def asked(self, given: Given) -> Any:
        return self.server.parse_authn_request(
            given.fields["SAMLRequest"], _binding(given), **_proof(given)
        ), (given.fields.get("RelayState", ""))

    def answer(self, asked: Any, account: dict[str, str]) -> tuple[Onward, Any]:
        (request, relay_state) = asked
        args = self.server.response_args(request.message, [BINDING_HTTP_POST])
        name = NameID(format=NAMEID_FORMAT_PERSISTENT, text=account["key"].partition("@")[0])
        service = args["sp_entity_id"]
        signs, encrypts = self.behaviour["signs"], self.behaviour["encrypts"]
        response = self.server.create_authn_response(
            {"mail": account["mail"], "subject-id": account["key"]},
            in_response_to=args["in_response_to"],
            destination=args["destination"],
            sp_entity_id=self.behaviour["audience"] or service,
            name_id=name,
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
                   "authn_instant": int(time())},
            sign_response="response" in signs,
            sign_assertion="assertion" in signs,
            encrypt_assertion=encrypts,
            **SIGNED_SO,
        )  # fmt: skip
        onward = self._sent(BINDING_HTTP_POST, response, args["destination"], relay_state, response=True)
        return onward, (service, name)

    def logout_asked(self, given: Given, remembered: Any) -> Onward:
        request = self.server.parse_logout_request(
            given.fields["SAMLRequest"], _binding(given), **_proof(given)
        )
        args = self.server.response_args(request.message, [self.binding])
        answer = self.server.create_logout_response(
            request.message, [self.binding], sign=self.behaviour["post"], **SIGNED_SO
        )
        relay_state = given.fields.get("RelayState", "")
        return self._sent(self.binding, answer, args["destination"], relay_state, response=True)

    def log_out(self, remembered: Any) -> Onward:
        service, name = remembered
        [descriptor] = self.server.metadata.single_logout_service(service, self.binding, "spsso")
        _, request = self.server.create_logout_request(
            descriptor["location"], service, name_id=name, sign=self.behaviour["post"], **SIGNED_SO
        )
        return self._sent(self.binding, request, descriptor["location"], "back", response=False)

    def logged_out(self, given: Given) -> None:
        answer = self.server.parse_logout_request_response(given.fields["SAMLResponse"], _binding(given))
        if answer is None or not answer.status_ok():
            raise ValueError("the service did not sign the person out")

    def _sent(self, binding: str, message: Any, to: str, relay_state: str, *, response: bool) -> Onward:
        sent = self.server.apply_binding(
            binding, str(message), to, relay_state, response=response, sign=binding == BINDING_HTTP_REDIRECT,
            sigalg=SIG_RSA_SHA256,
        )  # fmt: skip
        if binding == BINDING_HTTP_POST:
            return Onward(page=sent["data"])
        return Onward(dict(sent["headers"])["Location"])


def _binding(given: Given) -> str:
    return str(BINDING_HTTP_POST if given.posted else BINDING_HTTP_REDIRECT)


def _proof(given: Given) -> dict[str, str]:
    """What HTTP-Redirect carries beside the message."""
    if given.posted:
        return {}
    names = {"relay_state": "RelayState", "sigalg": "SigAlg", "signature": "Signature"}
    return {name: given.fields[field] for name, field in names.items() if field in given.fields}


if __name__ == "__main__":
    serve(PySAML2)
