"""Mail addresses as people hand them over: `zhang.wei at qq.com`, `john@gmail . com`, 邮箱 zhang 艾特 qq 点 com.

A sign may be said (at, 艾特, dot, 点, underscore, 下划线), in brackets, with blanks around it, or the wrong one of the
keyboard (`qq。com`, `qq,com`). What is found is all that was written for the address. "at" before a real dot is mostly
said of a site, so there something else must say that it is an address: words before it, or a mail provider and a name
at a beginning. What it does not know: a person's name in several words before "at", and blanks within a name.
"""

from __future__ import annotations

import re

from moderation.personal.mail import ANNOUNCED, LABEL, PLAIN_DOMAIN, SAID_ENDINGS, rating
from moderation.personal.rules import AT_SIGN, FORM, WEAK, Near, Rule, named, words

# ---- what is said for a sign

_ARTICLES = "a an the this that no my your of em en".split()  # "in the dot foo@…"  # noqa: SIM905
_NO_ARTICLE = "".join(rf"(?<!\b[{word[0].upper()}{word[0]}]{word[1:]} )" for word in _ARTICLES)
_JOIN = (
    rf"(?: (?=[dDuUhp]){_NO_ARTICLE}(?:dot|DOT|[Uu]nderscore|UNDERSCORE|dash|hyphen) "
    r"| ?(?:下划线|下横线|中横线|横杠) ?| ?(?<![0-9])(?<![0-9] )点 ?)"
)
# Possessive: what is said for a sign is looked for at the end of a name only.
_NAME = r"(?:[A-Za-z0-9_+]|%(?!40))(?:['.]?(?:[A-Za-z0-9_+-]|%(?!40))){0,40}+"
_MORE = r"[A-Za-z0-9_-]{1,30}+"
_LOCAL = rf"(?P<local>{_NAME}(?:{_JOIN}{_MORE}){{0,4}})"
_SAID_LOCAL = rf"(?P<local>{_NAME}(?:(?:{_JOIN}| plus ){_MORE}){{0,4}})"
_AT = r"(?P<at> ?[\[({<] ?(?:at|AT|艾特|圈a|@) ?[\])}>] ?| {0,2}(?:艾特|圈[aA]|小老鼠) {0,2}|#@#|%40| ?@ ?)"
_SAID_AT = "(?P<at> (?:at|AT|At) )"
_DOT = r"(?: ?[\[({<] ?(?:dot|点|\.) ?[\])}>] ?| (?:dot|DOT|Dot) )"
_DASHED = rf"{LABEL}(?: (?:dash|hyphen) {LABEL})?"
_SURE_ENDINGS = "com|net|org|edu|gov|cn|hk|tw|jp|kr|uk|de|fr|ru|io|co|top|xyz|vip|info|cc"
_SURE = f"(?:{_SURE_ENDINGS}|{_SURE_ENDINGS.upper()}|Com|Net|Org|Cn)"
_POINTED = (
    rf"{LABEL}(?: ?点 ?{LABEL}){{0,2}} ?点 ?(?:{_SURE_ENDINGS}|me)"  # 点 alone: after a dot it begins something else
)
_APART = rf"{LABEL}(?: ?\. ?{LABEL}){{0,2}} ?\. ?{_SURE}"
_STOPPED = rf"{LABEL}(?:[。｡]{LABEL}){{0,2}} ?[。｡] ?{_SURE}"
_COMMA = rf"{LABEL}(?:[,，]{LABEL}){{0,1}}[,，](?:com|net|org|edu|cn)"
_BORDER = r"(?<![A-Za-z0-9_%+.'@-])"
_END = r"(?![A-Za-z0-9_@])"
_END_OF_HOST = r"(?![A-Za-z0-9_@/-]|\.[A-Za-z0-9])"

_SIGNS = re.compile(r"[ \[\](){}<>]+")
_SAID_DOT = re.compile(r"点|。|｡|,|，|(?<=[ \[({<])(?:dot|DOT|Dot)(?=[ \])}>])")
_SAID_JOINS = (
    (re.compile(r" (?:dot|DOT) | ?点 ?"), "."),
    (re.compile(r" (?i:underscore) | ?(?:下划线|下横线) ?"), "_"),
    (re.compile(r" (?:dash|hyphen) | ?(?:中横线|横杠) ?"), "-"),
    (re.compile(" plus "), "+"),
)


def _host(match: re.Match[str]) -> str:
    said = _SAID_JOINS[2][0].sub("-", match["domain"])
    return _SIGNS.sub("", _SAID_DOT.sub(".", said)).lower()


def _local(match: re.Match[str]) -> str:
    local: str = match["local"]
    for said, sign in _SAID_JOINS:
        local = said.sub(sign, local)
    return local


def _signed(match: re.Match[str]) -> float | None:
    """With an `@` of some kind: only what is said in place of a dot may be something else."""
    domain, sign, host = match["domain"], match["at"].strip(), _host(match)
    if host.startswith("www.") and domain.lower() != host:
        return None  # "our site (at) www dot firm dot com"
    if re.search("[,，]", domain) and match["at"] != "@":
        return None  # "me @ home,net"
    if re.search(r"\. ?[A-Z][a-z]+\Z", domain) and " " in domain and host not in _PROVIDERS:
        return None  # "john@work. Net income rises"
    score = rating(match, _local(match), host)
    is_plain = sign in ("@", "%40") and re.fullmatch(rf"{PLAIN_DOMAIN}|{LABEL}(?:{_DOT}{LABEL})+", domain)
    return score if score is None or is_plain else min(score, FORM)


# ---- "at" that is said

_THINGS = frozenset("a an the this that my your his her its our their any every some".split())  # noqa: SIM905
# Before "at" these are ordinary words, unless a word announces an address.
_ORDINARY = re.compile(
    r"(?:look|work|laugh|shout|yell|star|point|stay|arriv|shop|aim|mee?t|bought|buy|stud[yi]|liv|start|end|sleep|sat|sit|stop|wait|stand|stood)"
    r"(?:e|s|es|ed|ies|ing|ting|ping)?|am|are|is|was|were|be|been|being|me|him|her|it|us|them|you|one|all|day|good|bad|here|there|only|not|and|or"
    r"|(?:account|address|client|engineer|file|forum|game|image|inbox|item|link|mailbox|message|order|page|people|photo|post|price|product"
    r"|project|provider|sale|server|service|site|stuff|team|ticket|user|version|video|website)s?"
    r"|(?:check|contact|download|email|find|found|go|get|got|join|log|login|mail|read|register|see|seen|sell|send|sent|sign|sold|visit|watch)"
    r"(?:s|ed|ing)?|anyone|everyone|someone|available|based|blog|bug|code|data|demo|details?|docs?|everything|free|hosted|info|information|jobs?|live|made|man|money"
    r"|more|music|news|nothing|now|online|open|out|software|something|source|sports?|store|today|up|used|via|weather|web|what|woman",
    re.IGNORECASE,
)
_MAIL_WORDS = words(rf"{ANNOUNCED}|\bmail|\bcontact|\breach|\bwrite to")
_FILLER = r"(?: ?(?:地址|账号|address|id|me|us|him|her|them|on|via|by|to)){0,3}"
# `reach me: x at y.com`, `my email is x at y.com`, 我的邮箱 x at y.com; but "email templates at y.com" is none.
_TOLD = words(
    rf"(?:(?:{ANNOUNCED}|\bmail|\bcontact|\breach){_FILLER} ?(?:[:=是为(<]|\bis\b)"
    r"|(?:邮箱|郵箱|电邮|信箱)(?:地址|账号)?|\b(?:from|cc|bcc|to) ?:) ?\Z"
)
_ASKED = words(r"(?:\be?-?mail|\bcontact|\breach|\bwrite to|\bto|\bask)(?: me| us)? \Z")
_BEGINNING = re.compile(r"(?:\A|[\n:(<\"'\u3000-\u303f\u3400-\u9fff，！？；]) ?\Z")
_LIKE_A_NAME = re.compile(r"[a-z]{2,20}[._][a-z]{2,20}[0-9]{0,4}")  # john.smith, not README.md
_NO_NAMES = re.compile(
    r"(?:.+[._])?(?:md|txt|pdf|docx?|xlsx?|csv|zip|toml|ya?ml|ini|cfg|sh|exe|log|lock|rs|go|rb|java|cpp|net|com|org|io|js|ts|py|json"
    r"|html?|php|css|png|jpe?g|gif|svg|mp[34]|ai|co|cn|uk|de|app|dev|nn|path)",
    re.IGNORECASE,
)
_PROVIDER_NAMES = (
    "qq.com vip.qq.com foxmail.com 163.com vip.163.com 126.com yeah.net 188.com 139.com 189.cn wo.cn sina.com "
    "sina.cn vip.sina.com sohu.com aliyun.com tom.com 21cn.com gmail.com googlemail.com outlook.com hotmail.com "
    "hotmail.co.uk live.com live.cn live.co.uk msn.com icloud.com me.com mac.com yahoo.com yahoo.co.uk yahoo.cn "
    "yahoo.com.cn ymail.com aol.com proton.me protonmail.com pm.me gmx.com gmx.de gmx.net web.de t-online.de "
    "mail.com mail.ru yandex.ru yandex.com zoho.com fastmail.com tutanota.com naver.com daum.net btinternet.com "
    "comcast.net"
)
_PROVIDERS = frozenset(_PROVIDER_NAMES.split())


def _said(match: re.Match[str]) -> float | None:
    """What follows "at" may be where somebody works, or looks, and no address."""
    local, host = _local(match), _host(match)
    if host.startswith("www.") or match["domain"].partition(" ")[0].lower() in _THINGS or local.lower() in _THINGS:
        return None
    score = rating(match, local, host)
    if score is None:
        return None
    score = min(score, FORM)
    return _dotted(match, local, host, score) if _REAL_DOT.search(match["domain"]) else _spoken(match, local, score)


_REAL_DOT = re.compile(r"[.。｡](?! ?[\])}>])")


def _spoken(match: re.Match[str], local: str, score: float) -> float:
    """`john at mail dot com`; "look at google dot com" is doubtful."""
    is_word = _ORDINARY.fullmatch(match["local"]) or re.fullmatch("[0-9]{1,4}", local)
    return WEAK if is_word and not named(match, _MAIL_WORDS) else score


def _dotted(match: re.Match[str], local: str, host: str, score: float) -> float | None:
    """`zhang.wei at qq.com`, where most that is "at" a site is no address."""
    if _ORDINARY.fullmatch(local) or (" " in match["domain"] and host not in _PROVIDERS):
        return None
    start = match.start("v")
    before = match.string, max(0, start - 40), start
    if local != match["local"] or _TOLD.search(*before):
        return score
    is_name = _LIKE_A_NAME.fullmatch(local) is not None and not _NO_NAMES.fullmatch(local)
    if host not in _PROVIDERS:
        return score if is_name else None
    has_sign = is_name or re.fullmatch(r"[0-9]{5,12}|(?=[^0-9]*[0-9])[a-z][a-z0-9._-]{4,}", local) is not None
    is_first = local.islower() and (_BEGINNING.search(*before) or _ASKED.search(*before))
    return score if has_sign or is_first else WEAK


def _hashed(match: re.Match[str]) -> float | None:
    return FORM if match["domain"].lower() in _PROVIDERS else None


_SPOKEN = Near(
    needles=(" dot ",),
    patterns=tuple(
        re.compile(rf" {at} [A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9]| ?[点。｡]| ?\. ?{_SURE}\b| ?[\[({{])")
        for at in ("at", "AT", "At")
    ),
    before=300,
    after=420,
    any_case=True,
)

_WRITTEN = rf"{LABEL}(?:(?:\.|{_DOT}){LABEL}){{0,3}}(?:\.|{_DOT})[A-Za-z]{{2,24}}{_END}"
_SPOKEN_HOST = rf"(?:{_POINTED}|{_DASHED}(?:{_DOT}{_DASHED}){{0,2}}{_DOT}(?i:{SAID_ENDINGS})){_END}"

RULES = (
    Rule(
        "email",
        rf"{_BORDER}(?P<v>{_LOCAL}{_AT}(?P<domain>{_WRITTEN}|(?:{_POINTED}|{_APART}|{_STOPPED}|{_COMMA}){_END}))",
        AT_SIGN,
        _signed,
        reach=600,
    ),
    Rule(
        "email",
        rf"{_BORDER}(?P<v>{_SAID_LOCAL}{_SAID_AT}"
        rf"(?P<domain>{_SPOKEN_HOST}|(?:{PLAIN_DOMAIN}|{_APART}|{_STOPPED}){_END_OF_HOST}))",
        _SPOKEN,
        _said,
        reach=720,
    ),
    Rule(
        "email",  # 发我邮箱 wang#163.com, "# for the sign"
        rf"{_BORDER}(?P<v>(?P<local>{_NAME})#(?P<domain>{PLAIN_DOMAIN})){_END_OF_HOST}",
        Near(
            patterns=(re.compile(r"#(?:[0-9]{3}|qq|vip|foxmail|gmail|outlook|hotmail|sina|sohu|yeah|icloud|yahoo)\."),),
            before=90,
        ),
        _hashed,
        reach=400,
        token=True,
    ),
)
