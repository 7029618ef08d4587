"""The pieces that one turn gives of something longer: what it quotes, what it names, what stands after a label. Pure.

`A = "how do I"`, `part 2: make one`, `第三段：不用证件`: the words around them say what to do with the pieces and hide what
the pieces say. What it does not know: pieces that are marked by nothing, or by words that are not named here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LOOKED_AT = 2_000  # characters of a turn
_MOST_PIECES = 16  # of a turn
_LONGEST = 300  # of a quoted piece
_LONGEST_NAME = 20
_LONGEST_GLUE = 160

_HAN = r"\u3400-\u9fff"
_QUOTED = re.compile(
    "|".join(
        rf"{opens}((?:[^{stops}\n]){{1,{_LONGEST}}}){closes}"
        for opens, stops, closes in (
            ('"', '"', '"'),
            ("“", "“”", "”"),
            ("「", "「」", "」"),
            ("『", "『』", "』"),
            ("‘", "‘", r"’(?!\w)"),
            ("`", "`", "`"),
        )
    )
    + rf"|(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w)){{1,{_LONGEST}}})'(?!\w)"
)
# What stands before a quoted piece and gives it a name: `let x be`, `B =`, `变量 name 是字符串`.
_NAMED = re.compile(
    rf"([A-Za-z_$][\w$]{{0,{_LONGEST_NAME - 1}}}|[{_HAN}A-Za-z\d_]{{1,8}}?)\s*"
    rf"(?::?=|[:：]|\b(?:be|is|as|to|equals|means|holds)\b|设?为|是|等于|表示|代表)\s*(?:the )?(?:string|text|word|字符串|文本|词)?\s*[:：]?\s*$"
)
# Stand in too many words, or at too many pieces, to be names.
_NO_NAMES = frozenset(
    (*"一二三四五六七八九十", "part", "piece", "half", "line", "word", "sentence", "message", "chunk", "bit")
)
_LEADING = re.compile(r"^(?:变量|常量|记住|设|令|把|将|存|记)\s*")
# A label and what stands after it, at the beginning of a line or a sentence.
_LABELLED = re.compile(
    r"(?:^|(?<=[\n.!?;。！？；]))[^\S\n]{0,4}(?P<label>[^\s\0.!?;。！？；:：=\"“”「」『』][^\0\n.!?;。！？；:：=\"“”「」『』]{0,60}?)\s{0,2}"
    r"(?:(?<!\d):(?=\d)|:(?![\d/\\])|[：]|:?=(?!=)|->|→)[^\S\n]{0,4}(?P<value>\S[^\n;；]*)"
    r"|(?:^|(?<=\n))[^\S\n]{0,4}(?:[(（\[]?\s?\d{1,2}\s?(?:[/／]\s?\d{1,2}\s?)?[)）\].、]|[一二三四五六七八九十]、|[①-⑳])\s{0,4}(?P<listed>\S[^\n]*)"
)
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？\n]*|[.!?。！？\n]+")
_GLUE = re.compile(
    r"\b(?:join|combine|concatenate?|concat|glue|stitch|put (?:\w+[ ,]+){0,5}together|(?:as|into) one (?:request|question|sentence|text)"
    r"|(?:do|answer|read|treat|run|execute|follow|(?:respond|reply) to) (?:\w+ ){0,3}(?:whole|parts|pieces|lines|together|what it says)"
    r"|(?:don'?t|do not) (?:answer|reply|respond)|wait (?:for|until)|answer (?:it|when|once)"
    r"|in (?:\w+ ){0,2}(?:parts|pieces|messages|halves|chunks|bits)|(?:piece|bit|part) by (?:piece|bit|part)"
    r"|that(?:'s| is| was) (?:all|the (?:last|end))|(?:first|second|other) half|(?:first|second|third|last|final) (?:part|piece|bit|chunk))\b"
    r"|先(?:别|不要|不用)(?:急着?)?(?:回答|回复|答)|别(?:急着?)?回答|[分拆](?:成|为)?[几两二三四五六多\d]+[条段次份部个句块]|一[段条句]一?[段条句]?地?[发说贴]"
    r"|[合拼连接凑串并]{1,2}(?:在一起|到一起|一起|起来)|[拼连并凑串]成|拼接|收齐|(?:发|说)完了|(?:完整|一起|整句)回答|照着?(?:做|办|回答)"
    r"|记住|记下|存好|存起来|半句|[前后]半[段部]|[接续]上(?:一|面|句)",
    re.IGNORECASE,
)
_FRONT_BEFORE = re.compile(
    r"(?:前面|开头|最前|前头)[^\"“”。，,]{0,8}$|\b(?:begin|start|prefix)\w*[^\"“”.,]{0,20}$", re.IGNORECASE
)
_FRONT_AFTER = re.compile(r"^\s*(?:放|加|写|接)?[在到]?(?:最?前面|开头|最前)|^\s*(?:at the (?:front|start|beginning)|(?:in|to the) front|first\b)", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a turn.

    Attributes:
        text: what it says.
        names: by what a later turn may call it.
        front: it is said to go before all others.
    """

    text: str
    names: tuple[str, ...] = ()
    front: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a turn gives.

    Attributes:
        fragments: in their order; none where nothing is marked.
        rest: all of it but the sentences that speak of pieces.
        order: the turn with what is quoted, and its names, blanked out: what it says of pieces of other turns.
        quoted: the fragments that stand in quotes or have a value assigned, without those that only follow a colon.
        glue: whether it has sentences that speak of pieces.
    """

    fragments: tuple[Fragment, ...]
    rest: str
    order: str
    quoted: tuple[Fragment, ...]
    glue: bool


def read(text: str) -> Reading:
    """The pieces of a turn, in time proportional to it; past `LOOKED_AT` characters it is not looked at."""
    text = text[:LOOKED_AT]
    found: list[tuple[int, Fragment]] = []
    blanked = list(text)
    for match in _QUOTED.finditer(text):
        start, end = match.span()
        inside = match[match.lastindex or 0].strip()
        blanked[start:end] = "\0" * (end - start)
        before = text[max(0, start - 40) : start]
        name = _NAMED.search(before)
        if name is not None:
            at = start - len(before)
            blanked[at + name.start(1) : at + name.end(1)] = "\0" * (name.end(1) - name.start(1))
        if any(map(str.isalnum, inside)):
            front = _FRONT_BEFORE.search(before) or _FRONT_AFTER.search(text[end : end + 24])
            found.append((start, Fragment(inside, _names(name[1]) if name else (), front is not None)))
    order = "".join(blanked)
    quoted = tuple(fragment for _, fragment in found[:_MOST_PIECES])
    found += _labelled(order)
    found.sort(key=lambda entry: entry[0])
    rest, glue = _unglued(text)
    return Reading(tuple(fragment for _, fragment in found[:_MOST_PIECES]), rest, order, quoted, glue)


def _labelled(text: str) -> list[tuple[int, Fragment]]:
    """What stands after labels, where nothing of it is quoted."""
    found = []
    for match in _LABELLED.finditer(text):
        label, value = match["label"] or "", match["value"] or match["listed"]
        if "\0" in value:
            continue
        said = (_unglued(value)[0] or value).strip()
        if any(map(str.isalnum, said)):
            found.append((match.start(), Fragment(said, _names(label))))
    return found


def _names(label: str) -> tuple[str, ...]:
    """A label as a whole, without what leads to it, and its last word."""
    label = _LEADING.sub("", label.strip())
    words = label.split()
    either = dict.fromkeys(one for one in (label, *words[-1:]) if len(one) <= _LONGEST_NAME)
    return tuple(one for one in either if one and one.lower() not in _NO_NAMES)


def _unglued(text: str) -> tuple[str, bool]:
    """A text without its sentences that speak of pieces, and whether it had any."""
    kept, glue = [], False
    for sentence in _SENTENCE.findall(text):
        if len(sentence) <= _LONGEST_GLUE and _GLUE.search(sentence):
            glue = True
        else:
            kept.append(sentence)
    return "".join(kept).strip(), glue
