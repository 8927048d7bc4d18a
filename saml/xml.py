"""Reading XML from strangers: one strict parser, bounded decoding, and the names of SAML."""

import binascii
import re
import zlib
from datetime import UTC, datetime

from lxml import etree

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"  # SAML core, section 3.2.2.2

MAX_MESSAGE = 256 * 1024  # bytes of XML; real responses are under 20 KiB
MAX_ELEMENTS = 4000
MAX_DEPTH = 40
MAX_ATTRIBUTES = 40  # of one element
MAX_NAMESPACES = 100  # in scope at one place
MAX_NAMESPACE = 1024  # characters of its name

_VERSION = re.compile(rb"""\A<\?xml\s+version\s*=\s*["']1\.0["']""")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|\+00:00)", re.ASCII)
_ENCODING = re.compile(rb"""\A<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}")


class Unreadable(ValueError):
    """Bytes that are not the XML we read; the message says what is wrong with them, without quoting them."""


def q(namespace: str, name: str) -> str:
    """Qualified name as lxml writes it."""
    return f"{{{namespace}}}{name}"


# What KeyInfo may hold: names, keys and certificates, which we do not read; never a pointer to elsewhere.
KEY_INFO_PARTS = frozenset(
    q(DS, name)
    for name in (
        "X509Data", "X509Certificate", "X509SubjectName", "X509IssuerSerial", "X509IssuerName",
        "X509SerialNumber", "X509SKI", "X509CRL", "KeyName", "KeyValue", "RSAKeyValue", "Modulus", "Exponent",
    )
) | frozenset({
    q(DSIG11, "ECKeyValue"), q(DSIG11, "NamedCurve"), q(DSIG11, "PublicKey"), q(DSIG11, "X509Digest"),
    q(DSIG11, "DEREncodedKeyValue"),
    q(WSSE, "SecurityTokenReference"), q(WSSE, "KeyIdentifier"),  # Microsoft's encryption, around X509Data
})  # fmt: skip


def from_base64(text: str, limit: int = MAX_MESSAGE) -> bytes:
    """Strictly decode base64, which some senders wrap in lines. Raises Unreadable."""
    if len(text) > limit * 4 // 3 + limit // 32:
        raise Unreadable(f"the message is longer than {limit} bytes")
    try:
        return binascii.a2b_base64(text.encode("ascii").translate(None, b" \t\r\n"), strict_mode=True)
    except ValueError as error:  # binascii.Error and UnicodeEncodeError are some
        raise Unreadable("the message is not base64") from error


def inflate(data: bytes, limit: int) -> bytes:
    """Undo raw DEFLATE (the Redirect binding) without ever holding more than `limit` bytes. Raises
    Unreadable."""
    decoder = zlib.decompressobj(-15)
    try:
        plain = decoder.decompress(data, limit + 1)
    except zlib.error as error:
        raise Unreadable("the message is not deflated") from error
    if len(plain) > limit:
        raise Unreadable(f"the message inflates to more than {limit} bytes")
    if not decoder.eof:
        raise Unreadable("the deflated message is cut short")
    if decoder.unused_data:
        raise Unreadable("bytes follow the deflated message")
    return plain


def parse(
    data: bytes,
    limit: int = MAX_MESSAGE,
    max_elements: int = MAX_ELEMENTS,
    *,
    drop_comments: bool = False,
) -> etree._Element:
    """Parse UTF-8 XML with no DTD, entity, comment or processing instruction in it. Raises Unreadable.

    Comments are refused, not skipped: they are how text was cut in two by others' parsers, and no provider
    sends them in a message. People and federations write them into metadata; with `drop_comments` they are
    gone before the tree is built, as for a signature without comments, so that no text is cut.
    """
    _check_bytes(data, limit)
    root = _read(data, _parser(drop_comments))
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("the message has a DTD")
    _check_nodes(root, max_elements)
    return root


def parse_canonical(data: bytes) -> etree._Element:
    """Parse what we have written in canonical form of what `parse` had let through: the same nodes, so they
    are not counted again. Raises Unreadable."""
    _check_length(data, MAX_MESSAGE)
    return _read(data, _parser())


def by_itself(node: etree._Element) -> etree._Element:
    """A part of a parsed message as a document of its own, with the prefixes that were declared further out.
    Raises Unreadable."""
    try:
        return etree.fromstring(etree.tostring(node, with_tail=False, encoding="utf-8"), _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("a part of the message can't stand by itself") from error


def _read(data: bytes, parser: etree.XMLParser) -> etree._Element:
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("the message is not well-formed XML") from error


def _parser(drop_comments: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=drop_comments,
    )


def _check_length(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise Unreadable(f"the message is longer than {limit} bytes")


def _check_bytes(data: bytes, limit: int) -> None:
    _check_length(data, limit)
    if not data:
        raise Unreadable("the message is empty")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("the message is not UTF-8") from error
    start = data.removeprefix(b"\xef\xbb\xbf")
    if start.startswith(b"<?xml") and not _VERSION.match(start):
        raise Unreadable("the message is not XML 1.0")
    declared = _ENCODING.match(start)
    if declared and declared.group(1).lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        raise Unreadable("the message declares an encoding other than UTF-8")
    upper = data.upper()
    if b"<!DOCTYPE" in upper or b"<!ENTITY" in upper or b"\x00" in data:
        raise Unreadable("the message has a DTD or NUL bytes")


def _check_nodes(root: etree._Element, max_elements: int) -> None:
    """Bound what later steps walk over; look beside the root as well as below it.

    Canonicalisation takes quadratic time in the attributes of an element and in the namespaces in scope:
    20,000 attributes cost two seconds before any signature was looked at.
    """
    if root.getprevious() is not None or root.getnext() is not None:
        raise Unreadable("the message has a comment or processing instruction")
    depth = count = scope = attributes = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi", "start-ns", "end-ns")):
        if event in ("start-ns", "end-ns"):
            scope = _scope(event, node, scope)
        elif event == "end":
            depth -= 1
        elif event != "start" or not isinstance(node.tag, str):
            raise Unreadable("the message has a comment, a processing instruction or an entity")
        else:
            depth, count, attributes = depth + 1, count + 1, attributes + _attributes(node)
        if depth > MAX_DEPTH or count > max_elements or attributes > 2 * max_elements:
            raise Unreadable("the message is nested too deeply, or has too many elements or attributes")


def _scope(event: str, declared: tuple[str, str], scope: int) -> int:
    """How many namespaces are in scope now. Raises Unreadable above the bounds."""
    if event == "end-ns":
        return scope - 1
    if scope >= MAX_NAMESPACES or len(declared[1]) > MAX_NAMESPACE:  # every element's name repeats it
        raise Unreadable("the message has too many namespaces, or one that is too long")
    return scope + 1


def _attributes(node: etree._Element) -> int:
    """How many attributes the element has. Raises Unreadable above MAX_ATTRIBUTES."""
    if len(node.attrib) > MAX_ATTRIBUTES:
        raise Unreadable("an element has too many attributes")
    return len(node.attrib)


def is_ncname(text: str) -> bool:
    """Whether the text may be an ID: a letter or underscore first, at most 256 characters, ASCII only."""
    return _NCNAME.fullmatch(text) is not None


def instant(text: str | None) -> datetime:
    """A SAML time, which is always UTC (Core 1.3.3) and ends in Z, or in +00:00 as some write that. Raises
    Unreadable."""
    if text is None or not _DATE.fullmatch(text):
        raise Unreadable("a time is missing or is not UTC")
    try:
        return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError as error:
        raise Unreadable("a time does not exist") from error


def written(moment: datetime) -> str:
    """A moment as SAML writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
