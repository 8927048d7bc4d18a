"""One post: who holds it, who held it, or that it is vacant."""

from flask import Blueprint, render_template

from app.people import dates_of, holds_today, how_held
from app.permissions import leader_signed_in
from app.viewer import services, viewer
from ldap_schema.clock import london_today

bp = Blueprint("posts", __name__)


@bp.get("/posts/<id>")
@leader_signed_in
def post(id: str) -> str:
    """Show a post with its holders."""
    directory, today = viewer().directory, london_today(services().clock())
    found = directory.posts.get(id)
    tenures = directory.posts.tenures(id)
    holders = directory.people.listed([tenure.holder for tenure in tenures])
    rows = [
        (holders[tenure.holder], how_held(tenure), dates_of(tenure), holds_today(tenure, today))
        for tenure in sorted(tenures, key=lambda one: str(one.first_day or ""), reverse=True)
        if tenure.holder in holders
    ]
    return render_template(
        "posts/post.html",
        post=found,
        organisation=directory.organisations.get(found.organisation_id),
        now=[row for row in rows if row[3]],
        vacant=not any(holds_today(one, today) for one in tenures),
        others=[row for row in rows if not row[3]],
    )
