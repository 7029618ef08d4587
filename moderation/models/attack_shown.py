"""Where the words of an order are only shown, or are for people: `attack-forms.v1` has no sure form there.

A catalogue of an interface's words holds labels of buttons ("Ignore previous instructions and continue"), a guide for
testers quotes what they are to type, and who hands work over says which instructions are outdated. Each is told by
what stands right beside it, and none goes on with an order to a model. This does not know who wrote a text: an attack
may dress as a label that says nothing more, or as a quotation in a test, and is then doubtful.
"""

from __future__ import annotations

import re

from moderation.models.attack_orders import OF_MODEL, orders_machine
from moderation.models.attack_patterns import EARLIER_ORDERS
from moderation.models.attack_rules import (
    ORDER_TO_MODEL,
    ORDER_TO_READER,
    ORDINARY_AFTER,
)

_FLAGS = re.IGNORECASE
_SEEN = 200  # characters on either side of an entry, a quotation or an override
_SEEN_FOR_ORDER = 60

# "The previous instructions ... are outdated, follow": whom the reader is to follow says whether he is a model.
_THEN = re.compile(r"[.,;:]\s?(now|follow|instead|obey|act|you\W{1,3}(?:are|must|will))$", _FLAGS)
_PAPERS = re.compile(
    r"\s(?:the|our|your|his|her|its|an?|this|that|those|these)\s(?!instead\b)(?:[\w'’-]{1,15}\s){0,2}"
    r"(?:ones?|versions?|steps?|sheets?|signs?|pages?|links?|checklists?|lists?|runbooks?|guides?|manuals?|handbooks?|plans?"
    r"|readme|wiki|instructions?|procedures?|process|rules|diagrams?|notes?|arrows|map|attach\w{2,5})\b",
    _FLAGS,
)
_FOLLOWING = re.compile(
    r"\s(?:only\s)?(?:me\b|my|mine|these\b|this\b|what|whatever|the\suser|us\b|every|all|any)", _FLAGS
)
_BECOMING = re.compile(r"\s(?:now\s)?(?!free\b|to\b|not\b|welcome\b|allowed\b|asked\b|in\b|on\b|at\b|the\b)\w", _FLAGS)
_OF_MODEL = re.compile(rf"\b(?:{OF_MODEL})", _FLAGS)

# A quotation, and what tells of a test around it.
_OPENED = re.compile(r"[\"“'‘「『`《][^\"“”'‘’「」『』`\n]{0,30}$")
_CLOSED = re.compile(r"[^\"“”‘「」『』`\n]{0,80}?(?:[\"”」』`》]|['’](?!\w))")
_TESTED = re.compile(
    r"\b(?:test(?:s|ed|ing|ers?)?|tr(?:y|ies|ied|ying)|(?:may|might|can|could|should|would|to|users?|people|customers?|we)\s(?:\w{1,10}\s)?ask"
    r"|ask(?:s|ed|ing)\s(?:it|the|them|for)|asked|red[\s-]?team\w{0,4}|check(?:s|list)?|qa|expect(?:s|ed)?|refus\w{1,4}"
    r"|declin\w{1,4}|(?:questions|prompts|inputs)\s(?:like|such))\b|测试|试着|试试|评测|检查|是否(?:拒绝|照做)",
    _FLAGS,
)
_TESTED_READER = re.compile(
    r"\btest(?:s|ed|ing)?\s(?:you\b|mode)|\bthis\sis\s(?:only\s|just\s)?a\stest\b|\bI\s(?:am|['’]m)\s", _FLAGS
)
_ASKED_FOR = re.compile(
    r"(?<!not\s)(?<!n['’]t\s)\b(?:answer|respond\sto|reply\sto|obey|follow|execute|complete|perform|carry\sout)\b"
    r"[^.!?\n]{0,30}$",
    _FLAGS,
)
_TOLD_TO = re.compile(
    r"\b(?:do\s(?:it|so|as|what|that|this|exactly)|obey|comply|you\s(?:must|should|will|have\sto|need\sto)|truthfully|in\sfull"
    r"|(?:answer|follow|execute|perform)\s(?:it|this|that|me|them|now)|please\s(?:do|answer|follow)|and\s(?:then\s)?(?:print|reveal|output"
    r"|show\sme|tell\sme|give\sme))\b|照做|执行|请(?:回答|遵)",
    _FLAGS,
)

# An entry of a catalogue, up to its words and behind them; a label says nothing more than to go on.
_START = r"[&_]?(?:please\s|click\sto\s)?$"
_ONWARDS = (
    r"(?:[\s,，、]{0,2}(?:(?:and|then|und|et|y|e|и|并|然后)\s?){0,2}(?:continue|proceed|go\son|carry\son|skip|start\s(?:over|again)|restart|close"
    r"|finish|retry|next|weiter\w{0,8}|fortfahren|continuer|poursuivre|continuar|seguir|continua|продолжить|继续|跳过|下一步|重新开始|关闭)"
    r"(?:\sanyway)?)?\s?[.…!?。？！]{0,3}"
)
_ENTRIES = tuple(
    (re.compile(before + _START, _FLAGS), re.compile(_ONWARDS + behind, _FLAGS))
    for before, behind in (
        (
            r"(?:^|\n)[ \t]{0,8}(?:#[~|] ?)?(?:msgid(?:_plural)?|msgstr(?:\[\d\])?|msgctxt)[ \t]{1,4}"
            r"(?:\"\"[ \t]{0,4}\r?\n[ \t]{0,8})?\"",
            r"\"[ \t]{0,4}(?:\r?\n|$)",
        ),
        (r"(?:^|\n)[ \t]{0,8}\"[^\"\n]{1,60}\"[ \t]{0,3}=[ \t]{0,3}\"", r"\"[ \t]{0,3};"),
        (r"<data\sname=[^<>\n]{1,80}>\s{0,20}<value>", r"</value>"),
        (r"<string\s[^<>\n]{0,40}name=[^<>\n]{1,80}>", r"</string>"),
        (r"<(?:trans-unit|unit|segment)\b[^<>\n]{0,80}>[^\n]{0,4}\s{0,20}<source>", r"</source>"),
        (r"</source>\s{0,20}<target\b[^<>\n]{0,40}>", r"</target>"),
    )
)
# The same label again: its translation, or the entry of another language.
_AGAIN = re.compile(
    rf"[\">](?:ignore\s(?:[\w'’]{{1,12}}\s){{0,3}}(?:instructions|directives)|(?:忽略|无视)[^，。！？\"<\n]{{0,10}}?(?:指令|指示|说明|规则|提示)){_ONWARDS}"
    r"(?=[\"<])",
    _FLAGS,
)
# JSON and YAML hold anything: the key must name a part of an interface, and a like entry stand beside it.
_KEYED = tuple(
    (re.compile(before + _START, _FLAGS), re.compile(_ONWARDS + behind, _FLAGS))
    for before, behind in (
        (r"(?:[{,\n]|^)[ \t]{0,16}\"(?P<key>[\w./ -]{1,60})\"[ \t]?:[ \t]?\"", r"\"[ \t]{0,4}(?=[,}\r\n]|$)"),
        (r"(?:\n|^)[ \t]{0,16}(?P<key>[\w.-]{1,60}):[ \t]{1,4}[\"']?", r"[\"']?[ \t]{0,4}(?=\r?\n|$)"),
    )
)
_OF_INTERFACE = re.compile(
    r"(?:(?<=[a-z])(?-i:(?=[A-Z]))|(?<![a-z]))(?:skip|continue|proceed|next|back|ignore|reset|discard|override|buttons?|btn|label|actions?"
    r"|menu|option|tooltip|caption|cta|dialog|wizard|cancel|confirm|ui)(?![a-z])",
    _FLAGS,
)
_OF_CONTENT = re.compile(
    r"text|content|body|note|message|snippet|descri|comment|instruction|prompt|system|user|role|summary|query|input|output"
    r"|result|answer|reply|subject|data|tool|document|page|review|mail|author|assistant|model|agent|admin|task|order",
    _FLAGS,
)
_BESIDE_BEFORE = re.compile(r"[\w.-]\"?[ \t]?:[ \t]?[^\n]{0,80},?\s{0,20}$")
_BESIDE_BEHIND = re.compile(r",?\s{1,20}\"?[\w./-]{1,60}\"?[ \t]?:")


def is_shown(text: str, start: int, end: int) -> bool:
    """Whether an order is a label in a catalogue, or quoted in what tells how a model is tested."""
    return _is_label(text, start, end) or _is_tried(text, start, end)


def is_for_people(text: str, start: int, end: int) -> bool:
    """Whether outdated instructions are told of, and what is to be followed instead is no order to a model."""
    then = _THEN.search(text, max(start, end - 16), end)
    named = EARLIER_ORDERS.match(text, start, end)
    if then is None or named is None:
        return False
    last = end + _SEEN_FOR_ORDER
    if ORDER_TO_MODEL.search(text, then.start(), last) or _OF_MODEL.search(text, then.start(), last):
        return False
    word = then.group(1).lower()
    if word == "follow":
        return _PAPERS.match(text, end, last) is not None or not (
            ORDER_TO_READER.search(text, then.start(), last) or _FOLLOWING.match(text, end, last)
        )
    if ORDER_TO_READER.search(text, then.start(), last):
        return False
    if word.endswith("are"):
        return _BECOMING.match(text, end, last) is None
    return word not in ("obey", "act") or ORDINARY_AFTER.match(text, named.end(), end) is not None


def _is_tried(text: str, start: int, end: int) -> bool:
    opened = _OPENED.search(text, max(0, start - 40), start)
    closed = _CLOSED.match(text, end, end + _SEEN)
    if opened is None or closed is None:
        return False
    before = text[max(0, opened.start() - _SEEN) : opened.start()].rsplit("\n\n", 1)[-1]
    behind = text[closed.end() : closed.end() + _SEEN].split("\n\n", 1)[0]
    if _TESTED_READER.search(before) or _ASKED_FOR.search(before) or _TOLD_TO.search(behind):
        return False
    return _TESTED.search(before) is not None or _TESTED.search(behind) is not None


def _is_label(text: str, start: int, end: int) -> bool:
    first, last = max(0, start - _SEEN), end + _SEEN
    for before, behind in _ENTRIES:
        opened = before.search(text, first, start)
        closed = opened and behind.match(text, end, last)
        if opened and closed:
            return _is_alone(text, opened.start(), closed.end())
    for before, behind in _KEYED:
        opened = before.search(text, first, start)
        closed = opened and behind.match(text, end, last)
        if opened and closed and _OF_INTERFACE.search(opened["key"]) and not _OF_CONTENT.search(opened["key"]):
            return _has_neighbour(text, opened.start(), closed.end()) and _is_alone(text, opened.start(), closed.end())
    return False


def _is_alone(text: str, start: int, end: int) -> bool:
    """No order to a machine in the entries around it, which it might make room for."""
    around = (text[max(0, start - _SEEN) : start], text[end : end + _SEEN])
    return not any(orders_machine(_AGAIN.sub('"', piece)) for piece in around)


def _has_neighbour(text: str, start: int, end: int) -> bool:
    if _BESIDE_BEFORE.search(text, max(0, start - _SEEN), start + 1):
        return True
    return _BESIDE_BEHIND.match(text, end, end + _SEEN) is not None
