"""British addresses: a house number, a street and a postcode; or a postcode that such words stand before.

A postcode is the form of Royal Mail's "Programmer's Guide to the Postcode Address File", in one of the 124 areas. Alone
it is much else (a part number, a model), and names fifteen houses at once, so it counts only in an address. What it
does not know: houses with a name and no number, and addresses in other countries of the Commonwealth.
"""

from __future__ import annotations

import re

from moderation.personal.rules import NAMED, Near, Rule, named, words

_AREA_NAMES = (
    "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK "
    "FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN "
    "NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW "
    "UB W WA WC WD WF WN WR WS WV YO ZE"
)
_AREAS = frozenset(_AREA_NAMES.split())
_POSTCODE = (
    r"(?P<area>[A-PR-UWYZa-pr-uwyz][A-HK-Ya-hk-y]?)[0-9](?:[0-9]|[A-HJKMNPR-Ya-hjkmnpr-y])? {0,2}"
    r"[0-9][ABD-HJLNP-UW-Zabd-hjlnp-uw-z]{2}(?![0-9A-Za-z_])"
)
_STREET = (
    "(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Close|Cl|Crescent|Cres"
    "|Gardens|Gdns|Grove|Hill|House|Mews|Row|Walk|Green|Park|Rise|Parade|Quay|Wharf|View|Yard|Gate|Broadway|Circus)"
)
_WORD = "[A-Z][A-Za-z'.&-]{0,20}"
_BREAK = r"(?:, ?| |,? ?\r?\n)"  # lines of an envelope
_POST = words(r"post ?code|postal code|\bzip ?code|邮编|邮政编码")
# As in whole addresses, but in small letters too, with a town between, and no end of a sentence.
_TOWN = r"[^.!?;。！？]{0,60}\Z"
_ORDINARY = r"(?!(?:a|an|and|at|by|every|for|from|her|his|in|my|of|on|our|that|the|their|this|to|with|your) )"
_NUMBERED = words(
    rf"(?<![0-9a-z.,])[0-9]{{1,4}}[a-z]?,? (?:{_ORDINARY}[a-z0-9'.-]{{1,20}} ){{1,4}}{_STREET}\b\.?{_TOWN}"
)
_TOLD = words(
    rf"(?:\baddress ?(?::|\bis\b)|\bliv(?:es?|ing) at|\b(?:deliver|ship)(?:ed|ped)?(?: it)? to"
    rf"|地址[:是]|住在|住址|寄到){_TOWN}"
)
_BEFORE_CHARS = 130


def _whole(match: re.Match[str]) -> float | None:
    return NAMED if match["area"].upper() in _AREAS else None


def _alone(match: re.Match[str]) -> float | None:
    if match["area"].upper() not in _AREAS:
        return None
    if named(match, _POST):
        return NAMED
    before = match.string, max(0, match.start("v") - _BEFORE_CHARS), match.start("v")
    if _NUMBERED.search(*before):
        return 0.7
    return 0.6 if match["v"].isupper() and " " in match["v"] and _TOLD.search(*before) else None


# The end of every postcode that has a digit before it, as all have.
_NEAR = Near(
    patterns=(re.compile(r"[0-9][A-Za-z]? {0,2}[0-9][A-Za-z]{2}(?![0-9A-Za-z])"),), before=270, after=20, digit=True
)

RULES = (
    Rule(
        "street_address",
        r"(?<![0-9A-Za-z_.,/#-])(?P<v>(?:(?:Flat|Apartment|Apt|Unit|Suite|Room)\.? [0-9]{0,3}[A-Z]?,? )?"
        rf"[0-9]{{1,4}}[A-Za-z]?(?:-[0-9]{{1,4}})?,? (?:{_WORD} ){{1,4}}{_STREET}(?![A-Za-z0-9])\.?"
        rf"(?:{_BREAK}{_WORD}){{0,5}}\.?{_BREAK}{_POSTCODE})",
        _NEAR,
        _whole,
        reach=330,
    ),
    Rule("street_address", rf"(?<![0-9A-Za-z_./#-])(?P<v>{_POSTCODE})", _NEAR, _alone, reach=14),
)
