"""One whole Counterpart on this machine: directory, Redis, mail, identity providers, and our own processes.

    with House(settings, os.environ) as house:
        …  # house.settings.portal_url answers

`make run` and the tests start the same house; only folder, ports and the number of invented leaders differ.
"""

import http.client
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.commands import COUNTERPART, Commands, product_environment
from dev.processes import Process, require_free
from dev.providers import IdentityProviders
from dev.provision import furnish_files, furnish_people, furnish_store
from dev.servers import MailCatcher, Redis, Slapd
from dev.settings import HouseSettings
from search_index.folder import IndexFolder

PORTAL_START_SECONDS = 30.0
FRESH = timedelta(seconds=5)


def silent(line: str) -> None:
    """Say nothing; for those who do not watch the house being started."""


class House:
    """Starts everything in order, and ends everything in the opposite order."""

    def __init__(
        self, settings: HouseSettings, environ: Mapping[str, str], say: Callable[[str], None] = silent
    ) -> None:
        self.settings = settings
        self._environ = product_environment(settings, environ)
        self._say = say
        var = settings.var
        self.log_folder = var / "log"
        self.slapd = Slapd(
            var / "slapd",
            ldap_port=settings.ldap_port,
            ldaps_port=settings.ldaps_port,
            secrets_folder=var / "secrets",
            tls_folder=var / "tls",
            log_level="stats",  # the worker watches it
        )
        self.redis = Redis(var / "redis")
        self.mail = MailCatcher(self.log_folder, port=settings.smtp_port, mail=var / "mail")
        self.providers = IdentityProviders(settings)
        self.portal = self._portal()
        self.worker = Process("worker", [COUNTERPART, "worker"], self.log_folder, environ=self._environ)
        self.follower = Process(
            "follower", [COUNTERPART, "follow"], self.log_folder, ready=self._follows, environ=self._environ
        )
        self.commands = Commands(settings, environ)
        self._started = ExitStack()

    @property
    def processes(self) -> tuple[Process, ...]:
        """Every process of the house, in the order in which they are started."""
        return (
            self.slapd,
            self.redis,
            self.mail,
            self.providers.process,
            self.portal,
            self.worker,
            self.follower,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and furnish what is not furnished yet.

        Raises ServerError with one sentence; a busy port is found before anything is started or written.
        """
        for process in self.processes:
            for port, setting in process.ports.items():
                require_free(port, f"the {process.name}", setting)
        self.settings.var.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._start_servers()
            self._furnish()
            self._start_product()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything; a house that was never started is fine."""
        self._started.close()

    def _start_servers(self) -> None:
        self._say("Starting the directory, Redis and the mail catcher…")
        self._start(self.slapd, self.redis, self.mail)

    def _furnish(self) -> None:
        furnish_files(self.settings, self.slapd, self.redis, self.mail)
        furnish_store(self.settings)
        furnish_people(self.settings, self.slapd, self.commands, self._say)
        self.providers.furnish(self.commands)

    def _start_product(self) -> None:
        self._say("Starting the identity providers, the portal, the worker and the follower…")
        self._start(self.providers.process, self.portal, self.worker, self.follower)

    def _start(self, *processes: Process) -> None:
        """Start some together: while one gets ready, so do the others."""
        for process in processes:
            self._started.callback(process.stop)
            process.launch()
        for process in processes:
            process.wait_until_ready()

    def _portal(self) -> Process:
        port = self.settings.portal_port
        command: list[str | Path] = [COUNTERPART, "serve", "--host", "127.0.0.1", "--port", str(port)]
        if self.settings.https:
            tls = self.settings.var / "tls"
            command += ["--certificate", tls / "server.pem", "--key", tls / "server.key"]
        return Process(
            "portal",
            command,
            self.log_folder,
            ports={port: "COUNTERPART_PORTAL_PORT"},
            ready=self._portal_answers,
            environ=self._environ,
            start_timeout=PORTAL_START_SECONDS,
        )

    def _follows(self) -> bool:
        """Whether the search index has been in step with the directory a moment ago."""
        noted = IndexFolder(self.settings.var / "index").step().at
        return noted is not None and datetime.now(UTC) - noted < FRESH

    def _portal_answers(self) -> bool:
        """Whether the portal is ready to serve: it, the directory, Redis and the store."""
        port = self.settings.portal_port
        connection: http.client.HTTPConnection
        if self.settings.https:
            trust = ssl.create_default_context(cafile=self.slapd.ca_file)
            connection = http.client.HTTPSConnection("localhost", port, timeout=5, context=trust)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz", headers={"Host": f"localhost:{port}"})
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()
