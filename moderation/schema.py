"""What is judged and what is answered: the types shared by the library, the wire and the records.

Plain frozen dataclasses, so that building them costs next to nothing on the hot path and importing
them loads no third-party library. Checking what comes from outside is the business of `wire`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Modality(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"


class Role(StrEnum):
    """Who wrote a part; `tool` is what a tool returned (indirect injection needs it)."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Decision(StrEnum):
    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"


SEVERITY: Mapping[Decision, int] = {Decision.ALLOW: 0, Decision.REVIEW: 1, Decision.BLOCK: 2}


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of content: a text, or encoded media as bytes or as an address."""

    modality: Modality
    text: str | None = None
    data: bytes | None = None
    url: str | None = None
    role: Role | None = None

    @classmethod
    def from_text(cls, text: str, *, role: Role | None = None) -> Part:
        return cls(Modality.TEXT, text=text, role=role)

    @classmethod
    def from_bytes(cls, modality: Modality, data: bytes, *, role: Role | None = None) -> Part:
        return cls(Modality(modality), data=data, role=role)


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier turn of a conversation; judged like the input, under its own role."""

    role: Role
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """Everything one decision is about.

    Attributes:
        conversation_id: an affinity hint for routing; nothing is kept under it.
        derived: whether what was extracted is returned too.
        redact: whether text parts are returned with what is personal taken out.
        tenant: whose lists apply, and whose cache; set by whoever authenticated the caller, never by a request's body.
    """

    parts: tuple[Part, ...]
    role: Role = Role.USER
    conversation: tuple[Turn, ...] = ()
    conversation_id: str | None = None
    policy: str | None = None
    derived: bool = False
    provenance: bool = False
    redact: bool = False
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class KnownEvidence:
    """Which known content was found again, and by what; what does not apply is None.

    Attributes:
        bank: name of the operator's bank.
        entry: what the bank calls it; its hash, if it has no name.
        kind: of the hash: `pdq` and `vpdq` know pictures and videos by what they show, `md5`, `sha1` and `sha256` a
            file byte for byte.
        distance: bits of 256 in which the nearest two hashes differ.
        turn: how the picture had to be turned or mirrored.
        places: how many pictures, frames or pages are near enough, where there are several; the place of the evidence
            is that of the nearest.
        of_query: percent of the frames of the video sent that are in the known one.
        of_bank: percent of the frames of the known video that are in the one sent.
    """

    bank: str
    entry: str
    kind: str
    distance: int | None = None
    turn: str | None = None
    places: int | None = None
    of_query: float | None = None
    of_bank: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a finding was seen.

    Attributes:
        quote: the judged text, or the part of it that was judged; for a text in disguise, what it says without.
        span: code points of the original text, half open; of a text found in a document, of its page or file.
        box: left, top, right, bottom in pixels after the EXIF turn; of a text on a page, in points.
        time_s: start and end in seconds.
        frame: index of the frame of an animation or a video.
        page: page, slide or sheet, from 1.
        member: path of the file within the part.
        channel: of a sound whose channels are judged apart, from 0.
        kind: what was found, where a category is too coarse: `cn_mobile`, `many_shot`.
        known: which entry of a bank of known content it is.
    """

    quote: str | None = None
    span: tuple[int, int] | None = None
    box: tuple[int, int, int, int] | None = None
    time_s: tuple[float, float] | None = None
    frame: int | None = None
    kind: str | None = None
    page: int | None = None
    member: str | None = None
    channel: int | None = None
    known: KnownEvidence | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One category that one classifier saw in one part, at or over the REVIEW threshold."""

    category: str
    score: float
    classifier: str
    revision: str
    part: str
    origin: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Trigger:
    """A pattern over several parts or turns, none of which need be a finding alone.

    Attributes:
        parts: the parts that carried it.
        category: what it is about, where it is about one category.
    """

    pattern: str
    score: float
    parts: tuple[str, ...]
    explanation: str
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """What would have been a finding, had an operator's allow list not let it pass; the place as in `Evidence`."""

    category: str
    score: float
    classifier: str
    part: str
    list: str
    span: tuple[int, int] | None = None
    page: int | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Unjudged:
    """What was not judged, by which stage, and the stable code of the reason; the place as in `Evidence`."""

    part: str
    stage: str
    reason: str
    span: tuple[int, int] | None = None
    time_s: tuple[float, float] | None = None
    frame: int | None = None
    page: int | None = None
    member: str | None = None
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class DerivedPart:
    """What was extracted from a part: text read in an image, a transcript, text that stands in a document."""

    part: str
    origin: tuple[str, ...]
    text: str
    confidence: float
    evidence: Evidence
    language: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyReference:
    name: str
    revision: str


@dataclass(frozen=True, slots=True)
class ModerationResult:
    """The answer; the meaning of each field is in docs/api.md.

    Attributes:
        tables: revision of the tables that disguises and lists are read with; empty from a server that does not tell.
    """

    id: str
    decision: Decision
    flagged: bool
    categories: Mapping[str, bool]
    category_scores: Mapping[str, float]
    findings: tuple[Finding, ...]
    triggers: tuple[Trigger, ...]
    uncovered: tuple[str, ...]
    policy: PolicyReference
    unjudged: tuple[Unjudged, ...]
    timing_ms: Mapping[str, float] = field(default_factory=dict)
    derived: tuple[DerivedPart, ...] | None = None
    allowed: tuple[Allowed, ...] = ()
    redacted: Mapping[str, str] | None = None
    tables: str = ""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How a stream is judged.

    Attributes:
        role: who writes it.
        policy: name of a policy; the default one if `None`.
        hold_review: whether REVIEW is held back like BLOCK.
        tenant: whose lists and cache apply.
    """

    role: Role = Role.ASSISTANT
    policy: str | None = None
    hold_review: bool = False
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What became of a stretch of a streamed text; spans count code points of the whole stream.

    Attributes:
        type: `unit`: a stretch was decided, and released or held; `retract`: an earlier, released stretch turned out to
            be violating together with what came after it; `done`: the stream is over.
        span: the stretch, half open; all of the text for `done`.
        decision: of the unit, or for `done` the worst of all.
        text: what may be shown; absent where it is held.
    """

    type: Literal["unit", "retract", "done"]
    span: tuple[int, int]
    decision: Decision
    text: str | None = None
    findings: tuple[Finding, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    category_scores: Mapping[str, float] = field(default_factory=dict)
