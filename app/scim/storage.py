"""A feed's snapshot as scim2-server's storage: every write is one transaction, or nothing."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from scim2_models import (
    InvalidValueException,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimFilter,
    SearchRequest,
    UniquenessException,
    default_comparison_key,
)
from scim2_models.path import CompareOperator, Comparison
from scim2_server.storage import ScimStorage, SearchPage

from app.scim.feeds import PushedFeed
from app.scim.keeping import kept_of
from ldap_schema.clock import Clock, london_today
from ldap_schema.errors import BadValue, Moved, NotFound
from ldap_schema.scim_records import Kept, ScimRecord, ScimSnapshots, SnapshotHead, kept_in

LONGEST_NAME = 256  # characters of userName and of externalId
TRIES = 20  # at a snapshot that others write at the same moment
T = TypeVar("T")


class SnapshotBusy(Exception):
    """Others wrote the same snapshot again and again; nothing of this was written."""


class SnapshotStorage(ScimStorage):
    """The records of one feed. Made for one request after another; keeps nothing between them."""

    def __init__(
        self, feed: PushedFeed, snapshots: ScimSnapshots, model: type[Resource[Any]], clock: Clock
    ) -> None:
        self._feed = feed
        self._snapshots = snapshots
        self._model = model
        self._clock = clock

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """Return one record; NotFoundException also for what is another feed's."""
        return self._resource(self._record(resource_id))

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        """Return one page of the records that fit, and how many do."""
        wanted, start = search_request.filter, search_request.start_index_0 or 0
        stop = None if search_request.count is None else start + search_request.count
        records = self._candidates(wanted)
        if wanted is None and search_request.sort_by is None:
            return SearchPage(len(records), [self._resource(each) for each in records[start:stop]])
        found = [self._resource(each) for each in records]
        found = [each for each in found if wanted is None or wanted.match(each)]
        return SearchPage(len(found), search_request.sort(found)[start:stop])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Add a record under a random id; UniquenessException if the userName is taken."""
        id_, kept = secrets.token_hex(16), kept_of(resource, self._feed.paths)

        def write(head: SnapshotHead) -> ScimRecord:
            record = self._new_record(head, id_, kept, None)
            self._require_free(record)
            self._snapshots.add(head, record)
            return record

        return self._resource(self._written(write))

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Write a record anew; PreconditionFailedException if it is no longer of the version expected."""
        id_, kept = str(resource.id), kept_of(resource, self._feed.paths)

        def write(head: SnapshotHead) -> ScimRecord:
            before = self._expected(id_, expected_version)
            if kept_in(before).resource == kept:
                return before
            after = self._new_record(head, id_, kept, before)
            if after.user_name != before.user_name:
                self._require_free(after)
            self._snapshots.change(head, before, after)
            return after

        return self._resource(self._written(write))

    def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Remove a record: from then on its row is missing, which is a question and not yet an answer."""

        def write(head: SnapshotHead) -> None:
            before = self._expected(resource_id, expected_version)
            self._snapshots.remove(head, before, self._now())

        self._written(write)

    def _written(self, write: Callable[[SnapshotHead], T]) -> T:
        """Do what was looked at and written as if nobody else wrote meanwhile, or not at all."""
        for _ in range(TRIES):
            try:
                return write(self._snapshots.head(self._feed.id))
            except Moved:
                continue
        raise SnapshotBusy

    def _expected(self, id_: str, version: str | None) -> ScimRecord:
        record = self._record(id_)
        if version is not None and _tag(kept_in(record)) != version:
            raise PreconditionFailedException
        return record

    def _record(self, id_: str) -> ScimRecord:
        try:
            return self._snapshots.record(self._feed.id, id_)
        except (NotFound, BadValue):
            raise NotFoundException(detail="There is no such resource.") from None

    def _require_free(self, record: ScimRecord) -> None:
        same = self._snapshots.records(self._feed.id, user_name=record.user_name)
        if any(each.id != record.id and each.user_name == record.user_name for each in same):
            raise UniquenessException(detail="The userName is taken.")

    def _new_record(
        self, head: SnapshotHead, id_: str, kept: dict[str, Any], before: ScimRecord | None
    ) -> ScimRecord:
        now, known = self._now(), kept_in(before) if before else None
        since = None
        if kept.get("active") is False:
            since = known.inactive_since if known and known.inactive_since else london_today(now)
        written = Kept(
            version=head.version + 1,
            created=known.created if known else now,
            inactive_since=since,
            resource=kept,
        )
        return ScimRecord(
            feed=self._feed.id,
            id=id_,
            user_name=self._key("userName", kept.get("userName")),
            external_id=_short("externalId", kept.get("externalId")),
            resource=msgspec.json.encode(written).decode(),
            changed_at=now,
        )

    def _candidates(self, wanted: ScimFilter[Any] | None) -> list[ScimRecord]:
        """Return the records that may fit: found by an index where the filter asks for one name."""
        node = wanted.ast if wanted is not None else None
        if isinstance(node, Comparison) and node.op == CompareOperator.eq and isinstance(node.value, str):
            asked = str(node.attr_path).casefold().rpartition(":")[2]
            if node.value.strip() and len(node.value) <= LONGEST_NAME and "\0" not in node.value:
                if asked == "username":
                    return self._snapshots.records(self._feed.id, user_name=self._key("userName", node.value))
                if asked == "externalid":
                    return self._snapshots.records(self._feed.id, external_id=node.value)
        return self._snapshots.records(self._feed.id)

    def _key(self, name: str, value: Any) -> str:
        """Return a userName as it is compared."""
        return default_comparison_key(_FoldedCase, _short(name, value))

    def _resource(self, record: ScimRecord) -> Resource[Any]:
        kept = kept_in(record)
        meta = {
            "resourceType": "User",
            "created": kept.created,
            "lastModified": record.changed_at,
            "version": _tag(kept),
        }
        return self._model.model_validate({**kept.resource, "id": record.id, "meta": meta})

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)


class _FoldedCase:
    """The binding of an attribute that is compared without regard to case."""

    case_exact = False


def _tag(kept: Kept) -> str:
    return f'W/"{kept.version}"'


def _short(name: str, value: Any) -> str:
    text = str(value or "")
    if len(text) > LONGEST_NAME:
        raise InvalidValueException(detail=f"{name} is longer than {LONGEST_NAME} characters.")
    if text and not text.strip():
        raise InvalidValueException(detail=f"{name} is nothing but spaces.")
    return text
