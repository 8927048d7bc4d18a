"""What a feed's client may send, as SCIM describes it (RFC 7643 section 7): what the mapping reads, no more.

A client learns it at `/Schemas`. Whatever else it sends is ignored before anything is stored, as RFC 7644
section 3.3 allows: what we don't keep we can't lose.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    EnterpriseUser,
    ETag,
    Filter,
    Patch,
    ResourceType,
    Schema,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    User,
)

from app.scim.feeds import PushedFeed, ScimPath

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MOST_RESULTS = 200  # resources in one page
# What makes a record a record whatever is mapped: whose it is, what the client calls them, if they are there.
ALWAYS = ("userName", "displayName", "active")
BESIDE_A_VALUE = ("value", "type", "primary")
COMMON = ("id", "externalId", "meta", "schemas")  # every resource has these, so no schema lists them
# What Entra and Okta really send: attributes nobody asked for, a path with a filter that fits nothing yet.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


def provider_of(feed: PushedFeed) -> ScimProvider:
    """Describe the service that this feed's client sees."""
    schemas = [_user(feed.paths), *_extensions(feed.paths)]
    users = ResourceType.model_validate(
        {
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "description": "A person whom the department sends. There are no groups here.",
            "schema": USER,
            "schemaExtensions": [{"schema": each.id, "required": False} for each in schemas[1:]],
        }
    )
    return ScimProvider.from_discovery(schemas, [users], _config(), POLICY)


def _config() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="The token that the directory's managers gave the department (RFC 6750).",
                primary=True,
            )
        ],
    )


def _user(paths: Sequence[ScimPath]) -> Schema:
    known = {each["name"]: each for each in User.to_schema().model_dump()["attributes"]}
    mapped = [each for each in paths if each.schema == USER and each.name not in COMMON]
    names = dict.fromkeys((*ALWAYS, *(each.name for each in mapped)))
    attributes = [_trimmed(known[name], [each for each in mapped if each.name == name]) for name in names]
    return _schema(USER, "User", "A person whom the department sends.", attributes)


def _extensions(paths: Sequence[ScimPath]) -> Iterable[Schema]:
    """Yield the extensions of which the mapping reads something; all their attributes are single texts."""
    enterprise = {each["name"]: each for each in EnterpriseUser.to_schema().model_dump()["attributes"]}
    for urn in dict.fromkeys(each.schema for each in paths if each.schema != USER):
        names = dict.fromkeys(each.name for each in paths if each.schema == urn)
        known = enterprise if urn == ENTERPRISE else {name: _text(name) for name in names}
        name = "EnterpriseUser" if urn == ENTERPRISE else urn.rpartition(":")[2]
        yield _schema(urn, name, "What else the department says.", [known[each] for each in names])


def _schema(urn: str, name: str, description: str, attributes: list[dict[str, Any]]) -> Schema:
    return Schema.model_validate(
        {"id": urn, "name": name, "description": description, "attributes": attributes}
    )


def _text(name: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "multiValued": False, "description": f"The leader's {name}."}


def _trimmed(attribute: dict[str, Any], mapped: Sequence[ScimPath]) -> dict[str, Any]:
    """Return an attribute with the parts that the mapping reads, and what tells several values apart."""
    if "subAttributes" not in attribute:
        return attribute
    parts = {each.part for each in mapped} | (set(BESIDE_A_VALUE) if attribute["multiValued"] else set())
    kept = [each for each in attribute["subAttributes"] if each["name"] in parts]
    types = sorted({each.word for each in mapped if each.by == "type"})
    if types:
        kept = [each | {"canonicalValues": types} if each["name"] == "type" else each for each in kept]
    return attribute | {"subAttributes": kept}
