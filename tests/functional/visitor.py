"""A browser without JavaScript for tests: it follows redirects, keeps cookies per host, fills in forms.

It obeys only what the tests need of cookies: host, path, deletion. Chromium is used where they are the point.
"""

import http.client
import re
import ssl
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import html5lib

REDIRECTS = (301, 302, 303, 307, 308)
REFRESH = re.compile(r'<meta http-equiv="refresh" content="0; url=([^"]+)">')


@dataclass(frozen=True)
class Form:
    """A form as it stands on a page, with the values it already holds."""

    action: str
    method: str
    fields: dict[str, str]
    names: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What came back, after redirects if they were followed."""

    url: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def leads_to(self) -> str:
        """Where a browser goes on to by itself, by redirect or by refresh; empty for a page that stays."""
        if self.status in REDIRECTS:
            return str(self.headers["Location"])
        found = REFRESH.search(self.text) if self.headers.get_content_type() == "text/html" else None
        return unescape(found.group(1)) if found else ""

    def form(self, holding: str) -> Form:
        """The first form that has a field or button of that name."""
        root = html5lib.parse(self.body, transport_encoding="utf-8", namespaceHTMLElements=False)
        for element in root.iter("form"):
            form = _form(element, self.url)
            if holding in form.names:
                return form
        raise AssertionError(f"{self.url} ({self.status}) has no form with {holding!r}:\n{self.text[:2000]}")


def _form(element: Any, url: str) -> Form:
    fields: dict[str, str] = {}
    names: set[str] = set()
    for item in element.iter():
        if item.tag not in ("input", "button", "textarea", "select"):
            continue
        name, kind = item.get("name"), item.get("type", "text")
        if not name:
            continue
        names.add(name)
        if (item.tag == "input" and kind not in ("submit", "radio", "checkbox")) or item.get(
            "checked"
        ) is not None:
            fields[name] = item.get("value", "")
        elif item.tag == "textarea":
            fields[name] = item.text or ""
    return Form(
        urljoin(url, element.get("action") or url),
        element.get("method", "get").lower(),
        fields,
        frozenset(names),
    )


@dataclass
class Visitor:
    """One person's browser."""

    base: str
    cookies: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    context: ssl.SSLContext | None = None

    def get(self, url: str, follow: bool = True, **headers: str) -> Answer:
        return self._go("GET", urljoin(self.base, url), None, headers, follow)

    def post(self, url: str, fields: dict[str, str], follow: bool = True, **headers: str) -> Answer:
        return self._go("POST", urljoin(self.base, url), fields, headers, follow)

    def submit(self, page: Answer, holding: str, follow: bool = True, **values: str) -> Answer:
        """Send the page's form that holds the field, with these values in place of its own."""
        form = page.form(holding)
        fields = {**form.fields, **values}
        headers = {"Referer": page.url, "Origin": "{0.scheme}://{0.netloc}".format(urlsplit(page.url))}
        if form.method == "post":
            return self._go("POST", form.action, fields, headers, follow)
        return self._go("GET", form.action.split("?")[0] + "?" + urlencode(fields), None, headers, follow)

    def _go(
        self, method: str, url: str, fields: dict[str, str] | None, headers: dict[str, str], follow: bool
    ) -> Answer:
        for _ in range(12):
            answer = self._once(method, url, fields, headers)
            further = answer.leads_to()
            if not follow or not further:
                return answer
            url = urljoin(url, further)
            if answer.status not in (307, 308):
                method, fields = "GET", None
            headers = {"Referer": answer.url}
        raise AssertionError(f"too many redirects, last to {url}")

    def _once(self, method: str, url: str, fields: dict[str, str] | None, headers: dict[str, str]) -> Answer:
        parts = urlsplit(url)
        connection = self._connect(parts.scheme, parts.hostname or "", parts.port)
        sent = {"Accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if cookie := self._cookie_header(parts.hostname or "", parts.path):
            sent["Cookie"] = cookie
        body = None
        if fields is not None:
            body, sent["Content-Type"] = urlencode(fields), "application/x-www-form-urlencoded"
        target = parts.path or "/"
        connection.request(method, f"{target}?{parts.query}" if parts.query else target, body, sent)
        response = connection.getresponse()
        answer = Answer(url, response.status, response.headers, response.read())
        connection.close()
        self._keep(parts.hostname or "", response.headers)
        return answer

    def _connect(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=30, context=self.context)
        return http.client.HTTPConnection(host, port, timeout=30)

    def _cookie_header(self, host: str, path: str) -> str:
        found = [
            f"{name}={value}"
            for (owner, name), (value, under) in self.cookies.items()
            if owner == host and (path == under or path.startswith(under.rstrip("/") + "/") or under == "/")
        ]
        return "; ".join(found)

    def _keep(self, host: str, headers: http.client.HTTPMessage) -> None:
        for line in headers.get_all("Set-Cookie") or []:
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            rules = {key.lower(): text for key, _, text in (item.partition("=") for item in attributes)}
            if rules.get("max-age") == "0" or "1970" in rules.get("expires", "") or not value:
                self.cookies.pop((host, name), None)
            else:
                self.cookies[host, name] = (value, rules.get("path", "/"))


def sign_in(visitor: Visitor, address: str, start: str = "/sign-in", claim: str = "") -> Answer:
    """Sign in as the person of that address through their organisation's demonstration provider.

    `claim` picks, at the provider, the identity whose description holds these words instead.
    """
    page = visitor.get(start)
    page = visitor.submit(page, "address", address=address)
    page = visitor.submit(page, "identity", identity=choice(page, claim or address))
    if "SAMLResponse" not in page.text:
        return page
    return visitor.submit(page, "SAMLResponse")


def choice(page: Answer, words: str) -> str:
    """The number of the identity that the provider's page describes with these words."""
    for number, described in re.findall(r'value="(\d+)"(.*?)</div>', page.text, re.DOTALL):
        if words in described:
            return str(number)
    raise AssertionError(f"{page.url} offers nobody with {words!r}:\n{page.text[:2000]}")
