"""Settings of the service provider: our address, our keys, and how patient we are."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

LONGEST_SESSION_HOURS = 7 * 24  # how long it is kept whose sessions a provider may end


@dataclass(frozen=True, slots=True)
class SAMLSettings:
    """Where we are as a service provider and with which keys we sign; read once at the start."""

    base_url: str = field(
        default="http://localhost:5000",
        metadata={
            "meaning": "The portal's public address, without a final slash. Messages are checked against "
            "it, never against a Host header."
        },
    )
    key_file: Path = field(
        default=Path("var/saml/current.key"),
        metadata={
            "meaning": "PEM file with the private key (RSA, 2048 to 8192 bits) that signs our requests and "
            "decrypts what providers encrypt for us."
        },
    )
    certificate_file: Path = field(
        default=Path("var/saml/current.crt"),
        metadata={"meaning": "PEM file with the certificate of that key, published in /saml/metadata."},
    )
    next_key_file: Path = field(
        default=Path("var/saml/next.key"),
        metadata={
            "meaning": "PEM file with the private key we will change to. It already decrypts what is "
            "encrypted to its certificate."
        },
    )
    next_certificate_file: Path = field(
        default=Path("var/saml/next.crt"),
        metadata={
            "meaning": "PEM file with the certificate of that key; published beside the current one if it "
            "exists."
        },
    )
    previous_key_file: Path = field(
        default=Path("var/saml/previous.key"),
        metadata={
            "meaning": "PEM file with the private key we changed from. If it exists it still decrypts, and "
            "does nothing else."
        },
    )
    previous_certificate_file: Path = field(
        default=Path("var/saml/previous.crt"),
        metadata={"meaning": "PEM file with the certificate of that key; published no longer."},
    )
    request_minutes: int = field(
        default=10, metadata={"meaning": "Minutes a person has to finish signing in at their organisation."}
    )
    skew_seconds: int = field(
        default=180,
        metadata={
            "meaning": "Seconds by which a provider's clock may differ from ours before its messages are "
            "refused."
        },
    )

    private_hosts: tuple[str, ...] = field(
        default=(),
        metadata={
            "meaning": "Host names whose metadata may be fetched although they lead into a private network."
        },
    )

    metadata_seconds: float = field(
        default=60.0,
        metadata={
            "meaning": "Seconds between two looks of the worker at which providers' metadata and logos are "
            "due."
        },
    )
    description: str = field(
        default="Where the public sector's most senior leaders find and reach each other.",
        metadata={"meaning": "One sentence about the service, in our metadata; providers show it."},
    )
    security_mail: str = field(
        default="",
        metadata={
            "meaning": "The address for security incidents in our metadata (REFEDS security contact); empty "
            "= the portal's help address."
        },
    )
    assurance: tuple[str, ...] = field(
        default=(),
        metadata={
            "meaning": "URIs of what you certify in our metadata, such as `https://refeds.org/sirtfi`. Name "
            "it only if it is so."
        },
    )
    categories: tuple[str, ...] = field(
        default=(),
        metadata={"meaning": "URIs of the entity categories that a federation gave us, for our metadata."},
    )

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise ValueError(
                f"BASE_URL must be like https://counterpart.example, without a path, not {self.base_url!r}"
            )

    @property
    def entity_id(self) -> str:
        """Our name as a service provider; also the address of our metadata, as administrators expect."""
        return f"{self.base_url}/saml/metadata"

    @property
    def acs_url(self) -> str:
        """Where providers send their answers: the only Destination and Recipient we accept."""
        return f"{self.base_url}/saml/acs"

    @property
    def slo_url(self) -> str:
        """Where providers send logout messages."""
        return f"{self.base_url}/saml/slo"
