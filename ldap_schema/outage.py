"""Says why a connection to the directory came to nothing, in words that lead to what must be mended."""

import ssl
from pathlib import Path

from ldap_schema.errors import DirectoryNotTrusted, DirectoryUnavailable

# What OpenSSL says of a certificate that it refuses, and what it means to whoever runs the servers.
REASONS = {
    "expired": "it has run out",
    "not yet valid": "it is not valid yet; compare the clocks",
    "mismatch": "it is for another host name",
    "self-signed": "it is not from the authority in {ca_file}",
    "self signed": "it is not from the authority in {ca_file}",
    "issuer certificate": "it is not from the authority in {ca_file}",
}


def outage(error: Exception, place: str, ca_file: Path) -> DirectoryUnavailable:
    """Return our error for one of ldap3, of TLS or of the network; `place` is host and port, or a socket."""
    if isinstance(error, PermissionError):
        return DirectoryUnavailable(f"This account may not open {place}, where the directory answers.")
    if isinstance(error, FileNotFoundError) and not place.startswith("/"):
        return DirectoryNotTrusted(f"There is no {ca_file} with the authority's certificate to trust.")
    if isinstance(error, ssl.SSLError) and "NO_CERTIFICATE" in str(error):
        return DirectoryNotTrusted(f"{ca_file} holds no certificate in PEM, so nobody can be trusted.")
    if "CERTIFICATE_VERIFY_FAILED" not in str(error):
        return DirectoryUnavailable(f"The directory does not answer ({place}).")
    said = str(error).lower()
    reason = next((words for sign, words in REASONS.items() if sign in said), "OpenSSL refuses it")
    told = reason.format(ca_file=ca_file)
    return DirectoryNotTrusted(f"The directory's certificate can't be verified ({place}): {told}.")
