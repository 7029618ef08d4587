"""Dialogues written into one text, counted by their changes of speaker: `many_shot` of `attack-forms.v1`.

Speakers stand before a colon, in a message's `role`, or as tags. Names that only chats with a model use count fully;
question and answer, pupil and teacher a sixth, since pages of questions and lessons have them. Two other labels
(interviews, plays, logs) count only where one speaker mostly begins by agreeing to serve. It does not know who the
invented speakers are.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

_FLAGS = re.IGNORECASE
_PAGE_OF_QUESTIONS = 6  # times as many changes, where pages of questions and lessons have them too
_LEAST_SERVING = 0.5  # share of one speaker's turns
_LEAST_OF_TWO = 0.8  # of all labelled lines belong to two speakers
_LEAST_OF_OTHERS = 16  # changes between two speakers of any name

_CHATTING = (
    r"user|human|assistant|ai|bot|model|gpt|chatgpt|usuario|usuário|asistente|assistente|utilisateur|nutzer|assistent|utente|пользователь|ассистент"
    r"|用户|用戶|助手|人类|ユーザー|アシスタント|사용자|어시스턴트|المستخدم|المساعد"
)
_ASKING = (
    r"q|a|question|answer|问|答|学生|老师|老師|教师|徒弟|师父|师傅|提问|回答|提问者|回答者|问者|答者|问题|答案|student|pupil|teacher|tutor|professor"
    r"|asker|answerer|expert|learner|master|apprentice|frage|antwort|schüler|lehrer|pregunta|respuesta|вопрос|ответ|質問|回答"
)
_ASKED_AND_ANSWERED = frozenset(_ASKING.split("|"))
_START = r"(?:^|[\n.!?。！？|]\s{0,3})"
_SPEAKER = re.compile(rf"{_START}({_CHATTING}|{_ASKING})\s{{0,2}}[:：]", _FLAGS)
_ROLE = re.compile(
    rf"\\?[\"'](?:role|from|speaker|author|sender)\\?[\"']\s{{0,3}}:\s{{0,3}}\\?[\"']({_CHATTING}|{_ASKING})\\?[\"']",
    _FLAGS,
)
_TAG = re.compile(rf"[<\[]\|?({_CHATTING}|student|teacher|学生|老师|question|answer|问|答)\|?[>\]]", _FLAGS)
_ANY_LABEL = re.compile(
    r"(?:^|\n|[。！？])[ \t]{0,3}([^\W\d_][^\W_]{0,14}(?:[ ][^\W_]{1,14})?)[ \t]{0,2}[:：][ \t]{0,3}"
)
_SERVES = re.compile(
    r"[\"'“*]{0,2}(?:sure|certainly|of\scourse|absolutely|gladly|here\s(?:is|are)|here['’]s|okay,?\shere|no\sproblem|happy\sto|with\spleasure"
    r"|first,|step\s(?:1|one)|to\s(?:make|build|create|do)|yes,?\s(?:master|here|of\scourse)|当然|好的|没问题|首先|以下是|下面是|第一步|很乐意|可以[，,：:])",
    _FLAGS,
)


def shots_in(text: str, least: int) -> tuple[int, int] | None:
    """Changes of speaker and where the first stands, of the kind of marks that has most; None: fewer than `least`."""
    seen = []
    if text.count(":") + text.count("：") > least:
        seen += [_changes(_SPEAKER, text), _served(text)]
        if any(name in text for name in ("role", "from", "speaker", "author", "sender")):
            seen.append(_changes(_ROLE, text))
    if text.count("<") + text.count("[") > least:
        seen.append(_changes(_TAG, text))
    most = max(seen, default=(0, 0), key=lambda one: one[0])
    return most if most[0] >= least else None


def _changes(marks: re.Pattern[str], text: str) -> tuple[int, int]:
    speakers = [(found.group(1).lower(), found.start()) for found in marks.finditer(text)]
    changes = sum(one[0] != other[0] for one, other in pairwise(speakers))
    if all(speaker in _ASKED_AND_ANSWERED for speaker, _ in speakers):
        changes //= _PAGE_OF_QUESTIONS
    return changes, speakers[0][1] if speakers else 0


def _served(text: str) -> tuple[int, int]:
    """Changes between two speakers of any name, one of whom does as he is told again and again."""
    lines = [(found.group(1).lower(), found) for found in _ANY_LABEL.finditer(text)]
    two = Counter(speaker for speaker, _ in lines).most_common(2)
    if len(two) < 2 or sum(count for _, count in two) < _LEAST_OF_TWO * len(lines):
        return 0, 0
    names = [name for name, _ in two]
    turns = [(speaker, found) for speaker, found in lines if speaker in names]
    changes = sum(one[0] != other[0] for one, other in pairwise(turns))
    serving = Counter(speaker for speaker, found in turns if _SERVES.match(text, found.end()))
    if changes < _LEAST_OF_OTHERS or all(serving[name] < _LEAST_SERVING * count for name, count in two):
        return 0, 0
    return changes, turns[0][1].start()
