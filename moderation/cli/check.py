"""`moderation check FILE… | --text T | -`: judge files or a text now, in this process."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from moderation.cli.common import ALLOW, BLOCK, ERROR, REVIEW, add_banks, add_settings, complain, settings_of, show
from moderation.client import Moderator
from moderation.errors import InvalidRequestError, ModerationError, TooLargeError
from moderation.limits import Limits
from moderation.media.sniff import UNKNOWN, sniff
from moderation.schema import Content, Decision, Evidence, Modality, ModerationResult, Part, Role
from moderation.wire import clean, dump_error, dump_result

STATUS = {Decision.ALLOW: ALLOW, Decision.REVIEW: REVIEW, Decision.BLOCK: BLOCK}
# From best to worst: an error wins, then the worst decision.
ORDER = (ALLOW, REVIEW, BLOCK, ERROR)


def add(groups: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the command line."""
    command = groups.add_parser(
        "check",
        help="judge files or a text",
        description="Exit status: 0 allow, 1 block, 2 usage or input error, 3 review; of several, the worst.",
    )
    command.add_argument("file", nargs="*", metavar="FILE", help="text, image or audio file; - reads standard input")
    command.add_argument("--text", help="judge this text")
    roles = [role.value for role in Role]
    command.add_argument("--role", choices=roles, default=Role.USER.value, help="who wrote it (default: user)")
    command.add_argument("--policy", help="name of the policy")
    command.add_argument("--derived", action="store_true", help="also show what was extracted, such as OCR text")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON document")
    form.add_argument("--jsonl", action="store_true", help="one JSON line per input, as it comes")
    add_banks(command)
    add_settings(command)
    command.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    if not options.file and options.text is None:
        complain("give files, --text TEXT, or - for standard input")
        return ERROR
    settings = settings_of(options, "policy")
    statuses, documents = [ALLOW], []
    with Moderator(settings) as moderator:
        for name, part in _inputs(options, settings.limits):
            outcome: ModerationResult | ModerationError
            if isinstance(part, ModerationError):
                outcome = part
            else:
                content = Content((part,), role=Role(options.role), policy=options.policy, derived=options.derived)
                (outcome,) = moderator.moderate_many([content])
            statuses.append(ERROR if isinstance(outcome, ModerationError) else STATUS[outcome.decision])
            document = {"input": clean(name), **_document(outcome)}
            if options.json:
                documents.append(document)
            elif options.jsonl:
                show(json.dumps(document, ensure_ascii=False))
            else:
                _show(clean(name), outcome)
    if options.json:
        show(json.dumps(documents, ensure_ascii=False, indent=2))
    return max(statuses, key=ORDER.index)


def _inputs(options: argparse.Namespace, limits: Limits) -> Iterator[tuple[str, Part | ModerationError]]:
    if options.text is not None:
        yield "--text", Part.from_text(options.text)
    for name in options.file:
        try:
            yield name, _part(name, limits)
        except ModerationError as error:
            yield name, error


def _part(name: str, limits: Limits) -> Part:
    """A file as a part: media by its content, anything else as text, which must be UTF-8."""
    bound = max(limits.max_media_bytes, 4 * limits.max_text_chars)
    if name == "-":
        data = sys.stdin.buffer.read(bound + 1)
    else:
        try:
            with Path(name).open("rb") as file:
                data = file.read(bound + 1)
        except OSError as error:
            message = f"{error.strerror}; a text is given with --text"
            raise InvalidRequestError(message, code="no_such_file", param=name) from None
    if len(data) > bound:
        raise TooLargeError(f"over {bound} bytes", code="media_too_large", param=name)
    found = sniff(data)
    if found.modality is not None:
        return Part.from_bytes(found.modality, data)
    if found != UNKNOWN and not found.mime.startswith("text/"):
        raise InvalidRequestError(f"{found.mime} is not judged", code="unknown_input", param=name)
    try:
        return Part(Modality.TEXT, text=data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = f"neither media that is known nor UTF-8 text (byte {error.start})"
        raise InvalidRequestError(message, code="unknown_input", param=name) from None


def _document(outcome: ModerationResult | ModerationError) -> dict[str, object]:
    document: dict[str, object] = (
        dump_error(outcome) if isinstance(outcome, ModerationError) else json.loads(dump_result(outcome))
    )
    return document


def _why(evidence: Evidence) -> str:
    """What was said, or which entry of a bank it is."""
    known = evidence.known
    if known is not None:
        bits = "" if known.distance is None else f", {known.distance} bits away"
        return f": {clean(known.entry, limit=60)} of {clean(known.bank, limit=60)} ({known.kind}{bits})"
    return f": {clean(evidence.quote, limit=60)}" if evidence.quote else ""


def _show(name: str, outcome: ModerationResult | ModerationError) -> None:
    """What a person wants to see first: the decision, then why."""
    if isinstance(outcome, ModerationError):
        complain(f"{name}: {outcome.message} [{outcome.code}]")
        return
    show(f"{outcome.decision.upper():<7}{name}")
    for finding in outcome.findings:
        origin = f" ({' > '.join(finding.origin)})" if finding.origin else ""
        show(f"       {finding.score:.2f}  {finding.category}{origin}{_why(finding.evidence)}")
    for gap in outcome.unjudged:
        show(f"       unjudged: {gap.stage}: {gap.reason}")
    for part in outcome.derived or ():
        show(f"       {' > '.join(part.origin)}: {clean(part.text, limit=200)}")
