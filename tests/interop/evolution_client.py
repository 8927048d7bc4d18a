"""Asks an address book as Evolution does: through evolution-data-server, by its own library.

It is run by the system's Python, which has the bindings, inside a D-Bus session of its own:

    dbus-run-session -- /usr/bin/python3 evolution_client.py QUERY…

Each QUERY is one of Evolution's own (an s-expression). It prints, as JSON, what each found, and the first of
them opened. The password is read from the environment, as if somebody had typed it where Evolution asks.
"""

import json
import os
import sys
from typing import Any

import gi  # type: ignore

for library in ("EDataServer", "EBook", "EBookContacts"):
    gi.require_version(library, "1.2")
# Their versions must be chosen before they are imported.
from gi.repository import EBook, EDataServer, GLib  # type: ignore # noqa: E402

BOOK, SECONDS = "counterpart", 30


def connected() -> Any:
    """Return the client of the address book, once it was told the password."""
    registry = EDataServer.SourceRegistry.new_sync(None)
    source, loop = registry.ref_source(BOOK), GLib.MainLoop()
    clients: list[Any] = []
    asked: list[bool] = []

    def tell_password(source: Any, *_reason: Any) -> None:
        asked.append(True)
        if len(asked) > 1:  # it was wrong
            loop.quit()
            return
        credentials = EDataServer.NamedParameters.new()
        credentials.set("password", os.environ["DESK_PASSWORD"])
        source.invoke_authenticate(credentials, None, lambda *_: None)

    def done(_: Any, result: Any) -> None:
        try:
            clients.append(EBook.BookClient.connect_finish(result))
        except GLib.Error as error:
            sys.stderr.write(f"{error.message}\n")
        loop.quit()

    source.connect("credentials-required", tell_password)
    EBook.BookClient.connect(source, SECONDS, None, done)
    GLib.timeout_add_seconds(SECONDS, loop.quit)
    loop.run()
    return clients[0] if clients and len(asked) == 1 else sys.exit("The address book could not be opened.")


def card(contact: Any) -> str:
    """Return what Evolution knows of somebody, as a vCard 3.0."""
    return str(contact.to_string(0))


def main() -> None:
    """Ask each query."""
    client = connected()
    found = []
    for query in sys.argv[1:]:
        contacts = client.get_contacts_sync(query, None)[1]
        opened = client.get_contact_sync(contacts[0].get_property("id"), None)[1] if contacts else None
        found.append({"found": [card(each) for each in contacts], "opened": opened and card(opened)})
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
