"""`counterpart idp test`: a provider tried out for real, without touching anything live."""

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from counterpart.commands.common import Tools, as_json, example, pass_tools, show
from counterpart.exit_codes import DONE, OTHER
from counterpart.refused import Refused
from saml import messages, registration, source
from saml.errors import ProviderRefused
from saml.fetch import FetchFailed, Rules, fetch
from saml.keys import load_keys
from saml.provider import Provider
from saml.registry import Registry
from saml.rehearsal import Rehearsal, rehearse
from saml.renewal import compare, in_words

LARGEST_PAGE = 4 * 1024 * 1024
LARGEST_RESPONSE = 512 * 1024


@click.command(
    epilog=example("counterpart idp test rivers", "counterpart idp test rivers --response captured.txt")
)
@click.argument("file", metavar="FILE|ID", type=click.Path(path_type=Path))
@click.option(
    "--response",
    type=click.File("rb"),
    help="A SAMLResponse captured in a browser; - is stdin.",
)
@as_json
@pass_tools
def test(tools: Tools, file: Path, response: Any, as_json: bool) -> int:
    """Try a provider without touching anything live.

    Fetches its metadata, asks its sign-in page, and prints an address to sign in at. Sign in there in a
    private window with the developer tools open: this site will say that it did not ask. Save the
    SAMLResponse that was posted to /saml/acs and give it as --response, to see whom it would let in. Nobody
    is signed in or linked, and nothing is stored.
    """
    provider = _provider(tools, file)
    if response is not None:
        return _show_rehearsal(_rehearsed(tools, provider, response.read(LARGEST_RESPONSE + 1)), as_json)
    steps = [_metadata(tools, provider), *_pages(tools, provider)]
    address, request_id = _sandbox(tools, provider)
    fine = all(step["result"] == "ok" for step in steps)
    lines = [f"  {step['result']:<6}  {step['what']}: {step['words']}" for step in steps]
    lines += ["", "Sign in here to try it:", f"  {address}" if address else "  (it takes HTTP-POST alone)"]
    show({"steps": steps, "sign_in_url": address, "request_id": request_id}, "\n".join(lines), as_json)
    return DONE if fine else OTHER


def _provider(tools: Tools, file: Path) -> Provider:
    known = Registry(tools.store).get(str(file)) if not file.exists() else None
    if known is not None:
        return known
    if not file.exists():
        raise Refused(f"There is neither a file nor a provider {str(file)!r}.")
    hosts = tools.settings.saml.private_hosts
    found = registration.read(file, tools.directory.organisations, tools.clock(), private_hosts=hosts)
    return Registry(tools.store).fitting(found)[0]


def _metadata(tools: Tools, provider: Provider) -> dict[str, str]:
    """Read it again, as the worker would."""
    if not provider.source.refreshed:
        return _step("metadata", "ok", "It comes from a file, so there is nothing to fetch.")
    try:
        obtained = source.obtain(provider.source, tools.clock(), tools.settings.saml.private_hosts)
        words = in_words(compare(provider, obtained.described, tools.clock()))
    except ProviderRefused as error:
        return _step("metadata", "failed", str(error))
    return _step("metadata", "ok", f"It was fetched and believed. {words or 'Its keys are the known ones.'}")


def _pages(tools: Tools, provider: Provider) -> list[dict[str, str]]:
    """Ask the sign-in page as a browser would, with a request of ours; whatever is not an error is fine."""
    address, _ = _sandbox(tools, provider)
    rules = Rules(most=LARGEST_PAGE, private_hosts=tools.settings.saml.private_hosts, this_machine=True)
    if not address:
        return []
    try:
        fetch(address, rules)
    except FetchFailed as error:
        if not 300 <= error.status < 400 and error.status != 401:
            return [_step("sign-in page", "failed", f"{error} Does it know us (/saml/metadata)?")]
    except ProviderRefused as error:
        return [_step("sign-in page", "failed", str(error))]
    return [_step("sign-in page", "ok", "It answers a signed request of ours.")]


def _sandbox(tools: Tools, provider: Provider) -> tuple[str, str]:
    """A signed request that nobody remembers, so that its answer signs nobody in."""
    settings, request_id = tools.settings.saml, messages.new_id()
    keys = load_keys(settings)

    def write(address: str) -> bytes:
        contexts = provider.contexts if provider.ask_contexts else ()
        return messages.authn_request(request_id, address, settings, tools.clock(), contexts=contexts)

    if not provider.sso_url:
        return "", request_id
    return messages.sent(provider.sso, "SAMLRequest", write, "sandbox", keys).url, request_id


def _rehearsed(tools: Tools, provider: Provider, raw: bytes) -> Rehearsal:
    if len(raw) > LARGEST_RESPONSE:
        raise Refused("The response is larger than any that we read.")
    text = raw.strip()
    if text.startswith(b"<"):
        text = base64.b64encode(text)
    settings = tools.settings.saml
    return rehearse(
        text.decode("ascii", "replace"),
        provider,
        settings,
        load_keys(settings),
        tools.portal_directory.people,
        tools.clock(),
    )


def _show_rehearsal(found: Rehearsal, as_json: bool) -> int:
    facts = {
        "key": found.federated_id,
        "mail": ", ".join(found.mails),
        "context": found.context,
        **{f"attribute {name}": ", ".join(values) for name, values in found.attributes.items()},
    }
    lines = [f"  {name}: {value}" for name, value in facts.items() if value]
    if found.refused:
        lines.insert(0, f"It would be refused: {found.refused}.")
    elif found.linked:
        lines.insert(0, f"It would sign {found.uid} in, who is linked to this key.")
    else:
        lines.insert(0, f"It would link {found.uid} to this key, at their first sign-in, and sign them in.")
    lines.append("Not judged: whether it came in time, answered a request of ours, and was new.")
    show(asdict(found), "\n".join(lines), as_json)
    return OTHER if found.refused else DONE


def _step(what: str, result: str, words: str) -> dict[str, str]:
    return {"what": what, "result": result, "words": words}
