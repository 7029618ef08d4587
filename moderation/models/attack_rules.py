"""What a rule of `attack-forms.v1` is, and where its words stand as an order.

`attack_patterns` only says what is said; whether it is said as an order shows in the few words on either side. This
knows nothing of the rest of a text: an attack may dress as a quotation, and is then for the classifier of meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FLAGS = re.IGNORECASE
_SEEN_BEFORE, _SEEN_AFTER = 60, 48  # characters looked at on either side of an order


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern, and pieces of words in lower case: one of each group stands in every text that it matches.

    They are looked for first, since a plain search takes a hundredth of the time.
    """

    first: frozenset[str]
    others: tuple[tuple[str, ...], ...]
    pattern: re.Pattern[str]

    def may_match(self, lowered: str, present: frozenset[str]) -> bool:
        """`present` are the words of any rule's first group that stand in `lowered`."""
        return not self.first.isdisjoint(present) and all(
            any(word in lowered for word in group) for group in self.others
        )


def rule(needs: str, *patterns: str) -> Rule:
    """`needs` has `|` between groups, the rarest first, and `,` between the words of one."""
    first, *others = (tuple(group.split(",")) for group in needs.split("|"))
    return Rule(frozenset(first), tuple(others), re.compile("|".join(patterns), re.IGNORECASE))


# What may stand before an order: the start of a sentence, a sign, or words that make one of it.
LEAD = re.compile(
    r"(?:^|[^\w\s'’]|(?<!\w)['’]|[\n_]|\b(?:please|pls|kindly|now|just|simply|so|and|then|but|first|also|instead|immediately|completely|always|you|to\syou|you\sto|is\sto|are\sto"
    r"|you\s(?:must|should|will|shall|have\sto|need\sto|can\snow|are\sto)(?:\snow)?|bitte|jetzt|und|nun|maintenant|et|veuillez|ahora|y|favor|пожалуйста|и))[\s_]{0,3}$",
    _FLAGS,
)
LEAD_ZH = re.compile(
    r"(?:^|[^\w\s]|\s|请|请你|麻烦你|现在|必须|务必|立即|立刻|马上|需要你|要你|让你|要求你|命令你|你要|你应该|你可以|你得|从现在开始|从现在起|从此刻起|接下来|并|然后|直接|先|完全|彻底|可以|是)$"
)
NOT_LEAD = re.compile(
    r"(?:\b(?:not|never|don['’]t|no|ne|nicht|не)\s|n['’]|(?<!\w)(?:can|may|might|people|they|we|how\sto)\s|别|不要|不能|不会|不可|没有)\s?$",
    _FLAGS,
)
# How ordinary talk goes on: instructions of something, conditions, excuses.
ORDINARY_AFTER = re.compile(
    r"[\s,;(–-]{0,3}(?:(?:in|on|about|for|regarding|concerning|of|at|from|under|by|i|i'm|i’m|we|they|those|that|it)\b(?!\s(?:this|the|our|your|all|any|every|am|want|need|now|will|must)?\s?"
    r"(?:chat|conversation|prompt|session|context|task|answer|reply|response|message|request|question|rest|remainder|system|developers?|user|model|next|moment|following|assistant|ai|openai|safety|content|now|here|point|you|want|need)\b)"
    r"|below|if|unless|because|sorry|my\smistake|wrong|(?:auf|im|der|des|del|du|dans\sle|en\sel|de\sla)\s(?!syst|sistema|chat|conversation|konversation)\w{1,12}|en\sla\sp[áa]gina|sur\sla)\b"
    r"|[\s，,。；、]{0,3}(?:我(?:发错|复制错|写错|弄错|搞错|看错)|发错|抱歉|不好意思|因为|如果)",
    _FLAGS,
)
QUOTE = "\"“”'‘「『`《"
SPOKEN_OF = re.compile(
    r"\b(?:phrases?|sentences?|strings?|words|examples?|e\.g|such as|means?|called|known as|injections?|attacks?"
    r"|jailbreaks?|wrote)\b|什么意思|这句|例如|比如|诸如|攻击|注入",
    _FLAGS,
)


def is_order(text: str, start: int, end: int) -> bool:
    """Whether somebody is told to do it: not a tale, a warning, a quoted example or an excuse."""
    before, after = text[max(0, start - _SEEN_BEFORE) : start], text[end : end + _SEEN_AFTER]
    leads = LEAD if text[start] < "\u2e80" else LEAD_ZH
    if leads.search(before) is None or NOT_LEAD.search(before) is not None:
        return False
    if before.rstrip().endswith(tuple(QUOTE)) and (SPOKEN_OF.search(before) or SPOKEN_OF.search(after)):
        return False
    return ORDINARY_AFTER.match(after) is None
