"""Mail (EML, MHTML): fields, every body, attachments, mails in mails. Runs in the decoder process only.

All alternatives of a body are read, though a viewer shows one. Pages and attachments are files of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message

from moderation.media.decoded import NOWHERE, FoundText, Place, Unread
from moderation.media.html_data import readable
from moderation.media.mail_parts import (
    bytes_of,
    field,
    fields,
    is_attached,
    kind_of,
    names_of,
    parameter,
    texts,
    unencoded_files,
)
from moderation.media.mail_policy import parsed
from moderation.media.readers import Embedded, File, Find
from moderation.media.sniff import sniff

_MOST_FIELDS = 1_000
_SHOWN_FIELDS = (
    "from sender to cc bcc reply-to subject comments keywords organization resent-from resent-to resent-cc thread-topic"
)
_SHOWN = frozenset(_SHOWN_FIELDS.split())
# Of machines, for machines.
_TECHNICAL = re.compile(
    r"content-(?!description)|received|return-path|dkim-|domainkey-|arc-|authentication-results|message-id|references|"
    r"in-reply-to|mime-version|date$|delivered-to|delivery-date|envelope-to|x-ms-|x-microsoft-|x-google-|x-gm-|"
    r"x-forefront-|x-received|x-originating-ip|x-spam-|x-priority|x-mailer|user-agent|importance|thread-index|"
    r"list-(?:unsubscribe-post|id)|precedence|feedback-id|resent-(?:date|message-id)"
)
_USUAL_PREAMBLE = re.compile(
    r"\s*this is a (?:multi-?part message|cryptographically signed message)[^\n]{0,80}\s*", re.IGNORECASE
)
_SHOWN_TEXTS = frozenset({"text/plain", "text/html", "message/rfc822", "image/svg+xml", "application/octet-stream"})
_ENCRYPTED = frozenset({"multipart/encrypted", "application/pgp-encrypted"})
_PGP = "-----BEGIN PGP MESSAGE-----"


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that is still to be read.

    Attributes:
        path: of the mail that it is in, and its number in that.
        depth: mails around it.
        is_mail: it is a mail of its own, whose fields are shown.
    """

    message: EmailMessage
    path: str
    number: str
    depth: int
    is_mail: bool = False

    def place(self, name: str = "") -> Place:
        member = "/".join(one for one in (self.path, name) if one)
        return Place(member=member) if member else NOWHERE

    def file(self, name: str, data: bytes) -> Embedded:
        """A file in the mail that it is in."""
        return Embedded.of("/".join(one for one in (self.path, name.replace("/", "_")) if one), data)

    def named(self, ending: str) -> str:
        """What it is called, for whoever looks for it."""
        names = names_of(self.message)
        return names[0].replace("/", "_") if names else f"part-{self.number or '1'}{ending}"


def read(file: File) -> Iterator[Find]:
    """Fields and parts, in their order.

    Raises:
        UndecodableError: `undecodable_document`.
    """
    message, is_whole = parsed(file.data, lambda: file.room.is_late)
    pending = [_Part(message, "", "", 0, is_mail=True)]
    count = 0
    while pending:
        part = pending.pop()
        count += 1
        if count > file.limits.max_members:
            yield Unread("members_past_limit")
            return
        if part.depth > file.limits.max_depth:
            yield Unread("depth_past_limit", part.place())
            continue
        if part.is_mail:
            yield from _fields(part)
        if part.message.is_multipart():
            yield from _around(part)
            pending += reversed(list(_inside(part)))
        yield from _content(part)
    if not is_whole:
        yield Unread("decoder_timeout")


def _fields(part: _Part) -> Iterator[Find]:
    """What a mail says of itself, each text once."""
    shown: dict[str, None] = {}
    others: dict[str, None] = {}
    for number, (name, value) in enumerate(fields(part.message)):
        if number == _MOST_FIELDS:
            yield Unread("texts_past_limit", part.place())
            break
        if name in _SHOWN:
            shown[value] = None
        elif _TECHNICAL.match(name) is None:
            others[value] = None
    yield FoundText("\n".join(shown), ("document", "mail_header"), part.place())
    yield FoundText("\n".join(others), ("metadata", "mail_header"), part.place())


def _around(part: _Part) -> Iterator[Find]:
    """Text before the first part and after the last, which no viewer shows."""
    for text in (part.message.preamble, part.message.epilogue):
        if isinstance(text, str) and text.strip() and not _USUAL_PREAMBLE.fullmatch(text):
            sound = text.encode("utf-8", "surrogateescape")
            yield FoundText(next(iter(texts(sound, ""))), ("document", "hidden_text"), part.place())


def _inside(part: _Part) -> Iterator[_Part]:
    """The parts in one; a mail in it, if it is a mail that is sent on."""
    payload = part.message.get_payload()
    inner = [one for one in payload if isinstance(one, EmailMessage)] if isinstance(payload, list) else []
    kind = kind_of(part.message)
    if not kind.startswith("message/"):
        for number, one in enumerate(inner, 1):
            yield _Part(one, part.path, f"{part.number}.{number}".lstrip("."), part.depth)
    elif kind != "message/delivery-status" and not _is_packed(part):
        path = part.place(part.named(".eml")).member or ""
        for one in inner:
            yield _Part(one, path, "", part.depth + 1, is_mail=True)


def _is_packed(part: _Part) -> bool:
    """Whether a mail in a mail is encoded, which the library does not undo."""
    return field(part.message, "content-transfer-encoding").lower() in {"base64", "quoted-printable"}


def _content(part: _Part) -> Iterator[Find]:
    """What one part carries, the parts in it apart."""
    message, kind = part.message, kind_of(part.message)
    names = names_of(message)
    described = [*names, field(message, "content-description")]
    yield FoundText("\n".join(dict.fromkeys(one for one in described if one)), ("document", "attachment"), part.place())
    enveloped = "enveloped" in parameter(message, "smime-type")
    if kind in _ENCRYPTED or enveloped:
        yield Unread("encrypted_member", part.place(part.named("")))
    if kind.startswith("message/"):
        yield from _sent_on(part, kind)
    elif not message.is_multipart() and not enveloped:
        yield from _single(part, kind, is_file=is_attached(message) or bool(names))


def _sent_on(part: _Part, kind: str) -> Iterator[Find]:
    """What is said of a mail in a mail, or one that is encoded."""
    place = part.place(part.named(".eml"))
    payload = part.message.get_payload()
    inner = [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []
    if kind == "message/external-body":
        yield Unread("linked_content_unread", place)
    if kind == "message/partial":
        yield Unread("undecodable_member", place)
    if kind == "message/delivery-status":
        values = dict.fromkeys(value for one in inner for _, value in fields(one))
        yield FoundText("\n".join(values), ("metadata", "mail_header"), place)
    elif _is_packed(part) and inner:
        packed = EmailMessage()
        packed["content-transfer-encoding"] = field(part.message, "content-transfer-encoding")
        packed.set_payload(inner[0].get_payload())
        yield part.file(part.named(".eml"), bytes_of(packed))


def _single(part: _Part, kind: str, *, is_file: bool) -> Iterator[Find]:
    """A body, or an attachment."""
    data, charset = bytes_of(part.message), parameter(part.message, "charset")
    is_text = kind in {"text/plain", "text/enriched"} or kind.startswith(("multipart/", "message/"))
    if not is_text or is_file or sniff(data).mime not in _SHOWN_TEXTS:
        ending = ".html" if kind == "text/html" else ""
        yield part.file(part.named(ending), readable(data, kind, charset))
        return
    place = part.place(f"part-{part.number}" if part.number else "")
    for number, text in enumerate(texts(data, charset)):
        yield FoundText(text, ("document",), place)
        if number == 0 and _PGP in text:
            yield Unread("encrypted_member", place)
    for name, content in unencoded_files(data):
        yield FoundText(name, ("document", "attachment"), place)
        yield part.file(name, content)
