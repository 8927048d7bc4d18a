"""Looks at everything Counterpart needs, one small check each, and says what is wrong and how to mend it."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from app.security import is_https
from counterpart import wsgi
from counterpart.compose import open_redis
from counterpart.doctor_of_records import feeds, references
from counterpart.failures import failure_of
from counterpart.findings import Examined, Patient, Problem, ahead, apart, end_of, expiring
from counterpart.mail import SMTPSender
from counterpart.own_machine import certificate_files, disks
from counterpart.scim import pushed_feeds
from counterpart.secret_files import read_secret, secret_files
from counterpart.settings import SettingsError
from counterpart.worker import NAME as WORKER
from ldap_schema.directory import Directory, Service
from ldap_schema.errors import AccountRefused, DirectoryNotTrusted, DirectoryUnavailable
from saml.keys import KeyUnusable, load_keys
from saml.provider import LIVE
from saml.registry import Registry
from search_index.folder import IndexFolder
from store import checkpoints, heartbeats, outbox
from store.database import Store
from store.errors import StoreDamaged, StoreNotReady, StoreUnavailable, TryLater

SILENT = timedelta(minutes=2)


def examine(patient: Patient) -> list[Examined]:
    """Run every check; one that fails by itself is a finding too, and never stops the others."""
    return [Examined(name, _safely(check, patient)) for name, check in CHECKS.items()]


def _safely(check: Callable[[Patient], Iterator[Problem]], patient: Patient) -> tuple[Problem, ...]:
    found: list[Problem] = []
    try:
        found.extend(check(patient))
    except Exception as error:
        known = failure_of(error, advice=False)
        sentence = known.sentence if known else f"The check itself failed: {type(error).__name__}."
        mend = next((MEND_ERROR[kind] for kind in type(error).__mro__ if kind in MEND_ERROR), "")
        mend = mend or MEND.get(check.__name__, "Look into the log and report it.")
        found.append(Problem(sentence, mend))
    return tuple(found)


def secrets(patient: Patient) -> Iterator[Problem]:
    """Secret files are there, not empty, and nobody else can read them."""
    for path in secret_files(patient.settings):
        try:
            read_secret(path)
        except SettingsError as error:
            yield Problem(str(error), MEND["secrets"])
            continue
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Problem(f"{path} can be read by other accounts of this machine.", f"chmod 600 {path}")


def libraries(patient: Patient) -> Iterator[Problem]:
    """lxml and xmlsec carry the same libxml2; signatures are not to be trusted otherwise."""
    etree, xmlsec = import_module("lxml.etree"), import_module("xmlsec")
    ours, theirs = etree.LIBXML_VERSION, xmlsec.get_libxml_version()
    if tuple(ours) != tuple(theirs):
        yield Problem(
            f"lxml carries libxml2 {ours} and xmlsec {theirs}; they must be the same.",
            "Install both again as requirements/base.txt pins them.",
        )


def directory(patient: Patient) -> Iterator[Problem]:
    """The server answers, our service accounts can sign in, and nothing of ours is missing in it."""
    pushed = (Service.SCIM,) if pushed_feeds(patient.settings.sync.mappings) else ()
    for service in (Service.SYNC, Service.PORTAL, Service.INDEX, *pushed):
        opened = Directory.open(replace(patient.settings.directory, replicas=()), service)
        try:
            opened.probe()
            if service in (Service.SYNC, Service.PORTAL):
                yield from (Problem(lack.what, lack.mend) for lack in opened.missing_parts())
            if service is Service.SYNC:
                yield from ahead(opened.context_csn(), patient.clock())
                yield from apart(opened.server_time(), patient.clock())
        finally:
            opened.close()


def directory_certificates(patient: Patient) -> Iterator[Problem]:
    """The certificates of the directory's servers are good for another month."""
    settings, told = patient.settings.directory, patient.settings.portal
    mail_programs_ask = f"ldaps://{told.directory_host}:{told.directory_tls_port}"
    for uri in dict.fromkeys((settings.uri, *settings.replicas, mail_programs_ask)):
        opened = Directory.open(replace(settings, uri=uri, replicas=()), Service.SYNC)
        try:
            if shown := opened.certificate():
                yield from expiring(f"The certificate of {uri}", shown, patient.clock(), MEND["certificate"])
        except DirectoryNotTrusted as error:
            yield Problem(str(error), MEND["certificate"])
        except DirectoryUnavailable:
            continue  # others say so
        finally:
            opened.close()
    yield from certificate_files(patient, MEND["certificate"])


def redis(patient: Patient) -> Iterator[Problem]:
    """The server that keeps sessions answers us."""
    client = open_redis(patient.settings)
    try:
        client.ping()
    finally:
        client.close()
    yield from ()


def store(patient: Patient) -> Iterator[Problem]:
    """The store has this version's tables, and its ledger holds."""
    file = patient.settings.service.ledger_key_file
    with _store(patient) as opened, opened.reading() as tx:
        verdict = checkpoints.verify(tx, checkpoints.read_key(Path(file)) if file else None)
    if not verdict.holds:
        yield Problem(
            f"The ledger does not hold from entry {verdict.broken_at} on: {verdict.reason}.",
            "Keep a copy of the store, find out who wrote to it, and compare with a backup.",
        )


def mail(patient: Patient) -> Iterator[Problem]:
    """The mail server takes our mail, a worker is at work, and no mail is stuck."""
    SMTPSender(patient.settings.service).probe()
    now = patient.clock()
    with _store(patient) as opened, opened.reading() as tx:
        seen = heartbeats.last(tx, WORKER)
        stuck = outbox.stuck(tx, now)
        dead = outbox.tally(tx)[outbox.DEAD]
    if seen is None or now - seen > SILENT:
        since = "has never run" if seen is None else f"has been silent since {seen:%d %B %Y, %H:%M} UTC"
        yield Problem(f"The worker {since}; mail waits.", "Start `counterpart worker` and keep it running.")
    if stuck:
        yield Problem(f"Mail waits for longer than half an hour: {stuck}.", "Look into the worker's log.")
    if dead:
        yield Problem(
            f"Mail that could not be delivered: {dead}.", "Look at /desk, tell the senders, settle it there."
        )


def portal(patient: Patient) -> Iterator[Problem]:
    """Templates, styles and secrets are there: the portal can be built."""
    wsgi.portal(patient.settings).close()
    yield from ()


def proxies(patient: Patient) -> Iterator[Problem]:
    """Behind a TLS proxy the portal has to be told of it; one that speaks TLS itself has none."""
    if is_https(patient.settings.saml.base_url) and not patient.settings.portal.proxies:
        what = "People reach the portal over https, and COUNTERPART_PORTAL_PROXIES is 0. Behind a proxy, "
        what += "everybody shares one limit on signing in then, and /metrics may be open to all."
        yield Problem(what, MEND["proxies"], sure=False)


def saml_keys(patient: Patient) -> Iterator[Problem]:
    """Our own key and certificates belong together and are good for another month."""
    for number, certificate in enumerate(load_keys(patient.settings.saml).certificates):
        whose = "Our SAML certificate" if number == 0 else "Our next SAML certificate"
        yield from expiring(
            whose, certificate, patient.clock(), "Make a new pair and publish it as the next one."
        )


def providers(patient: Patient) -> Iterator[Problem]:
    """Somebody can sign in, and no provider's certificate runs out unnoticed."""
    with _store(patient) as opened:
        known = Registry(opened).all()
    live = [provider for provider in known if provider.state == LIVE]
    if not live:
        yield Problem(
            "No identity provider is live, so nobody can sign in.", "`counterpart idp add`, then `idp live`."
        )
    for provider in live:
        newest = max(provider.certificates, key=end_of, default="")
        mend = f"Ask {provider.contact or provider.name} for new metadata, then `counterpart idp add`."
        if newest:
            yield from expiring(f"The certificate of {provider.name}", newest, patient.clock(), mend)


def mail_programs(patient: Patient) -> Iterator[Problem]:
    """The logs that are watched for copying can be read by us."""
    for name in patient.settings.watch.log:
        if not os.access(name, os.R_OK):
            yield Problem(
                f"slapd's log {name} can't be read, so nobody watches for copying.", MEND["mail_programs"]
            )


def mail_programs_server(patient: Patient) -> Iterator[Problem]:
    """The server that mail programs are told answers, and takes no writes from the network."""
    told = patient.settings.portal
    uri = f"ldaps://{told.directory_host}:{told.directory_tls_port}"
    opened = Directory.open(replace(patient.settings.directory, uri=uri, replicas=()), Service.SYNC)
    try:
        if opened.takes_writes():
            what = f"{uri} is what mail programs are told and takes writes from the network: they can end it."
            yield Problem(what, MEND["network_writes"])
    except DirectoryUnavailable as error:
        yield Problem(f"Mail programs are told {uri}. {error}", MEND["mail_programs_server"])
    finally:
        opened.close()


def search_index(patient: Patient) -> Iterator[Problem]:
    """This machine's search index is in step with the directory, so somebody keeps it fresh."""
    settings = patient.settings.index
    noted = IndexFolder(settings.folder).step().at
    if noted is None or patient.clock() - noted > timedelta(seconds=settings.usable_seconds):
        since = "was never made" if noted is None else f"was last fresh on {noted:%d %B %Y, %H:%M} UTC"
        yield Problem(
            f"The search index in {settings.folder} {since}; the portal searches the directory itself.",
            MEND["search_index"],
        )


CHECKS: dict[str, Callable[[Patient], Iterator[Problem]]] = {
    "secrets": secrets,
    "libraries": libraries,
    "directory": directory,
    "its certificate": directory_certificates,
    "redis": redis,
    "references": references,
    "feeds": feeds,
    "store": store,
    "mail": mail,
    "portal": portal,
    "proxies": proxies,
    "disks": disks,
    "SAML keys": saml_keys,
    "providers": providers,
    "mail programs": mail_programs,
    "mail programs' server": mail_programs_server,
    "search index": search_index,
}

# What to do when a check could not even look.
MEND = {
    "secrets": "Put the secret there, or name the right file in the settings.",
    "libraries": "Install lxml and xmlsec again as requirements/base.txt pins them.",
    "directory": "Start slapd, and compare the COUNTERPART_DIRECTORY_… settings with it.",
    "certificate": "Get it a new one from its authority and restart slapd; portal, replicas and "
    "mail programs refuse it from that day on.",
    "redis": "Start Redis, and compare COUNTERPART_SERVICE_REDIS_URL with it.",
    "store": "Run `counterpart migrate`; if it says the same, look at COUNTERPART_STORE_URL and the disk.",
    "mail": "Compare COUNTERPART_SERVICE_SMTP_… with the mail server; mail waits until then, none is lost.",
    "portal": "Install Counterpart again, or mend what is named above.",
    "proxies": "Set it to the number of proxies. If `serve` has --certificate, it is right as it is.",
    "saml_keys": "Put the key pair there, or name the right files in COUNTERPART_SAML_….",
    "providers": "Mend the store first.",
    "search_index": "Start `counterpart follow` and keep it running; its log says what hinders it.",
    "mail_programs_server": "Compare COUNTERPART_PORTAL_DIRECTORY_HOST and …_TLS_PORT with where it listens.",
    "network_writes": "On its cn=config set `olcLocalSSF: 512` and `olcSecurity: ssf=128 simple_bind=128 "
    "update_ssf=512`, and let COUNTERPART_DIRECTORY_URI be its socket; see docs/operations-directory.md.",
    "mail_programs": "Compare COUNTERPART_WATCH_LOG with where slapd writes its log.",
}

# What to do about an error, whichever check met it.
MEND_ERROR: dict[type[BaseException], str] = {
    DirectoryNotTrusted: "Give the server a good certificate, or name the file of its authority in "
    "COUNTERPART_DIRECTORY_CA_FILE.",
    AccountRefused: "Put the account's password into that file, or set it anew in the directory.",
    DirectoryUnavailable: MEND["directory"],
    KeyUnusable: MEND["saml_keys"],
    SettingsError: MEND["secrets"],
    TryLater: MEND["mail"],
    StoreUnavailable: MEND["store"],
    StoreNotReady: MEND["store"],
    StoreDamaged: "Stop everything, keep a copy of the file, and put a backup in its place.",
}


@contextmanager
def _store(patient: Patient) -> Iterator[Store]:
    opened = Store.open(patient.settings.store)
    try:
        opened.check()
        yield opened
    finally:
        opened.close()
