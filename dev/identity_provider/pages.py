"""The provider's pages: plain, one heading each, no script inside the page."""

from collections.abc import Mapping
from html import escape

from dev.identity_provider.config import Identity, IdentityProvider


def _page(provider_name: str, title: str, body: str, script: str = "", *, problem: bool = False) -> str:
    prefix = "Error: " if problem else ""
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{prefix}{escape(title)} &ndash; {escape(provider_name)}</title>
<link rel="stylesheet" href="/static/provider.css">
<link rel="icon" href="data:,">
{script}</head>
<body>
<header><p class="owner">{escape(provider_name)}</p><p class="tag">Demonstration sign-in</p></header>
<main>
<h1>{escape(title)}</h1>
{body}
</main>
<footer><p>This page stands in for your organisation&rsquo;s own sign-in page.
Nobody here is real, and no password is asked for.</p></footer>
</body>
</html>
"""


def choose(
    provider: IdentityProvider, asked: Mapping[str, str], chosen: str = "", *, nothing_chosen: bool = False
) -> str:
    """Who one can be at this provider; `asked` are the fields that carry the service's request along."""
    error = (
        '<p class="error" id="problem"><strong>Choose who to sign in as.</strong></p>'
        if nothing_chosen
        else ""
    )
    described = ' aria-describedby="problem"' if nothing_chosen else ""
    options = "\n".join(_option(n, one, chosen) for n, one in enumerate(provider.identities))
    body = f"""<form method="post" action="/{escape(provider.id)}/sso">
{_hidden(asked)}
<fieldset{described}>
<legend>Who do you want to be?</legend>
{error}{options}
</fieldset>
<p class="buttons"><button type="submit">Sign in</button>
<button type="submit" name="cancel" value="yes" class="quiet">Cancel</button></p>
</form>"""
    return _page(provider.name, "Sign in", body, problem=nothing_chosen)


def _hidden(fields: Mapping[str, str]) -> str:
    return "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )


def _option(number: int, identity: Identity, chosen: str) -> str:
    mark = " checked" if identity.subject_id == chosen else ""
    return f"""<div class="choice"><input type="radio" name="identity" id="identity-{number}"
    value="{number}"{mark}
 aria-describedby="note-{number}"><label for="identity-{number}">{escape(identity.name)}</label>
<p id="note-{number}">{escape(identity.note)}<br>{escape(identity.mail)}</p></div>"""


def hand_over(provider: IdentityProvider, address: str, fields: Mapping[str, str]) -> str:
    """A signed message on its way to the service: sent at once by a script of ours, or by the button."""
    body = f"""<p>We are sending you back to where you came from.</p>
<form method="post" action="{escape(address)}" id="answer">
{_hidden(fields)}
<p class="buttons"><button type="submit">Continue</button></p>
</form>"""
    script = '<script src="/static/continue.js" defer></script>\n'
    return _page(provider.name, "Continue", body, script)


def sign_out(provider: IdentityProvider, name: str) -> str:
    """Offer to end the session here and wherever it was used."""
    if not name:
        return told(
            provider.name, "You are not signed in", f"Nobody is signed in to {provider.name} in this browser."
        )
    body = f"""<p>You are signed in as {escape(name)}.</p>
<form method="post" action="/{escape(provider.id)}/slo">
<p class="buttons"><button type="submit">Sign out everywhere at this organisation</button></p>
</form>"""
    return _page(provider.name, "Sign out", body)


def told(provider_name: str, title: str, sentence: str) -> str:
    """A page that only says something."""
    return _page(provider_name, title, f"<p>{escape(sentence)}</p>")


def index(providers: tuple[IdentityProvider, ...]) -> str:
    """The providers under this port."""
    items = "\n".join(
        f'<li>{escape(one.name)}: <a href="/{escape(one.id)}/metadata">metadata</a>, '
        f'<a href="/{escape(one.id)}/slo">sign out</a></li>'
        for one in providers
    )
    body = f"<p>Signing in starts at the portal, which sends you here.</p>\n<ul>\n{items}\n</ul>"
    return _page("Identity providers", "Demonstration identity providers", body)
