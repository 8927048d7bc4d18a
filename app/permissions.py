"""Who may open a page, as sentences above each view. A view without such a sentence is refused to everybody.

The mark is an attribute of the view, so that a test can walk every route and ask. The one check is made
before the view runs, in this order: is the page public, is somebody signed in, do they hold the role.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ldap_schema.groups import DIRECTORY_MANAGERS

View = TypeVar("View", bound=Callable[..., Any])

ATTRIBUTE = "permission"


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may open a view; with neither of the first two fields set any signed-in leader will do."""

    public_because: str = ""
    role: str = ""
    act: str = ""  # what the view does, where only somebody who signed in a short while ago may do it


def public(reason: str) -> Callable[[View], View]:
    """Let anybody open the view, signed in or not, for the reason given."""
    if not reason.strip():
        raise ValueError("A public view needs a reason.")
    return _mark(Permission(public_because=reason))


def leader_signed_in(view: View) -> View:
    """Let every signed-in person whose entry is active open the view."""
    return _mark(Permission())(view)


def directory_manager_signed_in(view: View) -> View:
    """Let members of the directory-managers group open the view, and nobody else."""
    return _mark(Permission(role=DIRECTORY_MANAGERS))(view)


def leader_acts(act: str) -> Callable[[View], View]:
    """Let a signed-in person do what changes their own way in, if they signed in a short while ago."""
    return _mark(Permission(act=act))


def directory_manager_acts(act: str) -> Callable[[View], View]:
    """Let a directory manager do this, if they signed in a short while ago; `act` says what it is, as in
    "settle a matter", for the page that asks them to sign in again."""
    return _mark(Permission(role=DIRECTORY_MANAGERS, act=act))


def permission_of(view: Callable[..., Any] | None) -> Permission | None:
    """Return what the view is marked with; None means nobody may open it."""
    found = getattr(view, ATTRIBUTE, None)
    return found if isinstance(found, Permission) else None


def _mark(permission: Permission) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, ATTRIBUTE, permission)
        return view

    return mark
