"""Cards, accounts, telephones, addresses of people and machines: what has one form everywhere, or in English."""

from __future__ import annotations

import ipaddress
import re

import phonenumbers
from stdnum import iban, luhn
from stdnum.us import ssn

from moderation.personal.rules import (
    CHECKED,
    CHECKED_AND_NAMED,
    DIGITS,
    DOTS,
    FORM,
    NAMED,
    Near,
    Rule,
    digits_of,
    is_reference,
    named,
    words,
)

_APART = r"(?<![0-9A-Za-z_])"
_END = r"(?![0-9A-Za-z_])"
_CARD_WORDS = words(
    r"卡号|银行卡|信用卡|储蓄卡|借记卡|账号|帐号|账户|收款|转账|打款|汇款|持卡|银联|card|visa|master|amex|account|debit|credit"
)
_PHONE_WORDS = words(r"phone|mobile|cell|\bcall\b|\btel\b|whatsapp|\btext\b|contact|reach|fax|电话|手机|联系|致电|传真")
_SSN_WORDS = words(r"\bssn\b|social security|\bssa\b|社会安全号|社安号")
_PASSPORT_WORDS = words(r"passport|护照")
_IP_WORDS = words(r"\bip\b|ip ?地址|address|host|server|login|服务器|主机|登录")
_VERSION_WORDS = words(
    r"version|\bver\b|\bv\.?$|版本|release|upgrade|升级|section|chapter|章|节|条|driver|firmware|固件"
)
_IMEI_WORDS = words(r"imei|串号|meid")

# Ranges the schemes publish: (first digits, their length, lengths of the number).
_CARD = re.compile(
    r"62[0-9]{14,17}|4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[1-5][0-9]{14}"  # UnionPay, Visa, Mastercard
    r"|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"  # Mastercard's second range
    r"|3[47][0-9]{13}|35(?:2[89]|[3-8][0-9])[0-9]{12}|3(?:0[0-5]|[689][0-9])[0-9]{11}"  # Amex, JCB, Diners
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12}|9558[0-9]{15}"  # Discover, ICBC
)


def _bank_card(match: re.Match[str]) -> float | None:
    digits = digits_of(match["v"])
    if not luhn.is_valid(digits) or len(set(digits)) < 2:
        return None
    known, with_words = _CARD.fullmatch(digits) is not None, named(match, _CARD_WORDS)
    before = match.string[max(0, match.start("v") - 1) : match.start("v")]
    if before == "_" or (before.isascii() and before.isalpha()):  # status_4111…: an identifier, if nothing names it
        return CHECKED if known and with_words and not is_reference(match) else None
    if known and with_words:
        return CHECKED_AND_NAMED
    if not known:  # one number in ten would pass
        return FORM if with_words and len(digits) >= 16 else None
    if match["v"].isdigit():
        return None if is_reference(match) else 0.8
    return CHECKED


def _spread_card(match: re.Match[str]) -> float | None:
    """Digit by digit, or in groups of any size: only with words, and parted by one sign throughout."""
    digits = digits_of(match["v"])
    if len({part for part in re.split("[0-9]+", match["v"]) if part}) != 1 or not _CARD.fullmatch(digits):
        return None
    return CHECKED if luhn.is_valid(digits) and len(set(digits)) > 1 and named(match, _CARD_WORDS) else None


def _iban(match: re.Match[str]) -> float | None:
    return 0.95 if iban.is_valid(match["v"]) else None


def _ssn(match: re.Match[str]) -> float | None:
    if not ssn.is_valid(match["v"]):  # 078-05-1120 and two others that were printed on samples
        return 0.5 if match["s"] and named(match, _SSN_WORDS) else None
    if named(match, _SSN_WORDS):
        return NAMED if match["v"].isdigit() else 0.9
    return None if match["v"].isdigit() or is_reference(match) else 0.5


# Numbers of companies and services; nobody has one at home.
_SERVICES = frozenset(
    {
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.UAN,
        phonenumbers.PhoneNumberType.VOICEMAIL,
    }
)
# China's 400 and 800; no area of America has the codes 400 or 800. The other free ones there are known by their type,
# unless what follows is nobody's number.
_HOTLINE = re.compile(r"(?:\+ ?(?:86|1)[ .()-]{0,2}|1[ .-])?\(?(?:[48]00|888|877|866|855|844|833)(?![0-9]{8})")


def _phone(match: re.Match[str]) -> float | None:
    text = match["v"]
    with_words = named(match, _PHONE_WORDS)
    if not text.startswith("+") and (is_reference(match) or (text.isdigit() and not with_words)):
        return None
    if _HOTLINE.match(text):
        return None
    home = "GB" if text.startswith("0") else "US"
    try:
        number = phonenumbers.parse(text, None if text.startswith("+") else home)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):  # nobody's: 555 and other made-up numbers, and typing errors
        return 0.5 if with_words and home == "US" and phonenumbers.is_possible_number(number) else None
    if phonenumbers.number_type(number) in _SERVICES:
        return None
    return NAMED if with_words else 0.75 if text.startswith("+") else FORM


def _passport(match: re.Match[str]) -> float | None:
    if len(digits_of(match["v"])) < 6:
        return None
    return NAMED if named(match, _PASSPORT_WORDS) else None


def _imei(match: re.Match[str]) -> float | None:
    return NAMED if named(match, _IMEI_WORDS) and luhn.is_valid(digits_of(match["v"])) else None


def _ip4(match: re.Match[str]) -> float | None:
    try:
        address = ipaddress.IPv4Address(match["v"])
    except ValueError:
        return None
    before = match.string[max(0, match.start("v") - 14) : match.start("v")]
    if _VERSION_WORDS.search(before) or re.search(r"[A-Za-z]/$", before):
        return None  # a version, as in Chrome/120.0.0.0
    return _ip_score(address, match, is_doubtful=all(int(part) < 21 for part in match["v"].split(".")))


def _ip6(match: re.Match[str]) -> float | None:
    try:
        address = ipaddress.IPv6Address(match["v"])
    except ValueError:
        return None
    groups = [group for group in match["v"].split(":") if group]
    return _ip_score(address, match, is_doubtful=len(groups) < 3 or not digits_of(match["v"]))


def _ip_score(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, match: re.Match[str], *, is_doubtful: bool
) -> float:
    with_words = named(match, _IP_WORDS)
    if not address.is_global or (is_doubtful and not with_words):
        return 0.3
    return NAMED if with_words else 0.7


def _mac(match: re.Match[str]) -> float | None:
    digits = re.sub(r"[:-]", "", match["v"])
    return None if len(set(digits)) < 3 else FORM


_STREET_SUFFIX = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Parkway"
    r"|Pkwy|Circle|Cir|Highway|Hwy)"
)
_LIVES = words(r"address|\blives?\b|\bliving\b|deliver|\bship|\bhome\b|resid|\bmail|住|地址")


def _street(match: re.Match[str]) -> float | None:
    if match["zip"] or named(match, _LIVES):
        return NAMED
    return 0.5 if match["unit"] else 0.4


_PLACES = (
    "(?:China|Beijing|Shanghai|Tianjin|Chongqing|Guangzhou|Shenzhen|Hangzhou|Nanjing|Chengdu|Wuhan|Xi'?an|Suzhou|Xiamen|Qingdao"
    "|Dalian|Ningbo|Changsha|Zhengzhou|Jinan|Harbin|Shenyang|Kunming|Hefei|Fuzhou|Dongguan|Foshan|Guangdong|Zhejiang|Jiangsu"
    "|Sichuan|Hubei|Hunan|Fujian|Shandong|Hong Kong|Kowloon)"
)
_AREAS = "(?:District|County|Town|City|Province|Village|Subdistrict|New Area)"
_CHINESE_PLACE = re.compile(f"{_AREAS}|{_PLACES}")
_ROOM = re.compile(r"(?:Room|Rm|Unit|Flat|Apt|Apartment|Suite|Building|Bldg|Floor|Tower|Block)")


def _chinese_street(match: re.Match[str]) -> float | None:
    """As Chinese addresses are written in English: from the door up to the city."""
    text = match["v"]
    place, room = _CHINESE_PLACE.search(text), _ROOM.match(text)
    if not place and not (room and len(re.findall("[0-9]+", text)) > 1):
        return None
    if named(match, _LIVES):
        return NAMED
    return 0.7 if place and room else 0.55


_PART = (
    "(?:Room|Rm|Unit|Flat|Apt|Apartment|Suite|Building|Bldg|Floor|Tower|Block|Entrance|No|NO|Lane)"
    r"(?:\. ?| )#?[0-9A-Z]{1,6}(?:-[0-9A-Z]{1,4})?,? "
)
_FLOOR = "[0-9]{1,3}(?:/?F|(?:st|nd|rd|th) Floor), "
_WORD = "[A-Z][A-Za-z']{0,20}"

RULES = (
    Rule(
        "bank_card",
        r"(?<![0-9])(?<![0-9][A-Za-z.])(?P<v>[2-9](?:[0-9]{12,18}|[0-9]{3}(?P<s>[ .·-])[0-9]{4}(?P=s)[0-9]{4}"
        r"(?P=s)[0-9]{1,4}(?:(?P=s)[0-9]{1,3})?|[0-9]{3}(?P<t>[ -])[0-9]{6}(?P=t)[0-9]{4,5}"
        r"|[0-9]{5}(?P<u>[ -])[0-9]{10,13}))"
        r"(?![0-9A-Za-z_]|\.[0-9]|[ -][0-9]{4}(?![0-9]))",
        DIGITS,
        _bank_card,
        reach=32,
    ),
    Rule(
        "bank_card",
        _APART + r"(?<![0-9][ .·*_-])(?P<v>[2-9](?:[ .·*_-]{0,2}[0-9]){14,18})(?![0-9A-Za-z_]|[ .·*_-][0-9])",
        DIGITS,
        _spread_card,
        reach=60,
    ),
    Rule(
        "iban",
        _APART + r"(?P<v>[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?))" + _END,
        DIGITS,
        _iban,
        reach=48,
    ),
    Rule(
        "us_ssn",
        r"(?<![0-9A-Za-z_.-])(?P<v>[0-8][0-9]{2}(?P<s>[ -]?)[0-9]{2}(?P=s)[0-9]{4})(?![0-9A-Za-z_]|[.-][0-9])",
        DIGITS,
        lambda match: _ssn(match) if match["s"] != " " or named(match, _SSN_WORDS) else None,
        reach=16,
    ),
    Rule(
        "phone",
        r"(?<![0-9A-Za-z_+])(?P<v>\+ ?[1-9](?:[ .()-]{0,2}[0-9]){6,14})(?![0-9A-Za-z_]|[.,][0-9])",
        DIGITS,
        _phone,
        reach=52,
    ),
    Rule(
        "phone",
        r"(?<![0-9A-Za-z_.+$£€/-])(?P<v>(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}"
        r"|[2-9][0-9]{2}[2-9][0-9]{6}|0[127][0-9]{3} ?[0-9]{3} ?[0-9]{3})(?![0-9A-Za-z_]|[.,/-][0-9])",
        DIGITS,
        _phone,
        reach=24,
    ),
    Rule("passport", _APART + r"(?P<v>[A-Za-z]{0,2}[0-9]{6,9})" + _END, DIGITS, _passport, token=True),
    Rule("imei", _APART + r"(?P<v>[0-9]{2}-?[0-9]{6}-?[0-9]{6}-?[0-9])" + _END, DIGITS, _imei, token=True),
    Rule(
        "ip_address",
        r"(?<![0-9A-Za-z_.-])(?P<v>[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9A-Za-z_]|\.[0-9]|-[A-Za-z])",
        DOTS,
        _ip4,
        token=True,
    ),
    Rule(
        "ip_address",
        r"(?<![0-9A-Za-z_:.])(?P<v>(?:[0-9A-Fa-f]{1,4}:|::)(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{1,4})(?![0-9A-Za-z_:]|\.[0-9])",
        DOTS,
        _ip6,
        token=True,
    ),
    Rule(
        "mac_address",
        r"(?<![0-9A-Za-z_:-])(?P<v>[0-9A-Fa-f]{2}(?P<s>[:-])(?:[0-9A-Fa-f]{2}(?P=s)){4}[0-9A-Fa-f]{2})(?![0-9A-Za-z_:-])",
        DOTS,
        _mac,
        token=True,
    ),
    Rule(
        "street_address",
        rf"(?<![0-9A-Za-z_])(?P<v>{_PART}(?:{_PART}|{_FLOOR}){{0,4}}+(?:[0-9]{{1,5}} )?(?:{_WORD} ){{1,4}}"
        rf"{_STREET_SUFFIX}(?![A-Za-z0-9])"
        rf"(?:, (?:(?:{_WORD} ){{1,2}}{_AREAS}|{_PLACES})(?![A-Za-z])){{0,3}}+(?:,? [0-9]{{6}}(?![0-9]))?)",
        Near(patterns=(re.compile(r"[RUFASBTENL][a-zO]{1,8}(?:\. ?| )#?[0-9]"),), before=4, after=430, digit=True),
        _chinese_street,
        reach=430,
    ),
    Rule(
        "street_address",
        r"[0-9](?<![0-9A-Za-z_.,/-][0-9])(?P<number>[0-9]{0,5}[A-Za-z]?) (?:[NSEW]\.? )?"
        r"(?:[A-Z0-9][A-Za-z'0-9]{0,20} ){1,4}" + _STREET_SUFFIX + r"(?![A-Za-z0-9])(?: [NS][EW](?![A-Za-z]))?"
        r"(?:\.(?=,))?(?P<unit>,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|#)\.? ?[0-9A-Za-z]{1,5})?"
        r"(?P<zip>(?:, [A-Z][A-Za-z .]{1,30})?,? [A-Z]{2} [0-9]{5}(?:-[0-9]{4})?)?(?![0-9A-Za-z_])",
        Near(patterns=(re.compile(r"[0-9][A-Za-z]? [A-Z0-9]"),), before=8, after=200, digit=True),
        _street,
        reach=190,
    ),
)
