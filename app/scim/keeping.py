"""What of a resource is kept: the values that the mapping reads, if they can be kept at all."""

from collections.abc import Iterable, Sequence
from typing import Any

from scim2_models import InvalidValueException, Resource

from app.scim.feeds import ScimPath
from app.scim.schemas import USER

LONGEST = 1_000  # characters of one value
MOST_VALUES = 50  # of one attribute
OURS = ("id", "meta")  # assigned here and kept beside the resource


def kept_of(resource: Resource[Any], paths: Sequence[ScimPath]) -> dict[str, Any]:
    """Return the JSON of a resource without what nobody mapped; InvalidValueException for what can't be kept.

    The provider's schemas have dropped whole attributes already; of several values only those of a mapped
    type stay, so that a private address beside the one at work is never stored.
    """
    plain = resource.model_dump()
    kept = {name: value for name, value in plain.items() if name not in OURS}
    for name, value in list(kept.items()):
        if isinstance(value, list) and name != "schemas":
            wanted = [each for each in paths if (each.schema, each.name) == (USER, name)]
            kept[name] = [entry for entry in value if any(_is_meant(each, entry) for each in wanted)]
            if not kept[name]:
                del kept[name]
    for text in _texts(kept):
        _check(text)
    return kept


def _is_meant(path: ScimPath, entry: dict[str, Any]) -> bool:
    """Whether the mapping reads this one of several values; one that tells no type may be meant."""
    if path.by != "type":
        return str(entry.get("type")).casefold() != "home"
    return str(entry.get("type", path.word)).casefold() == path.word.casefold()


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        if len(value) > MOST_VALUES:
            raise InvalidValueException(detail=f"An attribute has more than {MOST_VALUES} values.")
        for each in value:
            yield from _texts(each)


def _check(text: str) -> None:
    if len(text) > LONGEST:
        raise InvalidValueException(detail=f"A value is longer than {LONGEST} characters.")
    if any(char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff" for char in text):
        raise InvalidValueException(detail="A value has a control character in it, or is no Unicode text.")
