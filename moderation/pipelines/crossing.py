"""Whether a listed term that lies across pieces was cut there, or came about by chance where they meet. Pure.

Ordinary pieces end and begin with whole words: "I love my pen" and "is it yours?" are no cut word, "please ki" and "ll
yourself" are one. And what begins a new field, "Toy preference: car" after "Sex", goes on with nothing. What it does
not know: words of other languages than English, and pieces made so that a term is cut into two words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from moderation.normalise import english

Place = tuple[int, int, int]

_LONGEST_TOKEN = 40
# The tables of words have no rare word of three letters.
_SHORT_WORDS = (
    "ace act add ado age ago aid ail aim air ale all amp and ant any ape apt arc are ark arm art ash ask ass "
    "ate awe axe bad bag ban bar bat bay bed bee beg bet bib bid big bin bit bog bow box boy bra bud bug bum "
    "bun bus but buy bye cab cam can cap car cat cod con cop cot cow coy cry cub cue cup cut dad dam day den "
    "dew did die dig dim din dip dog don dot dry dub due dug duo dye ear eat ebb eel egg ego elf elm end era "
    "eve eye fan far fat fax fed fee few fib fig fin fit fix flu fly fog for fox fry fun fur gag gal gap gas "
    "gay gel gem get gig gin god got gum gun gut guy gym had ham has hat hay hen her hey hid him hip his hit "
    "hop hot how hub hue hug hum hut ice icy ill ink inn ion ivy jam jar jaw jay jet jog joy jug keg key kid "
    "kin kit lab lad lag lap law lay led leg let lid lie lip lit log lot low mad man map mat max may men met "
    "mic mid mix mob mom mop mow mud mug mum nap net new nil nod nor not now nun nut oak oar oat odd off oil "
    "old one ore our out owe owl own pad pal pan par pat paw pay pea peg pen per pet pie pig pin pit pod pop "
    "pot pro pub pun pup put rag ram ran rap rat raw ray red rib rid rig rim rip rob rod rot row rub rug rum "
    "run rye sad sag sap sat saw say sea see set sew she shy sin sip sir sit six ski sky sly sob sod son sow "
    "soy spa spy sub sue sum sun tab tag tan tap tar tax tea ten the tie tin tip toe ton too top toy try tub "
    "tug two urn use van vat vet via vow wag war was wax way web wed wet who why wig win wit won wow yes yet "
    "you zip zoo"
)
_SHORT = frozenset(_SHORT_WORDS.split())
_LAST = re.compile(r"(?:[^\W\d_]['’]?)+\Z")
_FIRST = re.compile(r"(?:['’]?[^\W\d_])+")
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_ENDED = re.compile(r"[^\W_]['\"”’)]?[.?!;。！？；…]{1,4}['\"”’)]?\s*\Z")  # a sentence
_END = re.compile(r"(?<=[^\W_])['\"”’)]?[,.?!;，。！？；…]{1,4}['\"”’)]?\s*\Z")  # or a clause
_TAIL = 12  # characters that are looked at for it
_BEGINNING = re.compile(r"[^\w\n]{0,4}([^\W\d_]{1,40})")
_FIELD = re.compile(r"[^\n:：=.!?;,。！？；，]{1,40}(?:[:：=](?![/\\]))")


def last_word(text: str) -> str:
    """The letters that a text ends with."""
    found = _LAST.search(text[-_LONGEST_TOKEN:])
    return found[0] if found else ""


def first_word(text: str) -> str:
    """The letters that a text begins with."""
    found = _FIRST.match(text[:_LONGEST_TOKEN])
    return found[0] if found else ""


def is_word(token: str) -> bool:
    """Whether letters may be a whole word in an ordinary text."""
    lower = token.lower()
    return lower in _SHORT or english.is_word(lower)


def without_end(before: str, after: str) -> str:
    """A piece less the sign that ends it, unless a sentence begins with the next: "You should kill." and "yourself"."""
    if _begins_a_sentence(after):
        return before
    at = max(0, len(before) - _TAIL)
    return before[:at] + _END.sub("", before[at:])


def are_halves(before: str, after: str) -> bool:
    """Whether the last letters of one text and the first of another are rather one word than two."""
    last, first = last_word(before), first_word(after)
    if not last or not first or _HAN.match(last[-1]) or _HAN.match(first):
        return False
    return not (is_word(last) and is_word(first)) or english.is_word((last + first).lower())


def is_chance(text: str, places: Sequence[Place], span: tuple[int, int], term: str, *, fields: bool) -> bool:
    """Whether a term came about where pieces meet.

    Args:
        places: of the pieces that the term touches.
        span: of the term in the text.
        term: as it is listed.
        fields: whether the pieces may be fields of a form.
    """
    rows = [text[start:end] for start, end, _ in places]
    cuts = []
    for at, (before, after) in enumerate(pairwise(rows)):
        last, first = last_word(before), first_word(after)
        if _HAN.search(last[-1:] + first[:1]):
            return False
        is_spaced = places[at][1] < places[at + 1][0]
        if is_spaced and " " in term and _ENDED.search(before) and _begins_a_sentence(after):
            return True
        if last and first and not (is_spaced and " " in term):
            cuts.append((last, first))
        elif fields and _is_new(after, last, first, span[1] - places[at + 1][0]):
            return True
    if len(cuts) < len(rows) - 1:
        return False
    is_more = span[0] < places[0][1] - len(cuts[0][0]) or span[1] > places[-1][0] + len(cuts[-1][1])
    return not is_more and all(is_word(one) for cut in cuts for one in cut)


def _begins_a_sentence(after: str) -> bool:
    """With a big letter; where all are big, and in letters that are neither big nor small, nothing tells."""
    found = _BEGINNING.match(after)
    return found is not None and found[1][0].isupper() and (len(found[1]) == 1 or not found[1].isupper())


def _is_new(after: str, last: str, first: str, end: int) -> bool:
    """Whether a piece begins something new, which a term that ends there does not go on with."""
    label = _FIELD.match(after)
    if label is not None and end < label.end():
        return True
    return last.islower() and first[:1].isupper() and first[1:].islower()
