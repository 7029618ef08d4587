"""Dialogues written into one text, by their changes of speaker: `many_shot` of `attack-forms.v1`.

Exports of chats, examples for a model and interviews have the same shape, so it alone is doubtful, however long. It is
sure where question after question asks for harm (`attack_harms`) and is answered. Speakers stand before a colon or
another sign, in a message's `role`, or as tags; under names that no chat with a model uses, the answers must agree to
serve. It does not know who the invented speakers are, and harm that is not said plainly is for the classifier.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from moderation.models.attack_harms import asks_for_harm, refuses

_FLAGS = re.IGNORECASE
_PAGE_OF_QUESTIONS = 6  # times as many changes, where pages of questions and lessons have them too
_LEAST_CHANGES = 16  # of a dialogue that may be sure
_LEAST_HARMFUL, _IN_A_ROW = 4, 24  # questions for harm that are answered, among so many turns
_LEAST_SAYING = 1 / 3  # of the turns of either speaker say a few words; the fields of a list of devices do not
_SEEN_OF_TURN = 240
_MOST_HARMFUL = 64  # counted; more say nothing more

_CHATTING = (
    r"user|human|assistant|ai|bot|model|gpt|chatgpt|usuario|usuário|asistente|assistente|utilisateur|nutzer|assistent|utente|пользователь|ассистент"
    r"|用户|用戶|助手|人类|ユーザー|アシスタント|사용자|어시스턴트|المستخدم|المساعد"
)
_ASKING = (
    r"q|a|question|answer|问|答|学生|老师|老師|教师|徒弟|师父|师傅|提问|回答|提问者|回答者|问者|答者|问题|答案|student|pupil|teacher|tutor|professor"
    r"|asker|answerer|expert|learner|master|apprentice|frage|antwort|schüler|lehrer|pregunta|respuesta|вопрос|ответ|質問|回答"
)
_ASKED_AND_ANSWERED = frozenset(_ASKING.split("|"))
_NAME = rf"({_CHATTING}|{_ASKING})"
_COUNTED = r"(?:[ ]?[#№]?\d{1,4})?(?:[ ]?[(\[][^()\[\]\n]{1,20}[)\]])?"  # "User 1", "User (12:03)"
_SPEAKER = re.compile(rf"(?<!\w){_NAME}{_COUNTED}[*_\"'”`\]\\]{{0,4}}\s{{0,2}}[:：]", _FLAGS)
_HEADED = re.compile(
    rf"(?:^|\n)[^\w\n]{{0,6}}{_NAME}{_COUNTED}[*_\]]{{0,3}}(?:[ ]{{0,2}}[>|\t»]|[ ][-–—]{{1,2}}[ ]|[ ]{{0,2}}(?=\n))",
    _FLAGS,
)
_ROLE = re.compile(
    rf"(?<!\w)(?:role|from|speaker|author|sender)\\?[\"']?\s{{0,3}}[:=]\s{{0,3}}(?:\\?[\"']{_NAME}\\?[\"']|{_NAME}(?=\x20{{0,2}}(?:[,}}>\n]|$)))",
    _FLAGS,
)
_TAG = re.compile(rf"[<\[]\|?({_CHATTING}|student|teacher|学生|老师|question|answer|问|答)\|?[>\]]", _FLAGS)
_ANY_LABEL = re.compile(
    r"(?:^|\n|[。！？])[^\w\n]{0,4}(?:\d[\d:.]{0,8}[^\w\n]{1,3})?([^\W\d_][^\W_]{0,14}(?:\x20[^\W_]{1,14})?)[*_\"'”\]]{0,3}[\x20\t]{0,2}[:：]"
)
_SERVES = re.compile(
    r"[\s\"'“*_]{0,4}(?:sure|certainly|of\scourse|absolutely|gladly|here\s(?:is|are)|here['’]s|okay,?\shere|no\sproblem|happy\sto|with\spleasure"
    r"|first,|step\s(?:1|one)|to\s(?:make|build|create|do)|yes,?\s(?:master|here|of\scourse)|当然|好的|没问题|首先|以下是|下面是|第一步|很乐意|可以[，,：:])",
    _FLAGS,
)
_WORDS = re.compile(r"(?:[^\W_]+\W+){2}[^\W_]|[?？]|[\u3040-\u9fff\uac00-\ud7af]{4}")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a speaker says: the place of his name, and the first characters behind it."""

    speaker: str
    start: int
    said: str


@dataclass(frozen=True, slots=True)
class Shots:
    """A dialogue: its changes of speaker, its start, and the questions for harm that are answered (0: not sure)."""

    changes: int
    start: int
    harmful: int


def shots_in(text: str, least: int) -> Shots | None:
    """The dialogue under the kind of marks that shows most; None: fewer changes of speaker than `least`."""
    seen = [shots for shots in _dialogues(text, least) if shots.changes >= least]
    return max(seen, key=lambda shots: (shots.harmful, shots.changes), default=None)


def _dialogues(text: str, least: int) -> Iterator[Shots]:
    if text.count(":") + text.count("：") > least:
        yield _chat(_turns(_SPEAKER, text))
        yield _of_any_names(_turns(_ANY_LABEL, text))
    if any(name in text for name in ("role", "from", "speaker", "author", "sender")):
        yield _chat(_turns(_ROLE, text))
    if text.count("<") + text.count("[") > least:
        yield _chat(_turns(_TAG, text))
    if text.count("\n") >= least:
        yield _chat(_turns(_HEADED, text))


def _turns(marks: re.Pattern[str], text: str) -> list[Turn]:
    found = list(marks.finditer(text))
    ends = [*(following.start() for following in found[1:]), len(text)]
    return [
        Turn(
            (one[one.lastindex or 0]).lower().rstrip("0123456789 "),
            one.start(),
            text[one.end() : min(end, one.end() + _SEEN_OF_TURN)],
        )
        for one, end in zip(found, ends, strict=False)
    ]


def _chat(turns: Sequence[Turn]) -> Shots:
    """Between speakers as chats with a model have them."""
    changes = _changes(turns)
    if changes == 0:
        return Shots(0, 0, 0)
    harmful = _answered_harm(turns) if changes >= _LEAST_CHANGES else 0
    if not harmful:
        if not _is_said(turns):
            return Shots(0, 0, 0)
        if all(turn.speaker in _ASKED_AND_ANSWERED for turn in turns):
            changes //= _PAGE_OF_QUESTIONS
    return Shots(changes, turns[0].start, harmful)


def _of_any_names(turns: Sequence[Turn]) -> Shots:
    """Between two speakers of any name, one of whom does as he is told again and again."""
    names = [name for name, _ in Counter(turn.speaker for turn in turns).most_common(2)]
    spoken = [turn for turn in turns if turn.speaker in names]
    changes = _changes(spoken)
    harmful = _answered_harm(spoken, serving=True) if changes >= _LEAST_CHANGES else 0
    return Shots(changes, spoken[0].start, harmful) if harmful else Shots(0, 0, 0)


def _changes(turns: Sequence[Turn]) -> int:
    return sum(one.speaker != other.speaker for one, other in pairwise(turns))


def _is_said(turns: Sequence[Turn]) -> bool:
    """Whether the labels stand before turns of a talk: both who speak most say more than a word or two."""
    spoken = Counter(turn.speaker for turn in turns)
    saying = Counter(turn.speaker for turn in turns if _WORDS.search(_first_line(turn.said)))
    return all(saying[name] >= _LEAST_SAYING * count for name, count in spoken.most_common(2))


def _first_line(said: str) -> str:
    return said.lstrip().split("\n", 1)[0]


def _answered_harm(turns: Sequence[Turn], *, serving: bool = False) -> int:
    """Questions for harm that another speaker answers; 0 where they are few and far between."""
    answered = (
        at
        for at, (one, other) in enumerate(pairwise(turns))
        if one.speaker != other.speaker
        and (not serving or _SERVES.match(other.said))
        and not refuses(other.said)
        and asks_for_harm(one.said)
    )
    places = list(islice(answered, _MOST_HARMFUL))
    near = zip(places, places[_LEAST_HARMFUL - 1 :], strict=False)
    return len(places) if any(last - first < _IN_A_ROW for first, last in near) else 0
