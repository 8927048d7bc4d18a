"""A mail that could do harm never reaches the outbox."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import BadMail
from store.mail import LONGEST_BODY, LONGEST_CSV, Mail, as_message, reference_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SENDER = "counterpart@leaders.example"


def mail(**changes: str) -> Mail:
    given = {
        "to": "ada.quill@rivers.example",
        "subject": "Flood warnings",
        "text": "Could we talk on Tuesday?",
    }
    return Mail(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subject": "Hello\nBcc: everybody@all.example"}, "subject must be one line"),
        ({"subject": "Hello\rBcc: everybody@all.example"}, "subject must be one line"),
        ({"subject": "Hello\u2028there"}, "subject must be one line"),
        ({"subject": "invoice \u202efdp.exe"}, "subject must be one line"),
        ({"subject": "half \ud83d a face"}, "subject must be one line"),
        ({"subject": "=?utf-8?q?=0d=0aBcc:_everybody=40all.example?="}, "would decode"),
        ({"subject": "Re: =?UTF-8?B?DQoNCldpcmUgdGhlIG1vbmV5?= now"}, "would decode"),
        ({"subject": "=?utf-8*en?q?=E2=80=AEfdp.exe?="}, "would decode"),
        ({"from_name": "=?utf-8?q?Ada=0d=0aReply-To:_x=40y.example?= Quill"}, "would decode"),
        ({"to": "=?utf-8?q?=0d=0aBcc:x=40y.example?=@rivers.example"}, "would decode"),
        ({"reply_to": "=?utf-8?q?=0d=0aBcc:x?=@rivers.example"}, "would decode"),
        ({"subject": "x" * 251}, "subject may have 250 characters"),
        ({"subject": "  "}, "needs a subject and some text"),
        ({"text": ""}, "needs a subject and some text"),
        ({"text": "bell \x07"}, "control characters"),
        ({"text": "x" * (LONGEST_BODY + 1)}, "may have 100,000 characters"),
        ({"html": "x" * (LONGEST_BODY + 1)}, "may have 100,000 characters"),
        ({"from_name": "Ada\nBcc: x@all.example"}, "sender's name must be one line"),
        ({"to": "ada.quill@rivers.example\nBcc: x@all.example"}, "address must be one line"),
        ({"to": "ada@rivers.example, bob@rivers.example"}, "not a single e-mail address"),
        ({"to": "ada@rivers.example bob@rivers.example"}, "not a single e-mail address"),
        ({"to": "Ada <ada@rivers.example>"}, "not a single e-mail address"),
        ({"to": "ada"}, "not a single e-mail address"),
        ({"to": "@rivers.example"}, "not a single e-mail address"),
        ({"to": "ada@localhost"}, "not a single e-mail address"),
        ({"to": ""}, "not a single e-mail address"),
        ({"to": "ada@flüsse.example"}, "only A to Z"),
        ({"to": "a" * 250 + "@rivers.example"}, "address may have 254 characters"),
        ({"reply_to": "x@y.example\r\nBcc: z@all.example"}, "reply address must be one line"),
        ({"csv": "line\r\n", "csv_name": "../receipt.csv"}, "name of small letters"),
        ({"csv": "line\r\n", "csv_name": 'a.csv"; x="y'}, "name of small letters"),
        ({"csv": "line\r\n"}, "name of small letters"),
        ({"csv": "bell \x07", "csv_name": "receipt.csv"}, "control characters"),
        ({"csv": "x" * (LONGEST_CSV + 1), "csv_name": "receipt.csv"}, "may have 3,000,000 characters"),
    ],
)
def test_a_mail_that_could_do_harm_is_refused_with_a_sentence(changes: dict[str, str], words: str) -> None:
    with pytest.raises(BadMail, match=words):
        mail(**changes)


def test_a_thousand_recipients_are_refused() -> None:
    with pytest.raises(BadMail):
        mail(to=",".join(f"leader{number}@rivers.example" for number in range(1000)))


def test_a_mail_reads_as_plain_text_and_carries_html_beside_it() -> None:
    written = as_message(mail(html="<p>Could we talk?</p>"), reference_of("k"), SENDER, NOW)

    received = message_from_bytes(written.as_bytes(), policy=default)
    assert received.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in received.iter_parts()] == ["text/plain", "text/html"]
    assert received.get_body(("plain",)).get_content() == "Could we talk on Tuesday?\r\n"  # type: ignore[union-attr]
    assert received["Date"].datetime == NOW


def test_a_table_is_attached_as_a_spreadsheet_opens_it() -> None:
    table = 'line,what happened\r\n2,"joined, as Siân"\r\n'
    written = as_message(mail(csv=table, csv_name="receipt-5f0c.csv"), reference_of("k"), SENDER, NOW)

    received = message_from_bytes(written.as_bytes(), policy=default)
    (attached,) = received.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("text/csv", "receipt-5f0c.csv")
    assert attached.get_payload(decode=True) == table.encode("utf-8-sig")
    assert received.get_body(("plain",)).get_content() == "Could we talk on Tuesday?\r\n"  # type: ignore[union-attr]


def test_names_with_commas_quotes_and_accents_stay_one_sender() -> None:
    written = as_message(mail(from_name='Siân "Sian" Ó, DBE'), reference_of("k"), SENDER, NOW)

    received = message_from_bytes(written.as_bytes(), policy=default)
    assert [address.addr_spec for address in received["From"].addresses] == [SENDER]
    assert received["From"].addresses[0].display_name == 'Siân "Sian" Ó, DBE'


def test_the_message_id_depends_on_the_key_alone() -> None:
    first = as_message(mail(), reference_of("introduction 17"), SENDER, NOW)
    again = as_message(mail(subject="Changed"), reference_of("introduction 17"), SENDER, NOW)
    other = as_message(mail(), reference_of("introduction 18"), SENDER, NOW)
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert first["Message-ID"].endswith("@leaders.example>")


# Text that looks encoded, which random letters hardly ever do.
HIDDEN = st.lists(st.sampled_from(["=0d", "=0a", "DQo=", "Bcc:", " ", "_", "x", "=?", "?", "="])).map("".join)
ENCODED = st.builds("{}=?utf-8?{}?{}?={}".format, HIDDEN, st.sampled_from("qQbB"), HIDDEN, HIDDEN)
LINE = st.text(max_size=200) | HIDDEN | ENCODED


@given(LINE, LINE, LINE)
def test_no_text_adds_a_header_or_a_recipient(subject: str, from_name: str, reply_to: str) -> None:
    try:
        accepted = mail(subject=subject, from_name=from_name, reply_to=reply_to)
    except BadMail:
        return
    received = message_from_bytes(
        as_message(accepted, reference_of("k"), SENDER, NOW).as_bytes(), policy=default
    )
    allowed = {"from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"}
    assert {name.lower() for name in received} <= allowed | {"content-transfer-encoding"}
    assert [address.addr_spec for address in received["To"].addresses] == ["ada.quill@rivers.example"]
    assert len(received["From"].addresses) == 1
    assert received["Subject"].split() == subject.split()
