"""`attack-forms.v1`: attacks on a model that show in a text's form rather than in its meaning.

The classifier of meaning (`text-risk`) reads a passage at a time, mostly in Chinese and English; a dialogue of forty
invented turns, a chat template's control marks or an override in Spanish are plain to see and easily missed there.
Each form is a pattern with a fixed score, set by hand and measured in the model card: over what leads to REVIEW where
its words leave no ordinary reading, under it where they do, unless two such stand near each other. None ever leads to
BLOCK alone. What it does not know: who quotes whom, and attacks without form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from moderation.models import attack_patterns as patterns
from moderation.models import attack_voices as voices
from moderation.models.attack_injected import injected
from moderation.models.attack_orders import gives_order
from moderation.models.attack_rules import Rule, asks_for_prompt, is_no_device, is_order_to_model, runs_no_program
from moderation.models.attack_shots import shots_in
from moderation.models.attack_shown import is_for_people, is_shown
from moderation.models.base import Classification, Classifier, Scored
from moderation.models.spec import ModelSpec
from moderation.schema import Modality

MANY_SHOT_FROM = 8  # changes of speaker; a pasted chat of some turns is common
_LEAST_SURE_SHOTS, _SURE_SHOTS = 8, 20  # questions for harm that are answered, from where the score rises to its most
_LEAST_HIDDEN_KINDS = 3  # an emoji may be followed by the same selector over and over, by a slip of a keyboard
_MOST_COUNTRIES = 3  # whose regions' flags stand in one text; more of them spell words
_LEAST_FRAGMENTS = 3
_LEAST_JOINED = 2

# What has an ordinary reading: under REVIEW in every role of the default policy; and two of them near each other.
DOUBTFUL = {"prompt_injection": 0.45, "jailbreak": 0.2}
_TOGETHER = {"prompt_injection": 0.85, "jailbreak": 0.6}
_NEAR = 300

# Tag characters, and variation selectors in a row: text that nobody sees.
_TAGS = 0xE0000  # tag characters are ASCII from there
_BLACK_FLAG = "\N{WAVING BLACK FLAG}"
_REGION = re.compile(r"([a-z]{2})[a-z0-9]{1,4}\x7f")
_HIDDEN = re.compile("[\U000e0020-\U000e007f]{4,}|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")


@dataclass(frozen=True, slots=True)
class Form:
    """One form that was seen."""

    kind: str
    category: str
    score: float
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Said:
    """How one kind of form is worded."""

    kind: str
    category: str
    score: float
    sure: Sequence[Rule]
    open: Sequence[Rule] = ()
    holds: Callable[[str, int, int], bool] | None = None  # what else a sure one asks of its place


def forms_in(text: str) -> list[Form]:
    """Every form that a text shows, one of a kind, in a fixed order; time is linear in its length."""
    lowered = text.lower()
    present = frozenset(word for word in (_ASCII_WORDS if text.isascii() else _WORDS) if word in lowered)
    said = [_places(one, text, lowered, present) for one, words in _WORDS_OF if not words.isdisjoint(present)]
    looked = ([form] for look in _LOOKS for form in look(text))
    return _together(_by_kind([*said, _injected(text, lowered), *looked]))


def _by_kind(forms: list[list[Form]]) -> list[list[Form]]:
    """The places of each kind: the one where it is sure, or else every doubtful one, each once."""
    kinds: dict[str, list[Form]] = {}
    for places in forms:
        for form in places[:1]:
            known = kinds.get(form.kind, [])
            sure = [one for one in (*known[:1], form) if one.score > DOUBTFUL[one.category]]
            kinds[form.kind] = sure[:1] or sorted({*known, *places}, key=lambda one: one.span)
    return list(kinds.values())


def _injected(text: str, lowered: str) -> list[Form]:
    """Orders in the voice of a system or to an agent, in the middle of what is only read."""
    doubtful = []
    for start, end, sure in injected(text, lowered):
        if sure:
            return [Form("addressed_model", "prompt_injection", 0.88, (start, end))]
        doubtful.append(Form("addressed_model", "prompt_injection", DOUBTFUL["prompt_injection"], (start, end)))
    return doubtful


def _together(forms: list[list[Form]]) -> list[Form]:
    """The first form of each kind; of those with an ordinary reading, one near another kind, where they have none."""
    if not any(forms):
        return []
    doubtful = sorted(
        (form for places in forms for form in places if form.score == DOUBTFUL[form.category]),
        key=lambda form: form.span,
    )
    near = {*_near_the_last(doubtful), *_near_the_last(doubtful[::-1])}
    chosen = ((places[0], next((form for form in places if form in near), None)) for places in forms if places)
    return [replace(pair, score=_TOGETHER[pair.category]) if pair else first for first, pair in chosen]


def _near_the_last(doubtful: list[Form]) -> Iterator[Form]:
    """Those that the nearest place of another kind, in the order given, stands close before."""
    last: dict[str, int] = {}  # where each kind was seen last; there are a handful of kinds
    for form in doubtful:
        if any(kind != form.kind and abs(place - form.span[0]) <= _NEAR for kind, place in last.items()):
            yield form
        last[form.kind] = form.span[0]


def _places(said: Said, text: str, lowered: str, present: frozenset[str]) -> list[Form]:
    """The place where it is sure, or else every place where it is doubtful."""
    doubtful: set[tuple[int, int]] = set()
    for rule in said.sure:
        for found in rule.pattern.finditer(text) if rule.may_match(lowered, present) else ():
            if said.holds is None or said.holds(text, *found.span()):
                return [Form(said.kind, said.category, said.score, found.span())]
            doubtful.add(found.span())
    for rule in said.open:
        if rule.may_match(lowered, present):
            doubtful.update(found.span() for found in rule.pattern.finditer(text))
    return [Form(said.kind, said.category, DOUBTFUL[said.category], span) for span in sorted(doubtful)]


def _many_shot(text: str) -> Iterator[Form]:
    """A dialogue written into one text: where it does harm, examples of obedience that the model is to go on with."""
    seen = shots_in(text, MANY_SHOT_FROM)
    if seen is not None:
        yield Form("many_shot", "jailbreak", _score_of_shots(seen.harmful), (seen.start, len(text)))


def _score_of_shots(harmful: int) -> float:
    if not harmful:
        return DOUBTFUL["jailbreak"]
    share = (harmful - _LEAST_SURE_SHOTS) / (_SURE_SHOTS - _LEAST_SURE_SHOTS)
    return round(0.5 + 0.4 * min(1.0, max(0.0, share)), 3)


def _hidden(text: str) -> Iterator[Form]:
    """Text in characters that nobody sees and a model reads."""
    if text.isascii():
        return
    countries: set[str] = set()
    for found in _HIDDEN.finditer(text):
        if len(set(found.group()[:64])) < _LEAST_HIDDEN_KINDS:
            continue
        country = _country(text, found)
        countries.add(country or "")
        if country is None or len(countries) > _MOST_COUNTRIES:
            yield Form("hidden_text", "prompt_injection", 0.95, found.span())
            return


def _country(text: str, found: re.Match[str]) -> str | None:
    """The country whose region's flag is spelled: black flag, country, region and cancel tag in tags. None: no flag."""
    spelled = _REGION.fullmatch("".join(chr(ord(sign) - _TAGS) for sign in found.group()[:8] if sign >= "\U000e0020"))
    return spelled and spelled.group(1) if text.startswith(_BLACK_FLAG, max(0, found.start() - 1)) else None


def _split_payload(text: str) -> Iterator[Form]:
    """Pieces of a request kept in variables, and the order to join and answer them by their names."""
    if sum(map(text.count, "\"'“‘「")) < _LEAST_FRAGMENTS:
        return
    pieces = list(patterns.FRAGMENT.finditer(text))
    if len(pieces) < _LEAST_FRAGMENTS:
        return
    names = {piece.group(1).lower() for piece in pieces}
    for joining in patterns.JOINING.finditer(text):
        joined = {name.lower() for name in re.findall(r"[A-Za-z_]\w*", joining.group(joining.lastindex or 0))}
        if len(joined & names) >= _LEAST_JOINED:
            start = min(pieces[0].start(), joining.start())
            yield Form("payload_splitting", "jailbreak", 0.65, (start, max(pieces[-1].end(), joining.end())))
            return


SAID = (
    Said(
        *("instruction_override", "prompt_injection", 0.95),
        (*patterns.OVERRIDE, *patterns.OVERRIDE_ZH, *patterns.OVERRIDE_AR),
        patterns.OVERRIDE_OPEN,
        holds=lambda *place: is_order_to_model(*place) and not is_shown(*place) and not is_for_people(*place),
    ),
    Said(
        *("prompt_extraction", "prompt_injection", 0.93),
        (*patterns.EXTRACTION, *patterns.EXTRACTION_AR),
        patterns.EXTRACTION_OPEN,
        holds=lambda *place: asks_for_prompt(*place) and not is_shown(*place),
    ),
    Said("chat_marks", "prompt_injection", 0.92, patterns.CHAT_MARKS, patterns.CHAT_MARKS_OPEN),
    Said("addressed_model", "prompt_injection", 0.88, voices.ADDRESSED, holds=gives_order),
    Said("addressed_model", "prompt_injection", 0.88, voices.SYSTEM_VOICE, voices.SYSTEM_VOICE_OPEN),
    Said("exfiltration", "prompt_injection", 0.92, patterns.EXFILTRATION),
    Said(
        *("decode_and_follow", "jailbreak", 0.9, patterns.DECODE_AND_FOLLOW, patterns.DECODE_OPEN),
        holds=runs_no_program,
    ),
    Said("persona", "jailbreak", 0.88, voices.PERSONA, voices.PERSONA_OPEN, holds=is_no_device),
)
_WORDS_OF = [(said, frozenset(word for rule in (*said.sure, *said.open) for word in rule.first)) for said in SAID]
_WORDS = tuple(sorted({word for _, words in _WORDS_OF for word in words}))
_ASCII_WORDS = tuple(word for word in _WORDS if word.isascii())
_LOOKS: Sequence[Callable[[str], Iterator[Form]]] = (_many_shot, _hidden, _split_payload)


class AttackForms(Classifier[str]):
    """See the module. Build it with `build`."""

    modality = Modality.TEXT
    categories = frozenset({"prompt_injection", "jailbreak"})
    max_batch_size = 64

    def __init__(self, spec: ModelSpec) -> None:
        self.key = spec.key
        self.revision = spec.revision

    def preprocess(self, items: Sequence[str]) -> Sequence[str]:
        return items

    def infer(self, prepared: Sequence[str]) -> list[list[Form]]:
        return [forms_in(text) for text in prepared]

    def postprocess(self, raw: list[list[Form]], items: Sequence[str]) -> list[Classification]:  # noqa: ARG002 - the contract's signature
        return [_classification(forms) for forms in raw]

    def warm_up_items(self) -> Sequence[str]:
        return ["Hello."]


_NOTHING = Scored({"prompt_injection": 0.0, "jailbreak": 0.0})


def _classification(forms: Sequence[Form]) -> Classification:
    scored = tuple(Scored({form.category: form.score}, form.span, form.kind) for form in forms)
    return Classification((_NOTHING, *scored))


def build(spec: ModelSpec, files: Mapping[str, Path], *, threads: int) -> AttackForms:  # noqa: ARG001 - the registry's signature
    """The registry's builder; there are no weights."""
    return AttackForms(spec)
