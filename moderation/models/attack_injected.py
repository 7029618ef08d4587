"""Orders to a model hidden in what it only reads, a page or a tool's answer: `attack-forms.v1`, kind `addressed_model`.

A label ("SYSTEM:", "[agent]", 系统：) opens an order in the middle of a text. Logs, tickets, runbooks and transcripts
have such labels and orders too ("Admin: delete the user's data"): there it is doubtful. It is sure with a pretext, and
where an order to a machine to carry off stands amid other words, in marks, or is for what is private.
It does not know who owns an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from moderation.models.attack_rules import QUOTE, SPOKEN_OF

_FLAGS = re.IGNORECASE
_SEEN_BEHIND, _SEEN_BEFORE = 200, 60  # characters on either side of a label
_MOST_DOUBTFUL = 64  # places kept; more say nothing more

_WHO = (
    r"(?:(?:ai|llm)[\s-](?:agents?|assistants?|models?|bots?|system)|system|developer|admin(?:istrator)?|agents?|assistants?|ai|llms?"
    r"|(?:language\s)?models?|(?:chat)?bots?|chatgpt|gpt|claude|gemini|copilot)"
)
_NOTE = r"(?:\s(?:note|notice|message|prompt|override|command|instructions?|directive|update|task|alert))?"
_READER = (
    r"(?:(?:ai|llm)[\s-](?:agents?|assistants?|models?)|agent|assistant|ai|llm|(?:language\s)?model|chatbot"
    r"|chatgpt|gpt)"
)
_ZH_WHO = r"(?:(?:ai|人工智能|智能)(?:助手|助理|模型|代理)?|系统|系統|智能体|助手|助理|大?(?:语言)?模型|机器人|代理)"
_LABEL = re.compile(
    r"(?P<told>\b(?:new|updated|next|urgent|important|hidden|special|additional)\s(?:instructions?|tasks?|orders?|commands?|directives?)\s"
    rf"(?:for|to)\s(?:(?:the|this|any|all|every)\s)?{_READER}\s{{0,2}}[:,\-–—]"
    rf"|给(?:所有|任何)?{_ZH_WHO}的?(?:新的?|最新)?(?:指令|任务|命令|指示)\s?[:：]"
    r"|(?:^|[^\w的们该类用])(?:所有|任何)?(?:ai|人工智能|智能体|大?语言模型|大模型)(?:助手|助理|模型)?在(?:总结|摘要|概括|回答|回复|阅读|处理|生成|翻译)"
    r"[^，。！？\n]{0,8}?[时前]，?(?:还|都|也)?(?:必须|务必|一定要|请务必|请|需要|要)(?!先?保留))"
    rf"|(?:^|[^\w\s]\s{{0,3}}|\n\s{{0,4}}|(?-i:(?<=\s)(?=SYSTEM|ASSISTANT|AGENT|AI)))(?:(?<=[\[(<【{{*_])|\b)(?:{_WHO}{_NOTE}"
    rf"|{_ZH_WHO}(?:消息|提示|指令|通知|命令|备注|说明)?)(?:\s{{0,2}}[\])】>}}*]{{1,3}}\s{{0,2}}[:：,]?|\s{{0,2}}\*{{0,2}}[:：,，\-–—])",
    _FLAGS,
)
_LABEL_WORDS = (
    *("system", "developer", "admin", "agent", "assistant", "ai", "llm", "model", "bot", "gpt", "claude", "gemini"),
    *("copilot", "人工智能", "智能", "系统", "系統", "助手", "助理", "模型", "机器人", "代理"),
)

# Where an order begins: nobody speaks of himself, tells how it is done, or forbids it there.
_LEAD = (
    r"(?:^[\s\"'“*]{0,4}|[.,;:!\n\"'“(]\s{0,3}"
    r"|\b(?:(?<!not\s)(?:and|then|please|kindly|now|also|immediately|just|simply|secretly|silently)|you\s(?:must|should|shall|will|have\sto|need\sto)(?:\snow)?)\s)"
)
_TALK = re.compile(
    r"\s{0,3}(?:to|if|you\scan|you\smay|sure|yes|no|of\scourse|hi|hello|hey|thanks?|thank\syou|i|i['’](?:m|ll|ve)|we|好的|可以|您好|你好|如果|我)\b",
    _FLAGS,
)
_MINE = r"(?!(?:[\w'’]{1,15}\s){0,3}(?:your|my|our)\b)"
_WORDS_3 = r"(?:[\w'’-]{1,15}\s){0,3}"
_SEND = r"(?:forward|send|e-?mail|post|upload|transfer|copy|share|leak|submit|transmit|exfiltrate|export|deliver)"
_TARGET = r"(?:\S{1,40}@|https?:|ftp[.:]|(?:[\w-]{1,30}\.){1,3}[a-z]{2,10}\b)"
_ALL = r"(?:all|every|each|the\s(?:entire|whole|full|complete))"
_KEPT = (
    r"(?:e-?mails?|inbox|mailbox|messages?|files?|documents?|contacts?"
    r"|conversations?|chats?|history|records?|data|keys?|notes?|photos?)"
)
_THINGS = (
    rf"(?:(?:the\s|all\s)?(?:users?['’]?s?|customers?['’]?s?)\s(?:\w{{1,12}}\s)?(?!manual|guide|group){_KEPT}"
    rf"|{_ALL}\s(?:of\s)?(?:the\s)?(?:\w{{1,12}}\s)?(?:{_KEPT}|users?['’]?s?\s{_KEPT}|passwords?|credentials?)"
    r"|(?:the\s|all\s|any\s)?(?:passwords?|credentials?|api\skeys?|secrets?|chat\s(?:history|logs?)|conversation(?:\shistory)?"
    r"|(?:\w{1,12}\s)?databases?|contact\slist|address\sbook))"
)
_STOLEN = (
    rf"(?:{_SEND}\s{_MINE}{_THINGS}\s(?:[\w'’-]{{1,15}}\s){{0,2}}?(?:to|with)\s{_TARGET}"
    rf"|(?:delete|erase|wipe|destroy|drop|purge)\s{_MINE}(?:(?:all\s)?(?:of\s)?the\susers?['’]?s?\s(?:\w{{1,12}}\s)?(?:{_KEPT}|calendar|account)"
    r"|(?:the\s)?(?:entire|whole|production|customer)\s(?:\w{1,12}\s)?(?:database|disk|drive|server|inbox))"
    r"|rm\s-[rf]{1,2}\s(?:/|~)\s{0,2}(?:$|[;&|.])"
    rf"|(?:transfer|wire|send|pay)\s{_MINE}(?:{_ALL}\s(?:of\s)?(?:the\s)?(?:users?['’]?s?\s)?|the\susers?['’]?s?\s)(?:funds|money|balance|savings|bitcoins?)\b"
    r"|(?:change|reset|set)\sthe\susers?['’]?s?\spasswords?\s(?:to|and)\b)"
)
_SENDING = rf"{_SEND}\s(?!your\b){_WORDS_3}(?:to|with)\s{_TARGET}"
_OPENING = r"(?:open|visit|click|browse\sto|go\sto)\s[^\n]{0,20}?https?:|(?:run|execute)\s(?:the\sfollowing|this)\b"
_DOING = (
    r"(?:(?:delete|erase|wipe|destroy|drop|purge)\s(?:all|every\w{0,5}|the|any)\b"
    r"|(?:download\sand\s)?(?:run|execute)\s[^\n]{0,30}?(?:https?:|\b(?:curl|wget|powershell|rm)\s)"
    r"|(?:transfer|wire|send|pay)\s(?!your\b)[^.\n]{0,20}?(?:[$€£¥]\s?\d|\d\s?(?:usd|eur|dollars|euros|btc))"
    r"|(?:always\s|only\s)?(?:recommend|promote|advertise|praise)\s(?:only\s)?(?:our|this|us)\b"
    r"|(?:grant|give)\s(?:\w{1,12}\s){0,2}(?:admin\w{0,10}|root|full)\s(?:access|rights|permissions?)|disable\s(?:the\s|all\s)?(?:firewall|logging|security|safety|2fa|antivirus)"
    r"|approve\s(?:all|the|this|every)\b)"
)
_HARMFUL = rf"(?:{_SENDING}|{_OPENING}|{_DOING})"
_IN_TIME = (
    r"(?:\bbefore\s(?:you\s)?(?:continu|answer|reply|respond|finish|summari|proceed)\w{0,4}\b"
    r"|\b(?:when|while|after)\s(?:you\s)?(?:summari[sz]|answer|reply|respond|read|process)\w{0,4}\b)"
)
_UNSEEN = (
    r"(?:\bwithout\s(?:asking|telling|informing|notifying|warning)\s(?:the\s)?users?\b|\b(?:do\snot|don['’]t|never)\s(?:tell|inform|notify|warn|alert|ask)\s(?:the\s)?users?\b"
    r"|\b(?:secretly|silently)\s|\byour\s(?:new|real|actual|next)\s(?:task|goal|objective|job)\sis\b)"
)
_PRETEXT = rf"(?:{_IN_TIME}|{_UNSEEN})"
_NOTICE = re.compile(r"(?:system|admin|developer)", _FLAGS)  # who also tells people what to do before they go on
_TO_A_READER = re.compile(
    r"summari|answer|repl|respond|read|the\suser|without|secretly|silently|task|goal|objective|job", _FLAGS
)

_ZH_DONE = r"[^，。！？\n已正不勿别禁您]"
_ZH_KEPT = (
    r"(?:邮件|对话|聊天记录|聊天内容|密码|密钥|凭证|令牌|数据库?|文件|通讯录"
    r"|联系人|记录|隐私|信息|资料|日历|账[户号]|照片)"
)
_ZH_THINGS = (
    rf"(?:(?<![您你])(?:用户|客户)的?[^，。！？\n您]{{0,4}}{_ZH_KEPT}|(?:所有|全部|整个)的?(?:用户|客户)?的?(?:邮件|对话|聊天记录|密码|密钥|数据库?|通讯录|联系人)"
    r"|(?<![您你的])(?:数据库|聊天记录|对话(?:记录|历史)|密码|密钥|凭证|通讯录))"
)
_ZH_TARGET = r"(?:到|给|至|往)\s?(?:https?:|[\w.+-]{1,40}[@.])"
_ZH_LEAD = (
    r"(?:^\W{0,3}|[，。：；！,:\s]|请(?:你|务必|立即|立刻|马上|先)?|必须|务必|立即|立刻|马上|现在|并|然后|先|需要?|要)"
)
_ZH_STOLEN = (
    rf"(?:{_ZH_LEAD}(?:把|将){_ZH_DONE}{{0,4}}?{_ZH_THINGS}{_ZH_DONE}{{0,8}}?(?:发送|转发|发|上传|提交|传输|导出|泄露){_ZH_TARGET}"
    rf"|{_ZH_LEAD}(?:发送|转发|上传|泄露){_ZH_DONE}{{0,4}}?{_ZH_THINGS}{_ZH_DONE}{{0,4}}?{_ZH_TARGET}"
    rf"|{_ZH_LEAD}(?:删除|清空|销毁|格式化)(?:(?:所有|全部)?用户的(?:所有|全部|整个)?的?{_ZH_KEPT}|(?:整个|全部|生产)数据库)"
    rf"|{_ZH_LEAD}(?:把|将)(?:用户的?)?(?:所有|全部|账户里?的?|用户的)(?:的)?(?:资金|余额|存款|钱){_ZH_DONE}{{0,6}}?(?:转|汇|打)(?:账|款)?(?:到|给|入|至))"
)
_ZH_SENDING = r"(?:发送|转发|上传|发)[^。！？\n已]{0,12}(?:到|给|至)\s?(?:https?:|[\w.+-]{1,40}@)"
_ZH_OPENING = r"(?:访问|打开)[^。\n]{0,6}(?:链接|网址|https?:)|(?:运行|执行)[^。！？\n]{0,12}(?:以下|下面)"
_ZH_DOING = (
    r"(?:(?:运行|执行)[^。！？\n]{0,12}(?:curl|wget|powershell|rm\s-|https?:)|(?:删除|清空|格式化)(?:所有|全部|整个|数据库|用户|系统)"
    r"|推荐[^，。\n]{0,8}(?:我们|本店|本站|本公司|该产品|此产品|这款)|五星好评|满分|最高分|(?:插入|加上|附上|加入)[^。\n]{0,6}(?:链接|网址|https?:)"
    r"|转账?[^，。\n已]{0,8}到账[户号])"
)
_ZH_HARMFUL = rf"(?:{_ZH_SENDING}|{_ZH_OPENING}|{_ZH_DOING})"
_ZH_PRETEXT = (
    r"(?:在?(?:继续|回答|回复|总结|完成)(?:用户)?(?:问题)?之?前"
    r"|(?:不要|别|不必|无需|勿)(?:告诉|告知|通知|询问|提醒|让)用户|瞒着用户|暗中|秘密)"
)

_STEALING = re.compile(rf"{_LEAD}{_STOLEN}", _FLAGS)
_HARMING = re.compile(rf"{_LEAD}{_HARMFUL}", _FLAGS)
_EXCUSED = re.compile(_PRETEXT, _FLAGS)
_STEALING_ZH, _HARMING_ZH, _EXCUSED_ZH = (re.compile(one, _FLAGS) for one in (_ZH_STOLEN, _ZH_HARMFUL, _ZH_PRETEXT))
_HIDING = re.compile(rf"{_UNSEEN}|(?:不要|别|不必|无需|勿|瞒)[^，。\n]{{0,4}}用户|暗中|秘密", _FLAGS)
# A task handed to an agent is sure in its first words: sending and opening are what everybody's assistant does.
_FIRST_CLAUSE = re.compile(r"[^.,;:!\n，。；！]*?(?=$|[.,;:!\n，。；！]|\sand\s)")
_DOING_SO = re.compile(rf"{_LEAD}{_DOING}|{_ZH_DOING}", _FLAGS)
_OPENING_IT = re.compile(rf"{_LEAD}(?:{_OPENING})|{_ZH_OPENING}", _FLAGS)

# Who has the label: a machine only, or people as well. Tickets and chats of a shop are full of agents and admins.
_MACHINE = re.compile(
    r"(?<![a-z])(?:ai|llms?|language\smodels?|chatbots?|chatgpt|gpt)(?![a-z])|人工智能|智能|大模型|语言模型", _FLAGS
)
_OFFICE = re.compile(r"admin|developer", _FLAGS)
_PEOPLE = re.compile(r"agent|claude|gemini|copilot|代理|助理", _FLAGS)
_MARKED = re.compile(r"[\[(<【{]|\*\W{0,3}[A-Z]{5}")
_LOUD = re.compile(r"[A-Z]{5}|[<【{]")
_COMMENT = "<!--"
_BULLET = re.compile(r"\b(?:info|warn(?:ing)?|error|debug|notice|fatal|am|pm|utc|t|z)\b|[\W\d_]+", _FLAGS)
_CARRIED_OFF = re.compile(rf"(?:to|with)\s{_TARGET}$|{_ZH_TARGET}$", _FLAGS)
_PRIVATE = re.compile(
    r"(?:passwords?|credentials?|api\skeys?|secrets?|conversations?|chat\s(?:history|logs?)|users?['’]?s?\s(?:\w{1,12}\s)?(?:e-?mails?|inbox|messages?|contacts?|keys?))\b"
    r".*(?:@|https?:)$|(?:密码|密钥|凭证|令牌|对话|聊天|用户的?[^，。]{0,4}(?:邮件|通讯录|联系人)).*(?:@|https?:)$",
    _FLAGS,
)


def injected(text: str, lowered: str) -> Iterator[tuple[int, int, bool]]:
    """Labels with an order behind them, to the order's end, and whether it is sure; time is linear in the text."""
    if not any(word in lowered for word in _LABEL_WORDS):
        return
    labels = list(_LABEL.finditer(text))
    if not labels:
        return
    ends = [label.start() for label in labels[1:]] + [len(text)]
    doubtful = 0
    for label, end in zip(labels, ends, strict=True):
        order = _order(text, label, min(end, label.end() + _SEEN_BEHIND))
        if order is None:
            continue
        until, sure = order
        sure = sure and not _is_quoted(text, label.start())
        doubtful += not sure
        if sure or doubtful <= _MOST_DOUBTFUL:
            yield label.start(), label.end() + until, sure
        if sure:
            return


def _order(text: str, label: re.Match[str], end: int) -> tuple[int, bool] | None:
    """Where the order behind a label ends, and whether it has no ordinary reading; None: no order."""
    behind = text[label.end() : end]
    said = behind.lstrip()
    skipped = len(behind) - len(said)
    said = said.split("\n", 1)[0]
    if not said:
        return None
    stealing = _STEALING.search(said) or (None if said.isascii() else _STEALING_ZH.search(said))
    order = stealing or _HARMING.search(said) or (None if said.isascii() else _HARMING_ZH.search(said))
    if order is None:
        return None
    if stealing is None:
        sure = _is_task(said, label) or _has_pretext(said, text, label)
    else:
        sure = _TALK.match(said) is None and (_is_theft(stealing, text, label) or _has_pretext(said, text, label))
    return skipped + order.end(), sure


def _is_theft(order: re.Match[str], text: str, label: re.Match[str]) -> bool:
    """Whether it is the order of a thief to a machine, and not of people among themselves or in a plan."""
    name = label.group()
    if label["told"] is not None:
        return True
    people = _is_for_people(name)
    if people and _OFFICE.search(name) is not None:
        return False
    marked = _MARKED.search(name) is not None or text.startswith(_COMMENT, max(0, label.start() - 3))
    if people or not (marked or _is_amid_words(text, label)):
        return _PRIVATE.search(order.group()) is not None
    loud = _LOUD.search(name) is not None or _MACHINE.search(name) is not None
    return loud or _CARRIED_OFF.search(order.group()) is not None


def _is_for_people(name: str) -> bool:
    if _MACHINE.search(name) is not None:
        return False
    return _OFFICE.search(name) is not None or (_PEOPLE.search(name) is not None and _LOUD.search(name) is None)


def _is_amid_words(text: str, label: re.Match[str]) -> bool:
    """Whether words of something else stand before it on its line; the time and the level of a log are none."""
    start = text.rfind("\n", max(0, label.start() - _SEEN_BEFORE), label.end() - len(label.group().lstrip()))
    before = text[max(start + 1, label.start() - _SEEN_BEFORE, 0) : label.start()]
    return _BULLET.sub("", before) != ""


def _is_task(said: str, label: re.Match[str]) -> bool:
    """Whether an order that a person may give too is given to an agent by name, before anything else."""
    if label["told"] is None:
        return False
    clause = _FIRST_CLAUSE.match(said)
    first = said if clause is None else said[: clause.end() + 1]
    if _DOING_SO.search(first) is not None:
        return True
    return _MACHINE.search(label.group()) is not None and _OPENING_IT.search(said) is not None


def _has_pretext(said: str, text: str, label: re.Match[str]) -> bool:
    """Whether there is a reason that only a model is given; people, too, are told what comes before what."""
    if _HIDING.search(said) is not None:
        return True
    name = label.group()
    if _is_for_people(name) and not _is_amid_words(text, label):
        return False
    if not said.isascii() and _EXCUSED_ZH.search(said):
        return True
    excuses = [excuse.group() for excuse in _EXCUSED.finditer(said)]
    if _NOTICE.search(name) is None:
        return bool(excuses)
    return any(_TO_A_READER.search(excuse) for excuse in excuses)


def _is_quoted(text: str, start: int) -> bool:
    """Whether it is an example that somebody speaks of."""
    before = text[max(0, start - _SEEN_BEFORE) : start + 1].rstrip()
    return before.endswith(tuple(QUOTE)) and SPOKEN_OF.search(before) is not None
