"""Puts the web portal together, in named steps."""

from flask import Flask

from app import (
    a_to_z,
    account,
    choose,
    confirm,
    connect,
    contact,
    counterparts,
    desk,
    devices,
    export,
    health,
    home,
    linking,
    mailed_link,
    organisations,
    pages,
    people,
    posts,
    saved,
    search,
    sign_in,
    sign_out,
    suggestions,
)
from app.brand import choose_brand
from app.cohort_list import keep_cohorts
from app.errors import show_errors_as_pages
from app.harvest import watch_for_harvest
from app.index_answers import keep_answers
from app.limits import limit_how_often
from app.organisation_list import keep_organisations
from app.rendering import prepare_templates
from app.scim.addresses import add_scim
from app.scim.limits import limit_scim
from app.security import (
    add_headers,
    believe_only_configuration,
    bound_forms,
    demand_form_tokens,
    warn_of_proxies,
)
from app.services import PortalServices
from app.sessions import keep_sessions
from app.settings import PortalSettings
from app.viewer import ask_who_is_looking

BLUEPRINTS = (
    home.bp,
    sign_in.bp,
    choose.bp,
    sign_out.bp,
    confirm.bp,
    mailed_link.bp,
    search.bp,
    suggestions.bp,
    saved.bp,
    export.bp,
    people.bp,
    counterparts.bp,
    contact.bp,
    posts.bp,
    organisations.bp,
    a_to_z.bp,
    devices.bp,
    desk.bp,
    linking.bp,
    account.bp,
    connect.bp,
    pages.bp,
    health.bp,
)


def create_app(settings: PortalSettings, services: PortalServices) -> Flask:
    """Make the portal; nothing is connected yet. PortalIncomplete when a file it needs is missing."""
    app = Flask("app", static_folder=None)
    app.extensions["counterpart"] = services
    app.extensions["counterpart-settings"] = settings
    believe_only_configuration(app, settings, services)
    choose_brand(app, settings)
    prepare_templates(app, settings)
    keep_sessions(app, settings, services)
    keep_organisations(app, services)
    keep_cohorts(app, services)
    keep_answers(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    add_scim(app)
    # All views are known now; what guards them follows, in the order in which a request meets it.
    health.count_requests(app)  # counts refused requests too
    add_headers(app, services)  # error pages carry them as well
    warn_of_proxies(app, settings)
    bound_forms(app)
    ask_who_is_looking(app)  # a view for others is refused before its form is looked at
    watch_for_harvest(app, settings, services)
    demand_form_tokens(app, services)
    confirm.demand_fresh_sign_in(app)  # keeps a form only after its token was looked at
    limit_how_often(app, settings, services)
    limit_scim(app, settings, services)
    show_errors_as_pages(app)
    return app
