"""What is around a result page: drawn once for each person and minute, as all but a few words is the same.

Header, menu, search box, footer and dialogue are half of what drawing a page of twenty people costs.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from flask import current_app
from jinja2 import Environment
from markupsafe import escape

from app.moments import clock_time
from app.rendering import about_this_request
from app.viewer import Viewer

KEPT = 500


@dataclass(frozen=True, slots=True)
class _Marks:
    """What stands in a drawn shell where a page's own words belong: nothing that anybody could type."""

    title: str
    query: str
    content: str


_MARKS = _Marks(*(secrets.token_hex(16) for _ in range(3)))


@dataclass(frozen=True, slots=True)
class _State:
    """All that the shell shows of whoever looks and of their session; it is drawn from `about`, which says
    nothing more that the shell shows."""

    uid: str
    name: str
    roles: frozenset[str]
    signed_out_at: str
    idle_seconds: int
    last_stretch: bool
    about: Mapping[str, Any] = field(compare=False)


def in_shell(title: str, query: str, content: str) -> str:
    """Return the page of this title, with the query in its search box and the content, which is HTML."""
    about = about_this_request()
    who: Viewer = about["viewer"]
    state = _State(
        who.uid,
        who.name,
        who.roles,
        clock_time(about["idle_until"]),
        about["idle_seconds"],
        about["last_stretch"],
        about,
    )
    begin, middle, until, end = _drawn(current_app.jinja_env, state)
    return f"{begin}{escape(title)}{middle}{escape(query)}{until}{content}{end}"


@lru_cache(maxsize=KEPT)
def _drawn(pages: Environment, state: _State) -> tuple[str, str, str, str]:
    html = pages.get_template("search/_shell.html").render(state.about, marks=_MARKS)
    begin, _, rest = html.partition(_MARKS.title)
    middle, _, rest = rest.partition(_MARKS.query)
    until, _, end = rest.partition(_MARKS.content)
    return begin, middle, until, end
