"""Forms that wait while their sender signs in again: what was typed is given back, to its sender alone."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from redis import Redis

KEEP_SECONDS = 1800  # longer than signing in takes, and no longer than somebody remembers what they typed


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form as it was sent: by whom, to which path, what it would do, and its fields in order. With `opened`
    it is no form but a page that was asked for."""

    uid: str
    path: str
    act: str
    fields: tuple[tuple[str, str], ...] = ()
    opened: bool = False


class KeptForms:
    """Kept in Redis under a name that can't be guessed; gone by themselves."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def keep(self, form: KeptForm) -> str:
        """Keep a form and give the name under which `find` finds it."""
        name = secrets.token_urlsafe(24)
        self._redis.set(_key(name), msgspec.msgpack.encode(form), ex=KEEP_SECONDS)
        return name

    def find(self, name: str, uid: str) -> KeptForm | None:
        """The form of that name if this person sent it."""
        raw = self._redis.get(_key(name))
        if not isinstance(raw, bytes):
            return None
        form = msgspec.msgpack.decode(raw, type=KeptForm)
        return form if form.uid == uid else None


def without_token(fields: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The fields of a form but for its token, which the page that gives it back makes anew."""
    return tuple((name, value) for name, value in fields if name != "csrf_token")


def _key(name: str) -> str:
    return f"counterpart:kept-form:{name}"
