"""Private offices: `nlcId=…,ou=offices`; a shared mailbox and number that survive a change of staff."""

from dataclasses import dataclass

ATTRIBUTES = {
    "id": "nlcId",
    "name": "cn",
    "serves": "nlcServes",
    "mail": "mail",
    "telephone": "telephoneNumber",
    "assistant": "nlcAssistantName",
    "feed": "nlcFeed",
    "feed_part": "nlcFeedPart",
    "feed_key": "nlcFeedKey",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The office that acts for a leader, reachable by every leader."""

    id: str
    name: str
    serves: tuple[str, ...] = ()  # uids
    mail: tuple[str, ...] = ()
    telephone: tuple[str, ...] = ()
    assistant: str = ""
    feed: str = ""
    feed_part: str = ""
    feed_key: str = ""
