"""What a rule of `attack-forms.v1` is, and where its words stand as an order.

`attack_patterns` and `attack_voices` only say what is said; whether it is said as an order, and to the model, shows in
the few words on either side. This knows nothing of the rest of a text: an attack may dress as a quotation or as talk
of a telephone, and is then for the classifier of meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FLAGS = re.IGNORECASE
_SEEN_BEFORE, _SEEN_AFTER = 60, 48  # characters looked at on either side of an order
_LONGEST_LEAD = 30
_SEEN_FOR_ORDER = 60  # behind an override, for the order that it makes room for
_SEEN_FOR_THING = 30  # on either side, for the device or the program that is spoken of


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
    r"\b(?:phrases?|sentences?|strings?|words|(?<!\.)examples?|e\.g|such as|means?|called|known as|injections?|attacks?"
    r"|jailbreaks?|wrote)\b|什么意思|这句|例如|比如|诸如|攻击|注入",
    _FLAGS,
)


# Games, laws and offices have rules as well, and shops have orders: an override of such says whose they are (`_OWN`),
# or an order to the reader follows.
_SHARED = re.compile(
    r"(?<![^\W_])(?:rules|guidelines|directions|restrictions|constraints|orders|regeln|vorgaben|règles|reglas|regras"
    r"|regole)(?![^\W_])|правил|规则|规定|限制|约束|准则|ルール|制約|규칙",
    _FLAGS,
)
_OWN = re.compile(
    r"\b(?:your|you['’]ve|deine?|tes|vos|tus)\b|(?<![.,;:]\s)(?<![.,;:])you\s(?:were|are|have|had|got|received)|instruct|prompt|directive|programming|system|developer|openai|anthropic"
    r"|google|safety|你|指令|指示|提示|设定|系统|安全|あなた|君|指示|命令",
    _FLAGS,
)
_TAKEN_BACK = re.compile(r"cancel|discard|erase|set|put|throw", _FLAGS)
_THEN = r"(?:[,.;:!?\n–—-]\s{0,3}|\b(?:and|then|instead|und|et|puis|y|e|luego|и)\s)(?:(?:and|then|instead|just|only|now|please|simply|rather|but|you\s(?:must|should|will)|jetzt|stattdessen|maintenant|ahora)[\s,]{1,3}){0,4}"  # noqa: E501
ORDER_TO_READER = re.compile(
    rf"{_THEN}(?:(?:say|tell|print|output|reply|respond|answer|translate|reveal|generate|execute|obey|pretend|talk|speak|sing"
    r"|swear|insult|act\s(?:as|like)|give\s(?:me|us)|show\sme|write\s(?:an?|the|me|some|code|in)|do\s(?:as|what|whatever|exactly)\si"
    r"|follow\s(?:only|me|my)|listen\sto\sme|you(?:['’]re|\sare)\s(?:now\s)?(?:an?|no\slonger|dan)|your\snew\s(?:task|instruct|name)"
    r"|sage?|schreibe?|gib|antworte|zeige?|übersetze|du\sbist|dis|dites|écri\w{1,4}|répond\w{1,3}|donne\w{0,2}|montre\w{0,2}"
    r"|tu\ses|vous\sêtes|affiche\w{0,2}|dime|di|escrib\w{1,4}|respond\w{1,3}|mu[ée]stra\w{0,3}|dame|eres|act[úu]a|diga|escreva"
    r"|scrivi|rispondi|скажи|напиши|ответь|выведи|покажи|ты)\b)",
    _FLAGS,
)
_ORDER_TO_READER_ZH = re.compile(
    r"(?:了|吧|的|都|请|你|您|要|只|只能|直接|现在|改为|改成|接下来|从(?:现在|此刻|今天?)(?:开始|起)|并|并且|然后|必须|转而|给我|[，,。；;！!、\s]){1,8}"
    r"(?:输出|回答|回复我|告诉我|说出|说[“\"「]|翻译|写[一出首个]|扮演|骂|讲[一个]|是一[个名只位]|打印|听我|按我|照我|服从|用[^。\n]{1,6}(?:回答|说)"
    r"|泄露|透露|假装)|[^。\n]{0,8}[、。！\s]{1,2}[^。\n]{0,12}(?:教え|答え|書い|言っ|出力|演じ|表示し|あなたは|私に従|私の)"
    r"|[^.\n]{0,12}(?:말해|써\s?줘|답해|대답|출력|너는|당신은)"
)
# A shop is told to send, to give back and to tell; a model is told to obey.
ORDER_TO_MODEL = re.compile(
    r"\b(?:obey|listen\s(?:only\s)?to\sme|follow\s(?:only|me|my\b|what)|act\sas|pretend|reveal|system\sprompt"
    r"|ignore\s(?:all|every|your)|you(?:['’]re|\sare)\snow\san?|from\snow\son\syou|you\snow\sserve"
    r"|(?:answer|respond|reply|speak|talk)\s(?:only|every|all|any|in\scapital|like|as|without))\b",
    _FLAGS,
)


def is_order_to_model(text: str, start: int, end: int) -> bool:
    """Whether it is an order (`is_order`) and for a model: of its own instructions, or with a new order behind it."""
    return is_order(text, start, end) and _is_for_model(text, start, end)


def _is_for_model(text: str, start: int, end: int) -> bool:
    said = text[start:end]
    shared = list(_SHARED.finditer(said))
    if not shared:
        return True
    purchases = shared[-1].group().lower() == "orders"
    if _OWN.search(said) and not (purchases and _TAKEN_BACK.match(said)):
        return True
    named, last = start + shared[-1].end(), end + _SEEN_FOR_ORDER
    if purchases:
        return ORDER_TO_MODEL.search(text, named, last) is not None
    return ORDER_TO_READER.search(text, named, last) is not None or any(
        _ORDER_TO_READER_ZH.match(text, place, last) for place in (named, end)
    )


# What is decoded and executed by a machine, and what has a mode for its developers.
_PROGRAM = re.compile(
    r"程序|文件|压缩包|脚本|代码|函数|安装|报错|木马|恶意|样本|病毒|载荷|服务器|浏览器|客户端|处理器|播放器|视频|图片"
    r"|cpu|sql|\.exe|\.sh|数据库|反馈",
    _FLAGS,
)
_DEVICE = re.compile(
    r"手机|设置|小程序|浏览器|usb|调试|安卓|微信|扩展|电视|手表|手环|平板|电脑|小米|华为|oppo|vivo|鸿蒙|windows|chrome|steam"
    r"|xcode|iphone|ipad|ios|苹果|版本号|选项|菜单|应用|app\b|安装|数据线|游戏|通关|流量|电池|耗电|省电|套餐",
    _FLAGS,
)
_BARE_RUN = re.compile(r"执行(?:其|它|这些|该|解码|解密|所得|得到|内容)?[^。，\n]{0,8}$")
_INSTRUCTIONS = re.compile(r"指令|命令|要求|任务|指示|说的|(?:按|依)[^。，\n]{0,8}(?:执行|操作)$")


def runs_no_program(text: str, start: int, end: int) -> bool:
    """Whether a reader is to do what was decoded: a program that decodes and executes is an everyday thing."""
    said = text[start:end]
    if _BARE_RUN.search(said) is None or _INSTRUCTIONS.search(said) is not None:
        return True
    return _PROGRAM.search(text[max(0, start - _SEEN_FOR_THING) : end + _SEEN_FOR_THING]) is None


def is_no_device(text: str, start: int, end: int) -> bool:
    """Whether a mode is the model's: telephones and browsers have one for developers."""
    if "模式" not in text[start:end]:
        return True
    return _DEVICE.search(text[max(0, start - _SEEN_FOR_THING) : end + _SEEN_FOR_THING]) is None


def is_order(text: str, start: int, end: int) -> bool:
    """Whether somebody is told to do it: not a tale, a warning, a quoted example or an excuse."""
    before, after = text[max(0, start - _SEEN_BEFORE) : start], text[end : end + _SEEN_AFTER]
    leads = LEAD if text[start] < "\u2e80" else LEAD_ZH
    if leads.search(before[-_LONGEST_LEAD:]) is None or NOT_LEAD.search(before[-_LONGEST_LEAD:]) is not None:
        return False
    if before.rstrip().endswith(tuple(QUOTE)) and (SPOKEN_OF.search(before) or SPOKEN_OF.search(after)):
        return False
    return ORDINARY_AFTER.match(after) is None


# A prompt is a model's; people and shops have instructions, rules and messages of their own, and tell them to others.
_PROMPT_OF_MODEL = re.compile(
    r"\b(?:system|developer|hidden|verbatim|word[\s-]for[\s-]word|letter[\s-]by[\s-]letter)\b|[^\x00-\u024f]", _FLAGS
)
_OF_ANYBODY = re.compile(r"\b(?:messages?|rules|guidelines|configuration)$", _FLAGS)
_WORD_FOR_WORD = re.compile(
    r"[^.!?\n]{0,20}\b(?:verbatim|word[\s-]for[\s-]word|letter[\s-]by[\s-]letter|exactly\sas|in\sa\scode)\b", _FLAGS
)
_HANDED_ON = re.compile(r"(?:share|send|provide|post|paste|write)\b", _FLAGS)
_FOR_OTHERS = re.compile(
    r"\W{1,2}(?:for|to|by|on|about|with|from|of|at|when|while|before|after|if|in)\b(?!\s(?:me\b|us\b|(?:an?\s|the\s|this\s|our\s|your\s)?"
    r"(?:\w{1,12}\s)?(?:chat|conversation|session|prompt|context|task|answer|reply|response|output|message|code|full|order|detail"
    r"|developers?|system|openai|anthropic|google|creators?|base64|json|quotes|english|start|beginning|top)\b))",
    _FLAGS,
)

# Shells, forms and programs have prompts and messages too.
_OF_A_PROGRAM = re.compile(
    r"[^.!?\n]{0,30}\b(?:bash|zsh|shell|terminal|console|command\sline|cmd|powershell|windows|linux|macos|ms-?dos|python|forms?|field|keyboard|cursor"
    r"|printer|router|recipe|the\suser\s(?:types?|enters?|presses))\b",
    _FLAGS,
)


def asks_for_prompt(text: str, start: int, end: int) -> bool:
    """Whether it is the model's own prompt: not instructions that somebody hands on, nor a message of anybody's."""
    said, after = text[start:end], text[end : end + _SEEN_AFTER]
    if "your" not in said.lower() and _OF_A_PROGRAM.match(after) is not None:
        return False
    if _PROMPT_OF_MODEL.search(said) is not None:
        return True
    if _WORD_FOR_WORD.match(after) is not None:
        return True
    return not (_OF_ANYBODY.search(said) or _HANDED_ON.match(said) or _FOR_OTHERS.match(after))
