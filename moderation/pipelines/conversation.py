"""Risk over the turns of a conversation: what no turn shows alone. Pure.

Three patterns. `split_payload`: the last turns of one writer, joined (`joining`), are what none of them is alone. `crescendo`: turns
that each stay under the threshold and lead to harm, by their scores that go up or by what a classifier says of them as
turns (`Step`). `continuation`: a bare "go on" after a turn that was over it. How many turns are looked at is for the
caller to say (`gather`).

A score is over its threshold as it would be in one text: that of its writer's role, of a child for the parent that the
policy does not name. What an allow list lets pass is for the caller to leave out.

What it does not know: who the writer is, what was said before those turns, and whether a rising theme is a novel.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moderation.models.base import MOST_STEPS, Step
from moderation.pipelines.fuse import each_with_parents
from moderation.policy import Policy
from moderation.schema import Role, Trigger
from moderation.taxonomy import PARENTS

# A turn weighs this much less for each turn of its writer since.
_DECAY = 0.85
# Scores up to here are what harmless texts have; only what is above counts towards a crescendo.
_NOISE = 0.15
_LEAST_RISING = 3
# A continuation carries over this much of the risk of what it continues.
_CARRIED = 0.95
_LONGEST_CONTINUE = 80
_CONTINUE = re.compile(
    r"\W*(?:(?:please|ok(?:ay)?|yes|yeah|sure|and|now|good|great|then)\W+)*"
    r"(?:continue|go on|keep going|carry on|proceed|next(?: (?:part|step|one))?|more(?: details?)?|and then|what(?:'s| is) next|"
    r"finish(?: it)?|don'?t stop|elaborate|expand(?: on (?:that|it))?|the rest|step \d+|go (?:ahead|deeper|further)|"
    r"(?:tell|show|give) me (?:more|the rest)|keep (?:writing|talking|at it)|say more|write (?:more|on)|what then|do it)"
    r"(?:\W+(?:please|then|now|from (?:there|here)|with (?:that|it)))*\W*"
    r"|\W*(?:请|好的?|嗯|行|那)?[,，\s]*(?:你)?(?:继续|接着(?:说|写|讲|来)?|然后呢?|下一[步段个部分]*|往下(?:说|写|讲)?|再详细(?:一?点)?|"
    r"详细(?:说说|一点|点)|后面呢|还有呢|说下去|写下去|写完|别停|"
    r"说吧|讲吧|多说点|说完|继续往下|给我(?:剩下的|后面的))(?:吧|呢|啊|一下|写|说|讲)*\W*"
    r"|\W*(?:sigue|contin[uú]a|adelante|continuez?|vas-y|weiter|mach weiter|continua|vai avanti|prossegu[ei]|продолжай(?:те)?|дальше|"
    r"続けて(?:ください)?|次|계속(?:해|해줘|하세요)?|تابع|أكمل)(?:\W+(?:por favor|s'il (?:te|vous) pla[iî]t|bitte|per favore|пожалуйста))?\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mark:
    """The highest score of a category, and whether it is over its threshold: REVIEW at least."""

    score: float
    over: bool


_NO_MARK = Mark(0.0, over=False)


def marks(scores: Mapping[str, float], role: Role, policy: Policy) -> dict[str, Mark]:
    """What scores come to by a policy, parents raised by their children; without categories that it never decides on."""
    found: dict[str, Mark] = {}
    for category, score, said in each_with_parents(scores):
        floor = policy.threshold(role, category, said).floor
        if not math.isinf(floor):
            before = found.get(category, _NO_MARK)
            found[category] = Mark(max(score, before.score), before.over or score >= floor)
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """One turn: who wrote it, its parts' paths, its texts, what they come to, and what it is as a turn, if that is known."""

    role: Role
    paths: tuple[str, ...]
    text: str
    marks: Mapping[str, Mark]
    step: Step | None = None

    def mark(self, category: str) -> Mark:
        return self.marks.get(category, _NO_MARK)


@dataclass(frozen=True, slots=True)
class Together:
    """What is said of turns joined, and what lists found that no turn has alone.

    Attributes:
        turns: which ones, by number.
        marks: by the thresholds of the newest turn's role.
        listed: the list that found it, if one did.
    """

    turns: tuple[int, ...]
    marks: Mapping[str, Mark]
    listed: str = ""


def triggers_of(turns: Sequence[Said], joined: Sequence[Together], rows: Sequence[Said] = ()) -> list[Trigger]:
    """The patterns in a conversation, the last turn being the newest. What alone is over REVIEW needs none.

    Args:
        joined: what was said of `joined_texts`.
        rows: what was joined, if it is the parts of the newest turn and not the turns.
    """
    rows = rows or turns
    found: list[Trigger | None] = [
        _split_payload([rows[number] for number in one.turns], category, mark.score, one.listed)
        for one in joined
        for category, mark in one.marks.items()
        if mark.over
    ]
    if len(turns) > 1:
        own = [turn for turn in turns if turn.role is turns[-1].role]
        rising = [one for category in turns[-1].marks if (one := _crescendo(own, category))]
        found.append(_both(max(rising, key=lambda one: one.score, default=None), _leading(own)))
        found.append(_continuation(turns))
    by_pattern: dict[str, Trigger] = {}
    for trigger in found:
        if trigger is not None and trigger.score > by_pattern.get(trigger.pattern, _NOTHING).score:
            by_pattern[trigger.pattern] = trigger
    return list(by_pattern.values())


_NOTHING = Trigger("", 0.0, (), "")


def _split_payload(parts: Sequence[Said], category: str, score: float, listed: str) -> Trigger | None:
    """A category that the joined turns reach and none of them alone."""
    if len(parts) < 2 or any(turn.mark(category).over for turn in parts):
        return None
    alone = max(turn.mark(category).score for turn in parts)
    paths = tuple(path for turn in parts for path in turn.paths)
    if listed:
        explanation = f"{category}: a term of {listed} put together of {len(parts)} turns or parts"
    else:
        explanation = f"{category}: {score:.2f} for the turns joined, {alone:.2f} at most for one of them"
    return Trigger("split_payload", score, paths, explanation, category)


def _crescendo(own: Sequence[Said], category: str) -> Trigger | None:
    """A category that rises over at least three turns of one writer without reaching the threshold."""
    scores = [turn.mark(category).score for turn in own]
    above = [(index, (score - _NOISE) / (1 - _NOISE)) for index, score in enumerate(scores) if score > _NOISE]
    if len(above) < _LEAST_RISING or above[-1][0] != len(scores) - 1:
        return None
    if any(_is_told(turn, category) for turn in own):
        return None
    half = len(above) // 2
    early, late = above[:half], above[-half:]
    if sum(score for _, score in late) <= sum(score for _, score in early):
        return None
    newest = len(scores) - 1
    risk = 1 - math.prod(1 - _DECAY ** (newest - index) * score for index, score in above)
    paths = tuple(path for index, _ in above for path in own[index].paths)
    explanation = f"{category} rises over {len(above)} turns, from {scores[above[0][0]]:.2f} to {scores[-1]:.2f}"
    return Trigger("crescendo", risk, paths, explanation, category)


def _leading(own: Sequence[Said]) -> Trigger | None:
    """At least three turns of a user, none over a threshold, that together are like those which lead to harm."""
    steps = [(turn, turn.step) for turn in own[-MOST_STEPS:] if turn.step is not None]
    if own[-1].role is not Role.USER or own[-1].step is None or len(steps) < _LEAST_RISING:
        return None
    if any(mark.over for turn in own for mark in turn.marks.values()):
        return None
    logit = own[-1].step.newest + math.fsum(step.each for _, step in steps) / len(steps)
    score = 0.5 * (1.0 + math.tanh(0.5 * logit))
    carried = [turn for turn, step in steps if step.each > 0 or turn is own[-1]]
    paths = tuple(path for turn in carried for path in turn.paths)
    explanation = f"the last {len(steps)} turns together lead to harm, by {len(carried)} of them"
    return Trigger("crescendo", score, paths, explanation)


def _both(rising: Trigger | None, leading: Trigger | None) -> Trigger | None:
    """One pattern where both are seen: the higher score, all who carry it, and the category that rises."""
    if rising is None or leading is None:
        return rising or leading
    score = max(rising.score, leading.score)
    paths = tuple(dict.fromkeys((*rising.parts, *leading.parts)))
    explanation = f"{rising.explanation}; {leading.explanation}"
    return Trigger("crescendo", score, paths, explanation, rising.category)


def _is_told(turn: Said, category: str) -> bool:
    """Whether a turn alone is over the threshold of a category or of a child of it."""
    return any(mark.over for key, mark in turn.marks.items() if category in (key, PARENTS.get(key)))


def _goes_on(text: str) -> bool:
    """Whether a turn only asks to continue; a long one is never looked at, since the pattern's time is not linear."""
    return len(text) <= _LONGEST_CONTINUE and _CONTINUE.fullmatch(text) is not None


def _continuation(turns: Sequence[Said]) -> Trigger | None:
    """A bare "go on" that follows turns over a threshold."""
    if not _goes_on(turns[-1].text):
        return None
    before = [turn for turn in turns[:-1] if not _goes_on(turn.text)][-2:]
    over = [(mark.score, category, turn) for turn in before for category, mark in turn.marks.items() if mark.over]
    if not over:
        return None
    score, category, turn = max(over, key=lambda entry: entry[0])
    explanation = f"asks to go on with a turn that scored {score:.2f} for {category}"
    return Trigger("continuation", _CARRIED * score, (*turn.paths, *turns[-1].paths), explanation, category)
