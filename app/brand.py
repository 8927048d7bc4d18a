"""How the portal looks: GOV.UK Frontend's styles, with or without what belongs to GOV.UK alone."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, request, send_from_directory
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader

from app.incomplete import PortalIncomplete
from app.permissions import public
from app.settings import PortalSettings

STATIC = Path(__file__).parent / "static"
GOVUK = STATIC / "govuk"
A_YEAR = 365 * 24 * 3600
BRANDS = ("generic", "govuk")


@dataclass(frozen=True, slots=True)
class Brand:
    """The chosen look: the style sheet as it is served, and a name for its content."""

    name: str
    styles: bytes
    digest: str  # of every file a page loads, so that a browser never mixes two versions


bp = Blueprint("brand", __name__)


def choose_brand(app: Flask, settings: PortalSettings) -> None:
    """Read the templates' folder and the style sheet once; PortalIncomplete if either is missing."""
    templates = template_folder()
    app.jinja_loader = ChoiceLoader(
        [
            FileSystemLoader(templates),
            PrefixLoader(
                {name: PackageLoader(name) for name in ("govuk_frontend_jinja", "govuk_frontend_wtf")}
            ),
        ]
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    brand = load_brand(settings.brand)
    app.extensions["counterpart-brand"] = brand
    app.jinja_env.globals["brand"] = brand.name
    app.register_blueprint(bp)


def template_folder() -> Path:
    """Return the folder of pages and e-mails, which is a package of its own beside this one."""
    folder = Path(str(files("templates")))
    if not (folder / "base.html").is_file():
        raise PortalIncomplete(
            f"The portal's pages are missing: there is no base.html in {folder}. Install it again."
        )
    return folder


def load_brand(name: str) -> Brand:
    """Prepare the style sheet for the brand."""
    if name not in BRANDS:
        raise PortalIncomplete(f"COUNTERPART_PORTAL_BRAND is {name!r}; it can be {' or '.join(BRANDS)}.")
    source = GOVUK / "govuk-frontend.min.css"
    if not source.is_file():
        raise PortalIncomplete(f"GOV.UK Frontend is missing: there is no {source}. `make assets` fetches it.")
    # The package names its files from the top of the site, or beside itself where it was installed so.
    styles = re.sub(r"url\((['\"]?)/?assets/", r"url(\1/assets/", source.read_text(encoding="utf-8"))
    if name == "generic":
        styles = without_govuk_typeface(styles)
    own = [path.read_bytes() for path in sorted(STATIC.glob("*.*"))]
    digest = hashlib.sha256(b"\0".join([styles.encode(), *own])).hexdigest()[:12]
    return Brand(name, styles.encode(), digest)


def without_govuk_typeface(styles: str) -> str:
    """Take the GDS Transport typeface out: its licence covers services on GOV.UK only."""
    styles = re.sub(r"/\*!\s*Copyright \(c\) 2011 by Margaret Calvert.*?\*/", "", styles, flags=re.DOTALL)
    styles = re.sub(r"@font-face\s*\{[^}]*GDS Transport[^}]*\}", "", styles)
    return re.sub(r"[\"']?GDS Transport[\"']?\s*,\s*", "", styles)


@bp.get("/static/<path:name>")
@public("Styles, scripts and icons hold nothing about anybody.")
def static(name: str) -> Response:
    """Serve a file of ours or of GOV.UK Frontend."""
    if name == "styles.css":
        return _styles()
    if name.startswith("govuk/") and name != "govuk/govuk-frontend.min.js":
        abort(404)  # the crown and the typeface are served below, and only where they may be
    return send_from_directory(STATIC, name, max_age=_how_long())


@bp.get("/assets/<path:name>")
@public("Fonts and icons hold nothing about anybody.")
def assets(name: str) -> Response:
    """Serve the crest, icons and fonts that GOV.UK Frontend's styles name; only under GOV.UK's brand."""
    if _brand().name != "govuk":
        abort(404)
    return send_from_directory(GOVUK / "assets", name, max_age=24 * 3600)


def _styles() -> Response:
    response = Response(_brand().styles, mimetype="text/css")
    response.cache_control.public, response.cache_control.max_age = True, _how_long()
    response.set_etag(_brand().digest)
    response.make_conditional(request)
    return response


def _how_long() -> int:
    """A file asked for with its version never changes; any other is looked at again after an hour."""
    return A_YEAR if request.args.get("v") == _brand().digest else 3600


def _brand() -> Brand:
    brand: Brand = current_app.extensions["counterpart-brand"]
    return brand
