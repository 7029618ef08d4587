"""British addresses: a house number, a street and a postcode; or a postcode that such words stand before.

A postcode is the form of Royal Mail's "Programmer's Guide to the Postcode Address File", in one of the 124 areas. Alone
it is much else (a part number, a model), and names fifteen houses at once, so it counts only in an address, or where
somebody says that they live there. A word such as room, stop or class right before it names something else. What it
does not know: houses with a name and no number, and addresses in other countries of the Commonwealth.
"""

from __future__ import annotations

import re

from moderation.personal.rules import FORM, NAMED, Near, Rule, named, words

_AREA_NAMES = (
    "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK "
    "FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN "
    "NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW "
    "UB W WA WC WD WF WN WR WS WV YO ZE"
)
_AREAS = frozenset(_AREA_NAMES.split())
_DISTRICT_0 = frozenset("BL BS CM CR FY HA PR SL SS".split())  # noqa: SIM905 - no other area has one
_POSTCODE = (
    r"(?P<area>[A-PR-UWYZa-pr-uwyz][A-HK-Ya-hk-y]?)(?P<district>[0-9])(?:[0-9]|[A-HJKMNPR-Ya-hjkmnpr-y])? {0,2}"
    r"[0-9][ABD-HJLNP-UW-Zabd-hjlnp-uw-z]{2}(?![0-9A-Za-z_])"
)
_STREET_WORDS = (
    "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Close|Cl|Crescent|Cres"
    "|Gardens|Gdns|Grove|Hill|House|Mews|Row|Walk|Green|Park|Rise|Parade|Quay|Wharf|View|Yard|Gate|Broadway|Circus"
)
_STREET = f"(?:{_STREET_WORDS}|{_STREET_WORDS.upper()})"  # envelopes are often in capitals
_WORD = "[A-Z][A-Za-z'.&-]{0,20}"
_BREAK = r"(?:, ?| |,? ?\r?\n)"  # lines of an envelope
_LINE = r"(?:, ?| ?\r?\n)"
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_TOWN = rf"(?:{_WORD}|upon|under|on|by|the|le)"
_POST = words(r"post ?code|postal code|\bzip ?code|邮编|邮政编码")
# As in whole addresses, but in small letters too, with a town between, and no end of a sentence.
_BETWEEN = r"[^.!?;。！？]{0,60}\Z"
_ORDINARY = r"(?!(?:a|an|and|at|by|every|for|from|her|his|in|my|of|on|our|that|the|their|this|to|with|your) )"
# In small letters walk, close, drive, park and place are ordinary words.
_CLEAR_STREET = "(?:street|st|avenue|ave|road|rd|lane|ln|crescent|cres|terrace|gardens|gdns|mews)"
_NUMBERED = re.compile(
    r"(?<![0-9A-Za-z.,])[0-9]{1,4}[A-Za-z]?,? (?:"
    rf"(?:{_ORDINARY}[A-Za-z0-9'.-]{{1,20}} ){{1,4}}(?i:{_CLEAR_STREET})|(?:{_WORD} ){{1,4}}{_STREET})\b\.?{_BETWEEN}"
)
_WHOSE = "my|our|his|her|their|your|home|postal|mailing|delivery|shipping|billing|work|office|the"
_WHERE = "central|greater|north|south|east|west|the|area|post ?code|district|of|in|near|upon"
_TOLD = words(
    rf"(?:(?:\b(?:{_WHOSE}) address(?: ?:| is\b)|(?<![0-9a-z][ -])\baddress ?:|\bliv(?:es?|ing) at"
    r"|\b(?:deliver(?:y|ed)?|ship(?:ped|ment)?)(?: it)? to\b|地址[:是]|住在|住址|寄到)"
    rf"{_BETWEEN}"
    # living in a place has words of its own between: a name, or where in it
    r"|\bliv(?:es?|ing) (?:in|near|around|by|close to)"
    rf"(?: (?:(?-i:[A-Z])[a-z'.-]{{0,20}}|(?:{_WHERE})\b),?){{0,6}} ?\Z)"
)
# What such letters and figures are when one of these stands right before them.
_LABEL_WORDS = (
    "a an the this that each every aisle bay block box building bus cell class classroom code exit file flight "
    "floor form gate grid group hall item junction key lab level line locker lot memory model module no number "
    "office page paper part platform port rack register room route row seat section sector shelf size slot "
    "stand stop store table terminal track train tram type unit version ward zone"
)
_LABELS = frozenset(_LABEL_WORDS.split())
_BYTES = re.compile("[0-9A-Fa-f ]+")
_BARE_LABEL = words(r"(?:\bthe |(?<![a-z] ))address(?: ?:| is) *\Z")  # of a memory, too
_BEFORE_CHARS = 130


def _is_postcode(match: re.Match[str]) -> bool:
    area = match["area"].upper()
    return area in _AREAS and (match["district"] != "0" or area in _DISTRICT_0)


def _is_labelled(text: str, start: int) -> bool:
    """Whether the last word before a place names what stands there: `room`, `stop`, `the`."""
    before = text[max(0, start - 16) : start].rstrip(" .:#").lower().split()
    return bool(before) and before[-1].strip("(,;\"'") in _LABELS


def _whole(match: re.Match[str]) -> float | None:
    return NAMED if _is_postcode(match) and not _is_labelled(match.string, match.start("area")) else None


def _without_street_word(match: re.Match[str]) -> float | None:
    """`1 Strand, London WC2N 5HR`; not `Bus 12 Oxford, Leeds LS1 4AB`."""
    if _is_labelled(match.string, match.start("v")):
        return None
    return 0.7 if _is_postcode(match) and not _is_labelled(match.string, match.start("area")) else None


def _alone(match: re.Match[str]) -> float | None:
    if not _is_postcode(match):
        return None
    if named(match, _POST):
        return NAMED
    if _is_labelled(match.string, match.start("area")):
        return None
    before = match.string, max(0, match.start("v") - _BEFORE_CHARS), match.start("v")
    if _NUMBERED.search(*before):
        return 0.7
    if not match["v"].isupper() or " " not in match["v"] or _TOLD.search(*before) is None:
        return None
    return None if _BYTES.fullmatch(match["v"]) and _BARE_LABEL.search(*before) else FORM


# The end of every postcode that has a digit before it, as all have.
_NEAR = Near(
    patterns=(re.compile(r"[0-9][A-Za-z]? {0,2}[0-9][A-Za-z]{2}(?![0-9A-Za-z])"),), before=400, after=20, digit=True
)

RULES = (
    Rule(
        "street_address",
        r"(?<![0-9A-Za-z_.,/#-])(?P<v>(?:(?:Flat|Apartment|Apt|Unit|Suite|Room)\.? [0-9]{0,3}[A-Z]?,? )?"
        rf"[0-9]{{1,4}}[A-Za-z]?(?:-[0-9]{{1,4}})?,? (?:{_WORD} ){{1,4}}{_STREET}(?![A-Za-z0-9])\.?"
        rf"(?:{_BREAK}{_TOWN}){{0,10}}\.?{_BREAK}{_POSTCODE})",
        _NEAR,
        _whole,
        reach=450,
    ),
    Rule(
        "street_address",  # a street without such a word (Strand, Cheapside), so a town must follow
        r"(?<![0-9A-Za-z_.,/#$£-])(?P<v>[0-9]{1,4}[A-Za-z]?(?:-[0-9]{1,4})?,? "
        rf"(?!(?:{_MONTHS})\b)(?:[A-Z][A-Za-z'-]{{2,20}} ){{0,2}}[A-Z][A-Za-z'-]{{2,20}}{_LINE}"
        rf"(?:{_TOWN}{_BREAK}){{1,6}}{_POSTCODE})",
        _NEAR,
        _without_street_word,
        reach=450,
    ),
    Rule("street_address", rf"(?<![0-9A-Za-z_./#-])(?P<v>{_POSTCODE})", _NEAR, _alone, reach=14),
)
