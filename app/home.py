"""The first page: what this is for somebody signed out, the search box for somebody signed in."""

from flask import Blueprint, g, render_template

from app.organisation_list import organisation_list
from app.permissions import public
from app.saved import kept_beside
from app.viewer import services
from ldap_schema.organisations import SECTORS
from store import waiting

bp = Blueprint("home", __name__)


@bp.get("/")
@public("People must be able to see what this is before they sign in.")
def index() -> str:
    """Show the start page, or the search box."""
    if g.viewer is None:
        return render_template("home/start.html")
    regions = organisation_list().regions
    waits = 0
    if "directory-managers" in g.viewer.roles:
        with services().store.reading() as tx:
            waits = waiting.count_open(tx)
    return render_template(
        "home/signed_in.html", sectors=SECTORS, regions=regions, waits=waits, kept=kept_beside()
    )
