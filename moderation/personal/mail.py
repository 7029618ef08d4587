"""Mail addresses: plain, disguised, and with letters that are not ASCII on either side of the `@` (RFC 6531, RFC 5890).

Scripts that part words with blanks are read as ASCII is. Chinese has no blanks: a name before the `@` is one only where
it begins like a person's name after a border, or after words that announce an address. Otherwise a stream would have
to hold the end of every sentence. What follows a Chinese ending needs a border neither, so the endings are a list.
Addresses that are said (`at`, 艾特, 点) or written with the wrong dot are in `said_mail`.
"""

from __future__ import annotations

import re

from moderation.personal.people import DOUBLE, SURNAMES
from moderation.personal.rules import AT_SIGN, WEAK, Rule, always

# Letters of scripts that part words with blanks: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic, those of India.
_WIDE = r"\u00c0-\u0556\u05d0-\u05ea\u0620-\u0669\u066e-\u06d3\u0900-\u0d7f\u1e00-\u1fff"
_HAN = r"\u3400-\u9fff"
_ENDINGS = (
    "(?:中国|中國|公司|网络|網絡|香港|台湾|台灣|新加坡|澳门|澳門|网址|商城|商标|集团|在线|中文网|我爱你|政务|公益|移动|手机|信息|网站|企业"
    "|娱乐|游戏|购物|健康|时尚|慈善|广东|佛山|商店|世界|政府|机构|组织机构|网店|食品|餐厅|新闻|招聘|한국|닷컴|닷넷|みんな|コム)"
)
_FILE_ENDINGS = frozenset({"png", "jpg", "jpeg", "gif", "webp", "svg", "css", "js", "ts", "py", "json", "html", "php"})
_RESERVED_NAMES = re.compile(r"(?:.+\.)?(?:example(?:\.(?:com|org|net))?|test|invalid|localhost)", re.IGNORECASE)

_ASCII_END = r"(?![A-Za-z0-9_@]|-[A-Za-z0-9])"


def _domain(letters: str) -> str:
    label = rf"[A-Za-z0-9{letters}](?:[A-Za-z0-9{letters}-]{{0,61}}[A-Za-z0-9{letters}])?"
    return rf"(?:{label}\.){{1,8}}"


_ANY_END = rf"(?:[A-Za-z]{{2,24}}{_ASCII_END}|{_ENDINGS}|[{_WIDE}]{{2,24}}(?![A-Za-z0-9{_WIDE}]))"
_LOCAL = rf"[A-Za-z0-9_%+{_WIDE}](?:[A-Za-z0-9_%+'.{_WIDE}-]{{0,62}}[A-Za-z0-9_%+{_WIDE}-])?"
ANNOUNCED = r"邮箱|郵箱|电邮|邮件|信箱|(?i:e-?mail)"
_TITLE = "(?:联系人|收件人|发件人|寄件人)"  # all of one length, for a lookbehind
_LEAD = r"[给到发找由和是为致向跟叫系往]"


# Surely an address, and often one that is meant to be given out: below what a check digit or a key scores.
ADDRESS = 0.75
# Addresses of a place and not of a person.
_OFFICES = re.compile(
    r"abuse|admin|billing|careers?|contact|customerservice|enquir(?:y|ies)|feedback|hello|help(?:desk)?|hr|info|inquir(?:y|ies)|jobs|kefu"
    r"|legal|mail|marketing|media|no-?reply|office|orders?|postmaster|press|privacy|sales|security|services?|shop|support|team|webmaster",
    re.IGNORECASE,
)


def rating(match: re.Match[str], local: str, host: str) -> float | None:
    """Score of an address that is written out, None if it is a file, a package or a place for code."""
    ending = host.rpartition(".")[2].lower()
    if ending in _FILE_ENDINGS or local == "git":
        return None
    scoped = _SCOPE.search(match.string, max(0, match.start("v") - 64), match.start("v"))
    if scoped and ending not in SAID_ENDINGS.split("|"):
        return None
    return WEAK if _RESERVED_NAMES.fullmatch(host) or _OFFICES.fullmatch(local) else ADDRESS


def _email(match: re.Match[str]) -> float | None:
    return rating(match, match["local"], match["domain"])


_SCOPE = re.compile(r"@[0-9A-Za-z_.~-]{1,60}/\Z")  # of a package: @scope/name@version
# Where "at" is said in place of the sign, only these may end the address: "at the dot com boom" has no such thing.
SAID_ENDINGS = (
    "com|net|org|edu|gov|mil|info|biz|int|io|ai|app|dev|co|me|tv|cc|xyz|top|vip|site|online|shop|store|club|tech|cloud|name|pro|email"
    "|cn|hk|tw|mo|jp|kr|sg|my|th|vn|ph|id|in|pk|au|nz|us|ca|mx|br|ar|cl|uk|ie|fr|de|at|ch|it|es|pt|nl|be|lu|dk|se|no|fi|pl|cz|sk|hu|ro|bg"
    "|gr|tr|ua|ru|il|ae|sa|za|ng|ke|eg|eu"
)
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# One letter at a time, with blanks between.
_SPELLED_LOCAL = r"[A-Za-z0-9](?: {1,2}[A-Za-z0-9_%+.-](?![A-Za-z0-9])){1,40}"
_SPELLED_DOMAIN = r"[A-Za-z0-9](?: {1,2}[A-Za-z0-9.-](?![A-Za-z0-9])){3,40}"
PLAIN_DOMAIN = rf"{LABEL}(?:\.{LABEL}){{0,3}}\.[A-Za-z]{{2,24}}"


def _spelled(match: re.Match[str]) -> float | None:
    """Without the blanks it is an address."""
    domain = match["domain"].replace(" ", "")
    is_one = re.fullmatch(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}", domain) is not None
    return ADDRESS if is_one else None


RULES = (
    Rule(
        "email",
        rf"(?<![A-Za-z0-9_%+.'@{_WIDE}-])(?P<v>(?P<local>{_LOCAL})(?P<at>@)"
        rf"(?P<domain>{_domain(_WIDE + _HAN)}{_ANY_END}))",
        AT_SIGN,
        _email,
        reach=620,
        token=True,
    ),
    Rule(
        "email",
        rf"(?:(?<![0-9A-Za-z_{_HAN}])|(?<={_LEAD})|(?<={_TITLE}))(?P<v>(?:{DOUBLE}|[{SURNAMES}])[{_HAN}]{{1,2}}@"
        rf"{_domain(_HAN)}{_ANY_END})",
        AT_SIGN,
        always(ADDRESS),
        reach=620,
        token=True,
    ),
    Rule(
        "email",
        rf"(?:{ANNOUNCED})(?:地址)?(?:[是为:] ?| )(?P<v>(?![后格结姓用你您我])[0-9A-Za-z_.{_HAN}-]{{0,20}}[{_HAN}]@"
        rf"{_domain(_HAN)}{_ANY_END})",
        AT_SIGN,
        always(ADDRESS),
        reach=640,
    ),
    Rule(
        "email",
        rf"(?<![A-Za-z0-9_%+.'@-])(?P<v>{_SPELLED_LOCAL} {{0,2}}@ {{0,2}}(?P<domain>{_SPELLED_DOMAIN}|{PLAIN_DOMAIN}))"
        r"(?![A-Za-z0-9_@])",
        AT_SIGN,
        _spelled,
        reach=420,
    ),
)
