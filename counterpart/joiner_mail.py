"""The mail that tells somebody, before they are first listed, what the directory holds of them."""

from app.moments import day
from app.settings import PortalSettings
from ldap_schema.clock import Clock, london_today
from ldap_schema.people import Person
from store.mail import Mail
from sync.notices import Joiner, Writer

_SEEN_BY = {
    "leaders": "every leader in the directory",
    "sector": "leaders of your sector",
    "organisation": "leaders of your organisation",
}
_DETAILS = (
    ("mail", "E-mail", "mail"),
    ("telephoneNumber", "Telephone", "telephone"),
    ("mobile", "Mobile", "mobile"),
)


def joiner_mail(portal: PortalSettings, base_url: str, clock: Clock) -> Writer:
    """Give what writes the mail; it raises BadMail for an address that takes none."""

    def write(joiner: Joiner) -> Mail:
        person = joiner.person
        words = {
            "name": person.display_name or person.full_name,
            "sender": joiner.sender,
            "listed_on": day(joiner.listed_on),
            "at_once": joiner.listed_on <= london_today(clock()) and person.status != "pending",
            "held": _held(person),
            "base_url": base_url,
            "portal": portal,
            "service_name": portal.service_name,
        }
        from app.owner_mail import templates  # Jinja: most runs write no mail

        text = templates().get_template("mail/joiner.txt").render(words)
        subject = f"Your entry in {portal.service_name}"
        return Mail(to=joiner.address, subject=subject, text=text, from_name=joiner.sender[:200])

    return write


def _held(person: Person) -> list[tuple[str, str, str]]:
    """List label, value and who sees it."""
    everybody = _SEEN_BY["leaders"]
    found = [
        ("Name", person.display_name or person.full_name, everybody),
        ("Post", person.title, everybody),
        ("Organisation", person.organisation_name, everybody),
    ]
    shown = dict(each.split(":", 1) for each in person.show)
    for attribute, label, field in _DETAILS:
        seen_by = _SEEN_BY.get(shown.get(attribute, ""), "nobody but you and those who act for you")
        found += [(label, value, seen_by) for value in getattr(person, field)]
    if person.sign_in_address:
        found.append(("Signs in as", person.sign_in_address, "nobody: your organisation's sign-in uses it"))
    return [each for each in found if each[1]]
