"""People: `uid=<opaque id>,ou=people`. A rename, a marriage or a move never moves the entry."""

from dataclasses import dataclass

# Status of a person's entry (`nlcStatus`). Only an active or missing person is seen by others or can sign in;
# "missing" means one absence from a feed, which is a question and changes nothing that anybody sees.
PENDING, ACTIVE, MISSING, LEAVING, LEFT, HELD, DECEASED = (
    "pending", "active", "missing", "leaving", "left", "held", "deceased",
)  # fmt: skip

# Field of `Person` -> attribute of the entry. The schema that defines them is ldif/schema.ldif and RFC 2798/4519/4524.
ATTRIBUTES = {
    "uid": "uid",
    "full_name": "cn",
    "family_name": "sn",
    "given_name": "givenName",
    "display_name": "displayName",
    "honorific": "personalTitle",
    "honours": "nlcHonours",
    "title": "title",
    "organisation_name": "o",
    "organisation_id": "nlcOrganisation",
    "sector": "businessCategory",
    "region": "st",
    "mail": "mail",
    "telephone": "telephoneNumber",
    "mobile": "mobile",
    "show": "nlcShow",
    "status": "nlcStatus",
    "kind": "employeeType",
    "sign_in_address": "nlcSignInAddress",
    "federated_ids": "nlcFederatedId",
    "feed": "nlcFeed",
    "feed_part": "nlcFeedPart",
    "feed_key": "nlcFeedKey",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as the reading identity may see them: what is concealed from it is empty."""

    uid: str
    full_name: str
    family_name: str
    given_name: str = ""
    display_name: str = ""  # as they use it, with honorific and honours: "Dame Ada Quill DBE"
    honorific: str = ""
    honours: str = ""
    title: str = ""  # derived copy of the post's title, for mail programs
    organisation_name: str = ""  # derived copy
    organisation_id: str = ""
    sector: str = ""
    region: str = ""
    mail: tuple[str, ...] = ()
    telephone: tuple[str, ...] = ()
    mobile: tuple[str, ...] = ()
    show: tuple[str, ...] = ()  # "<attribute>:<leaders|sector|organisation>"; nothing = nobody but the person
    status: str = ACTIVE
    kind: str = "leader"  # describes, never decides rights
    sign_in_address: str = ""
    federated_ids: tuple[str, ...] = ()  # "<provider id>|<kind>|<value>"
    feed: str = ""
    feed_part: str = ""
    feed_key: str = ""
