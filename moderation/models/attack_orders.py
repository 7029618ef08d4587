"""The orders that turn an address to a model into an attack: `attack-forms.v1` asks for one behind each address.

"Dear ChatGPT, translate this" gives an ordinary task. An attack turns a model against its instructions or its reader:
to ignore what it was told, to hide, to leak, to approve, to obey, to be somebody without rules. It does not know of
ordinary tasks that do harm where they stand ("answer in French" in a mail that somebody else wants summarised).
"""

from __future__ import annotations

import re

_FLAGS = re.IGNORECASE
_SEEN_BEHIND, _SEEN_BEHIND_ZH = 160, 80  # characters behind an address

# Ignoring what a model was told.
_TOLD = (
    r"(?:instruct\w{0,5}|prompts?|guidelines|directives?|programming|safeguards?)\b(?!\s(?:on|in|of|at|from|below)\b)"
)
_LIMITS = r"(?:rules|filters?|polic(?:y|ies)|restrictions|limits|limitations|constraints|orders)\b"
_WHOSE = r"(?:your|all|any|every|previous|prior|earlier|system|safety|content|security|ethical|these)"
_UP_TO_3 = r"(?:[\w'’-]{1,15}\s){0,3}"
_IGNORE = (
    rf"(?:(?:ignore|disregard|forget|override|bypass)\s(?:{_UP_TO_3}{_TOLD}|{_UP_TO_3}{_WHOSE}\s{_UP_TO_3}{_LIMITS}"
    r"|the\susers?\b(?!['’]s|\s(?:names?|ids?))|what\syou|everything\b"
    r"|(?:everything|anything|all|the\stext|the)\sabove(?=\s{0,2}(?:[.,;:!?\n]|$|and\b))))"
)

# Telling what is not to be told.
_TELL = r"(?:reveal|leak|expose|disclose|print|output|repeat|show|tell\sme|send|forward|e?mail|post|upload|give\sme)"
_OF_ALL = r"(?:(?:the|all|any|every|your)\s)?(?:\w{1,12}\s)?"
_OWN = (
    rf"(?:your\s(?:\w{{1,12}}\s)?(?:prompt|instructions?|rules|guidelines|configuration|memory)\b"
    rf"|{_OF_ALL}(?:system|hidden|secret|confidential|initial)\s(?:prompt|instructions?|message|rules)\b)"
)
_VALUED = (
    rf"(?:{_OF_ALL}(?:hidden|secret|private)\s(?:keys?|data)\b|{_OF_ALL}(?:passwords?|credentials|secrets|api\skeys?)\b"
    rf"|{_OF_ALL}customer\s(?:records|data)\b"
    r"|the\suser['’]s\s(?:\w{1,12}\s)?(?:passwords?|data|secrets?|e?-?mails?|files|history|conversations?|messages|keys?)\b)"
)
LEAKS = (
    rf"(?:{_TELL}\s{_VALUED}|(?:send|forward|e?mail|post|upload|leak)\s(?:the|this|all|every)\s(?:conversation|chat)\b"
    r"|(?:send|forward|e?mail|post|upload)\s(?:it|this|them|everything|all\b[^.\n]{0,20}?)\s?to\s(?:\S{1,40}@|https?:))"
)

# A part to play, without rules.
LOOSE = r"(?:unrestricted|unfiltered|uncensored|jailbroken|evil|amoral|immoral|unethical|(?-i:DAN)\b)"
_AI = r"(?:ai|(?:language\s)?model|assistant|chatbot|llm)"
FREE = (
    r"(?:(?:without|with\sno|free\s(?:of|from)|(?:that|which|who)\sha(?:s|ve)\sno|not\sbound\sby)\s(?:any\s|all\s)?"
    r"(?:[\w-]{1,12}\s)?(?:rules|restrictions?|limits?|limitations|filters?|morals?|ethics|guidelines)\b(?!\sto\slearn))"
)
AI_WITHOUT_RULES = rf"(?:(?:\w{{1,15}}\s){{0,2}}{_AI}\s(?:(?:model|assistant)\s)?{FREE})"
_PART = (
    r"(?:(?:act\sas|pretend\sto\sbe|become|play|you(?:['’]re|\sare)(?:\snow)?)\s(?:an?\s|the\s)?"
    rf"(?:{LOOSE}|{AI_WITHOUT_RULES})|say\sthat\syou\shave\sno\b"
    r"|you(?:['’]re|\sare)\s(?:now\s)?(?:free\s(?:of|from)\s(?:all|any|your)\s(?:\w{1,12}\s)?(?:rules|restrictions|limits|filters)"
    r"|(?:no\slonger|not)\sbound\sby\s(?:any|your|the)\s(?:\w{1,12}\s)?(?:rules|restrictions|guidelines|instructions)))"
)

# Serving who writes instead of who asks.
_PRAISED = r"(?:best|highest|top|full|perfect|maximum|excellent|outstanding|positive|five|ten|5|10)"
_SERVE = (
    r"(?:obey\b(?!\sthe\s(?:speed|traffic|law|rules|signs))"
    r"|comply\swith\s(?:me\b|my\b|the\suser|every|all\s(?:requests|orders)|any\s(?:request|order|command))"
    r"|follow\s(?:only\s(?:me|my)|me\b|my\s(?:orders|commands|instructions)"
    r"|(?:all|any|every)\s(?:orders?|commands?|requests?)\b(?!\s(?:on|in|from|at)\b))"
    r"|(?:tell|convince|persuade|warn|urge)\s(?:the|all|every|your)\s(?:users?|readers?)\b(?!\s(?:when|if|how|whether|what|about)\b)"
    r"|(?:say|claim|state|write|mention)\sthat\s(?:the|all|our|this)\s(?:users?|customers?|readers?|product|paper|page|site"
    r"|shop|author|candidate|company|service|reviewers?)\b"
    rf"|rate\s[^.\n]{{1,40}}\sas\s(?:an?\s)?{_PRAISED}\b"
    r"|(?:include|add|insert|append)\s[^.\n]{0,30}?\blink\sto\s(?:https?:|[\w-]{1,30}\.\w)"
    r"|(?:respond|reply|answer)\s(?:only\s)?with\s[\"'“‘][^\"'”’\n]{1,40}[\"'”’]\sand\snothing\selse)"
)

# What nobody asks of a person, nor of a model as a task.
OF_MODEL = rf"(?:{_IGNORE}|{_TELL}\s{_OWN}|{_PART}|{_SERVE})"
# A person may be asked to keep a secret, to approve, to delete; a model that reads for somebody else may not.
_OF_MACHINE = (
    rf"(?:{LEAKS}|(?:do\snot|don['’]t|never|must\snot|shall\snot|should\snot)\s(?:mention\b(?!\smy)|highlight\b"
    r"|(?:reveal|disclose)\b(?!\s(?:my|the\s(?:end|ending|answers?|solution|plot|killer|murderer))\b)"
    r"|(?:report|flag)\s(?:this|it|us|any)\b|warn\b|refuse\b|let\sthe\s(?:user|reader)|tell\s(?:the|any|every|your|them))"
    r"|(?:hide|conceal|withhold)\s[^.\n]{1,40}\sfrom\s(?:the|your)\s(?:users?|readers?)"
    r"|approve\b|(?:accept|endorse|reject)\s(?:this|it|the|all|every|our|us)\b"
    rf"|(?:give|rate|rank|score|award|grade|mark)\s[^.\n]{{0,40}}?\b{_PRAISED}\b[^.\n]{{0,12}}"
    r"\b(?:scores?|ratings?|marks?|grades?|stars?|reviews?|points)\b"
    r"|(?:rank|score|mark|treat)\s[^.\n]{1,30}\s(?:as\s(?:safe|approved|excellent|trusted|verified|harmless|system)"
    r"|first|highest)\b|(?:recommend|promote|advertise|praise)\s(?:only\s)?(?:our|this|us|the\sauthor)\b"
    r"|(?:delete|erase|wipe)\s(?:[\w'’-]{1,15}\s){0,3}(?:users?|calendar|files?|databases?|e?-?mails?|accounts?|inbox|logs"
    r"|backups?)\b|execute\s(?:the|this|these|all|any|every|what\w{0,4})\b"
    r"|(?:include|add|insert|append)\s(?:this|the\sfollowing|our|a)\s(?:link|url|address|advert\w{0,8})\b)"
)
_FOR_A_READER = (
    r"(?=[^\n]{0,60}\b(?:in\syour\s(?:summary|answer|reply|response|output|review|next)|the\s(?:user|reader)|users)\b)"
)
_LEAD = (
    r"(?:^[\s\"'“*]{0,4}|[.,;:!?\n\"'“*(]\s{0,3}"
    r"|\b(?:and|then|please|kindly|must|should|shall|will|to|now|also|always|instead|immediately|just|simply|only|but)\s)"
)
_TO_MACHINE = re.compile(rf"{_LEAD}(?:{OF_MODEL}|{_OF_MACHINE})", _FLAGS)
_TO_PERSON = re.compile(rf"{_LEAD}(?:{OF_MODEL}|{_OF_MACHINE}{_FOR_A_READER})", _FLAGS)
_NAME_OF_PEOPLE = re.compile(r"\b(?:claude|gemini|copilot)\b", _FLAGS)

_ZH_NEAR = r"[^，。！？\n]{0,8}"
_ZH_ORDERS = re.compile(
    r"(?:忽略|无视|忘[记掉])(?:掉|了)?(?:你|用户)?的?(?:以上|上文|上面|上述|前面|之前|所有|一切|全部|任何|用户|系统|安全"
    r"|指令|规则|限制)"
    r"|(?:不要|不得|不准|禁止|不许|(?<![分特区个级])别)(?:向[^，。\n]{1,6})?(?:提(?!出|供|前|醒我)|透露|告诉(?!我)|告知|披露|警告"
    rf"|拒绝)|推荐{_ZH_NEAR}(?:我们|本店|本站|本|该|此|这)|(?:给|打|写|输出){_ZH_NEAR}(?:满分|最?高分|五星(?!级|酒店)|好评)"
    r"|批准|(?:接受|录用|通过)(?:本|这|该|此)|声称|服从|听从|遵[循照守](?:我|以下|下面|下列)"
    rf"|(?:加[入上]|添加|插入|附上|包含){_ZH_NEAR}(?:链接|网址|广告)"
    rf"|(?:泄露|透露|公开|输出|打印|说出|告诉我){_ZH_NEAR}(?:密码|提示词|密钥|隐私|用户的|系统指令|隐藏)"
    rf"|(?:转发|发送|发给|发到){_ZH_NEAR}(?:密码|邮件|对话|聊天记录|数据|@)"
    rf"|执行(?:以下|下面|这些|我的){_ZH_NEAR}(?:命令|指令|代码|操作)|删除{_ZH_NEAR}(?:用户|文件|数据|邮件|日志)"
    rf"|(?:没有|不受){_ZH_NEAR}(?:限制|规则|约束|道德)"
)

# A plain search for these takes a hundredth of the time; one stands in every order above that has letters.
_WORDS = (
    *("ignore", "disregard", "forget", "override", "bypass", "reveal", "leak", "expose", "disclose", "print", "output"),
    *("repeat", "show", "tell", "send", "forward", "mail", "post", "upload", "give", "act as", "pretend", "become"),
    *("play", "say", "you are", "you're", "you’re", "obey", "comply", "follow", "convince", "persuade", "warn", "urge"),
    *("claim", "state", "write", "mention", "rate", "include", "add", "insert", "append", "respond", "reply", "answer"),
    *("do not", "don't", "don’t", "never", " not ", "hide", "conceal", "withhold", "approve", "accept", "endorse"),
    *("reject", "rank", "score", "award", "grade", "mark", "treat", "recommend", "promote", "advertise", "praise"),
    *("delete", "erase", "wipe", "execute"),
)


def gives_order(text: str, start: int, end: int) -> bool:
    """Whether an order against a model's instructions or its reader stands behind an address, in the same paragraph."""
    address, behind = text[start:end].lower(), text[end : end + _SEEN_BEHIND].split("\n\n", 1)[0]
    lowered = behind.lower().split(address, 1)[0]  # what stands behind the same address again is looked at from there
    behind = behind[: len(lowered)]
    if not behind.isascii() and _ZH_ORDERS.search(behind, 0, _SEEN_BEHIND_ZH):
        return True
    if not any(word in lowered for word in _WORDS):
        return False
    orders = _TO_PERSON if _NAME_OF_PEOPLE.search(address) else _TO_MACHINE
    return orders.search(behind) is not None


def orders_machine(text: str) -> bool:
    """Whether such an order stands in a text, whoever is addressed."""
    return _TO_MACHINE.search(text) is not None or _ZH_ORDERS.search(text) is not None
