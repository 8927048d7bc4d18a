"""Settings of the web portal."""

from dataclasses import dataclass, field

from saml.settings import LONGEST_SESSION_HOURS


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """How the portal looks, whom it names as its helpers, and how long somebody stays signed in."""

    service_name: str = field(
        default="Counterpart",
        metadata={"meaning": "The name of the service, in the header and in the title of every page."},
    )
    brand: str = field(
        default="generic",
        metadata={
            "meaning": "`generic`, or `govuk` on GOV.UK itself, where its crown and typeface may be used."
        },
    )
    phase: str = field(
        default="Alpha", metadata={"meaning": "The phase in the banner of every page; empty means no banner."}
    )
    secret_file: str = field(
        default="var/secrets/portal",
        metadata={"meaning": "File with the secret (32 bytes or more) that signs form tokens."},
    )
    extra_hosts: tuple[str, ...] = field(
        default=(),
        metadata={"meaning": "Host names the portal answers to beside its own, such as a health check's."},
    )
    proxies: int = field(
        default=0,
        metadata={
            "meaning": "How many reverse proxies stand before the portal and add to `X-Forwarded-For`."
        },
    )
    metrics_from: tuple[str, ...] = field(
        default=("127.0.0.1", "::1"),
        metadata={"meaning": "Addresses that may read `/metrics`; to all others the page does not exist."},
    )
    idle_minutes: int = field(
        default=30, metadata={"meaning": "Minutes without a request after which somebody is signed out."}
    )
    absolute_hours: int = field(
        default=12,
        metadata={"meaning": "Hours (1 to 168) after signing in at which somebody must sign in again."},
    )
    recheck_seconds: int = field(
        default=60,
        metadata={"meaning": "Seconds after which a signed-in person's own entry and roles are read again."},
    )
    fresh_minutes: int = field(
        default=15,
        metadata={
            "meaning": "Minutes after signing in at one's organisation for which a directory manager's acts "
            "don't ask to sign in again."
        },
    )
    link_minutes: int = field(
        default=15, metadata={"meaning": "Minutes for which a mailed sign-in link works, where they are on."}
    )
    link_session_hours: int = field(
        default=2, metadata={"meaning": "Hours after which a session that began with a mailed link ends."}
    )
    sign_in_limit: str = field(
        default="300 per 5 minutes",
        metadata={"meaning": "How often one network address may try to sign in."},
    )
    scim_limit: str = field(
        default="3000 per minute",
        metadata={"meaning": "How often the SCIM clients of one feed may ask, together."},
    )
    scim_refusal_limit: str = field(
        default="60 per minute",
        metadata={"meaning": "How often one network address may be refused for want of a good SCIM token."},
    )
    messages_per_day: int = field(
        default=30,
        metadata={"meaning": "How many people one person may write to through the portal in 24 hours."},
    )
    messages_to_one_per_day: int = field(
        default=10, metadata={"meaning": "How often one person may write to the same person in 24 hours."}
    )
    export_people_per_day: int = field(
        default=200,
        metadata={"meaning": "How many people one person may save as a file from results in 24 hours."},
    )
    harvest_listed_per_day: int = field(
        default=1000,
        metadata={
            "meaning": "How many different people one person may be shown in lists in a day before pages "
            "open slowly and the desk is told."
        },
    )
    harvest_opened_per_hour: int = field(
        default=200,
        metadata={"meaning": "The same for how many people's pages and cards one person opens in an hour."},
    )
    harvest_in_order: int = field(
        default=10,
        metadata={
            "meaning": "The same for searches of a letter or two, each later in the alphabet than the last."
        },
    )
    harvest_turned_per_hour: int = field(
        default=60,
        metadata={"meaning": "The same for pages of results after the first, in an hour."},
    )
    harvest_seconds: int = field(
        default=10,
        metadata={"meaning": "Seconds between two pages about people for whoever is slowed down so."},
    )
    suggestion_limit: str = field(
        default="300 per minute",
        metadata={"meaning": "How often one person may be shown suggestions under the search box."},
    )
    largest_request: int = field(
        default=512 * 1024,
        metadata={"meaning": "Bytes a request may have; more is refused with a page that says so."},
    )
    directory_host: str = field(
        default="localhost",
        metadata={"meaning": "The directory's host name as people's mail programs reach it."},
    )
    directory_tls_port: int = field(
        default=6360, metadata={"meaning": "The port of `ldaps://` as people's mail programs reach it."}
    )
    directory_port: int = field(
        default=3890,
        metadata={"meaning": "The port of `ldap://` with StartTLS as people's mail programs reach it."},
    )
    help_team: str = field(
        default="the directory team",
        metadata={"meaning": "Who looks after the directory, as a phrase in a sentence."},
    )
    help_mail: str = field(
        default="directory@leadership.example",
        metadata={"meaning": "Where people write for help. Replace the example."},
    )
    help_telephone: str = field(
        default="020 7946 0100", metadata={"meaning": "Whom people call for help. Replace the example."}
    )
    help_hours: str = field(
        default="Monday to Friday, 8am to 6pm", metadata={"meaning": "When that number is answered."}
    )
    controller: str = field(
        default="the Office for Public Leadership",
        metadata={
            "meaning": "The organisation answerable for personal data, as named in the privacy notice."
        },
    )

    def __post_init__(self) -> None:
        if not 1 <= self.absolute_hours <= LONGEST_SESSION_HOURS:
            raise ValueError(
                f"ABSOLUTE_HOURS must be from 1 to {LONGEST_SESSION_HOURS}, or a provider could not sign "
                "people out of sessions that last longer"
            )
