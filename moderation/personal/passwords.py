"""Passwords that are called so: in code and settings, in options and headers, in addresses, and in sentences.

A password has no form of its own: it is found only after a word that names it. Without a digit it must look made up
(`moderation.personal.made_up`); after a bare word, or in a sentence with words between, so it must with one.
"""

from __future__ import annotations

import base64
import re

from moderation.personal.made_up import PLACEHOLDER, is_made_up, is_random, is_value
from moderation.personal.rules import FORM, NAMED, Check, Near, Rule, after_words

_CLASSES = tuple(map(re.compile, ("[a-z]", "[A-Z]", "[0-9]", "[^0-9A-Za-z]")))
_PLAIN_SIGNS = re.compile(r"[0-9A-Za-z._/:-]+")
# How a value was made, or of which type it is, told where the value would stand.
_TECHNIQUE = re.compile(
    r"(?:u?int|float|bytes|char|sha|md|base|utf|aes|des|rsa|argon|pbkdf|scrypt|bcrypt|tls|ntlmv|win|ipv|oauth|ascii|crc|wpa|[a-z]{3,12}=)-?[0-9]{1,4}(?![0-9])",
    re.IGNORECASE,
)
# Parts of the names that code gives to a password: a long word without them is more likely a phrase of somebody's.
_IDENTIFIER = re.compile(
    r"pass|pwd|word|user|input|value|field|hash|secret|admin|param|config|form|confirm|current|encrypt|plain|default|token"
    r"|string|require|invalid|incorrect|validat|reset|forg|change|generat|random|login|auth|credential|manage|null|empty"
)
_LONG_PHRASE = re.compile(r"[a-z]{12,64}|[A-Z]{12,64}")
# What code names so is much else, too: `client_secret = s3_connection`; as is what a comma sets apart.
_LOOSE = re.compile(r"_secret.*|.?secret[_-]?key.*|.*[\"'], ?[\"']", re.IGNORECASE | re.DOTALL)
# A result of a test in a log, `PASS: test-utf8`, unless somebody's name or account is told beside it.
_RESULT = re.compile(r"\b(?:X?PASS|X?FAIL|SKIP|ERROR|UN[A-Z]{4,10}):")
_ACCOUNT = re.compile(r"user|login|account|mail|admin|root|name|host|server|wifi|ssid|[@账号]", re.IGNORECASE)
_OF_NAMES = re.compile("[0-9A-Za-z]++(?:[-_/.:]{1,3}[0-9A-Za-z]++)++")
_OF_A_NAME = re.compile(r"[\w.-]")
_AROUND_RESULT = 80
_COUNTED = re.compile(
    r"\b(?:fail(?:ed|ures?|s)?|skip(?:ped|s)?|xfail(?:ed)?)[ \t]?:", re.IGNORECASE
)  # `pass: user2, fail: user7`
# How much or how long, written as one word, of a ticket or a tip: `Ski pass: 4days`, `the secret is 2cups of flour`.
_AMOUNT = re.compile(
    r"[0-9]{1,4}(?:-?(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|nights?|weeks?|months?|years?|yrs?|times?|steps?|cups?"
    r"|spoons?|tbsp|tsp|grams?|kgs?|ml|liters?|litres?|pieces?|rides?|trips?|zones?|persons?|people|adults?|percent|km|miles?))",
    re.IGNORECASE,
)
# How long one may be, told where it would stand: `密码：8-16位`, `Password: 8-20 characters`, `Password: min.8chars`.
_LENGTH = re.compile(
    r"[:=]?(?:(?:min|max)(?:imum)?[.:-]{0,2}|[<>]=?|~)?[0-9]{1,3}(?:-?(?:-|~|to|or)-?[0-9]{1,3}|\+)?[ ([-]{0,2}"
    r"(?:[个個位字数數英码碼]|大小[写寫]|(?:(?<= )(?:[a-z-]{1,15} ){1,4})?"
    r"(?:char(?:acter)?|digit|letter|number|symbol|sign|alphanumeric|byte|bit|word)s?(?![0-9a-z]))",
    re.IGNORECASE,
)
_NO_UNIT = re.compile("[0-9@#$%^&*+=]")
# A label of another language, or a name: `"password": "Adgangskode"`, `to Szczepanski`.
_CAPITALISED = re.compile("[A-Z](?![a-z]{0,60}[b-df-hj-np-tv-xz]{5})[a-z]{3,}")
_LETTER_ABROAD = re.compile(r"[À-ɏͰ-ԯ]")  # `Contraseña`: the word goes on


def _classes(value: str) -> int:
    return sum(1 for kind in _CLASSES if kind.search(value))


def _follows(match: re.Match[str]) -> str:
    end = match.end("v")
    return match.string[end : end + 1]


def _assigned(match: re.Match[str]) -> float | None:
    value = match["v"]
    if _LOOSE.fullmatch(match.string, max(0, match.start("word") - 1), match.start("v")):
        return _said(match)
    if _is_result(match, value) or _is_amount(match, value) or _is_length(match):
        return None
    is_digits = value.isdigit() and len(value) <= 12
    if is_digits and not re.fullmatch(r"[0-9]{4,5}|(?:19|20)[0-9]{6}", value):
        return 0.7 if match["word"].isascii() else 0.8
    if is_digits or not is_value(value) or (_TECHNIQUE.match(value) and not is_made_up(value)):
        return None
    classes = _classes(value)
    if classes >= 2 and _CLASSES[2].search(value):
        return 0.8 if classes >= 3 or not match["word"].isascii() else 0.7
    is_mixed = classes >= 3 and (is_random(value) or not _PLAIN_SIGNS.fullmatch(value))
    return FORM if is_mixed or _is_phrase(match, value) or _is_made_up(match, value) else None


def _is_made_up(match: re.Match[str], value: str) -> bool:
    """It is no call, no place in a table, no name, and no word that goes on in letters of another kind."""
    follows = _follows(match)
    is_code = follows in ("(", "[", "{") or _LETTER_ABROAD.match(follows)
    return is_made_up(value) and not is_code and not _CAPITALISED.fullmatch(value)


def _is_amount(match: re.Match[str], value: str) -> bool:
    """Of a pass or a secret in a sentence; what is set with `=` is a value."""
    between = match.string[match.end("word") : match.start("v")]
    return match["word"].lower() in ("pass", "secret") and "=" not in between and _AMOUNT.fullmatch(value) is not None


def _is_length(match: re.Match[str]) -> bool:
    """A number or a range with its unit; `8-20chars#1` goes on and is a value."""
    told = _LENGTH.match(match.string, match.start("v"))
    if told is None:
        return False
    rest = match.string[told.end() : match.end("v")].partition(" ")[0]
    return _NO_UNIT.search(rest) is None


def _is_result(match: re.Match[str], value: str) -> bool:
    """`PASS: libgomp.c/atomic-1.c`: among such results, or a name that could be a test's and no account beside it."""
    start, end = match.span("word")
    text, between = match.string, match.string[end : match.start("v")]
    is_part = start > 0 and _OF_A_NAME.match(text[start - 1]) is not None  # `DB_PASS: x`
    if match["word"].lower() != "pass" or between not in (":", ": ") or is_part:
        return False
    before, after = text[max(0, start - _AROUND_RESULT) : start], text[match.end("v") : match.end("v") + _AROUND_RESULT]
    around = f"{before}\n{after}"
    if _COUNTED.search(around) and not is_random(value):
        return True
    if match["word"] == "PASS" and (_RESULT.search(around) or "/" in value):
        return True
    may_be_name = match["word"] == "PASS" or _OF_NAMES.fullmatch(value) is not None
    return may_be_name and not is_random(value) and not _ACCOUNT.search(around)


def _is_phrase(match: re.Match[str], value: str) -> bool:
    """`password=correcthorsebatterystaple`: assigned without a blank, long, and not what code calls a variable."""
    between = match.string[match.end("word") : match.start("v")]
    is_word = _LONG_PHRASE.fullmatch(value) and not _IDENTIFIER.search(value.lower())
    return bool(is_word) and "=" in between and " " not in between and _follows(match) not in ("(", "[", "{")


def _said(match: re.Match[str]) -> float | None:
    """With words between, or with nothing: most of what stands there is an ordinary word."""
    value = match["v"]
    if not is_value(value) or _TECHNIQUE.match(value):
        return None
    mixed = _CLASSES[2].search(value) and _classes(value) >= 2 and is_random(value)
    return FORM if (mixed and len(value) >= 6) or _is_made_up(match, value) else None


_CHANGED = re.compile(r"\b(?:re)?(?:chang|set|switch|updat|rotat|alter|mak|made|turn)", re.IGNORECASE)
_BEFORE_CHANGED = 40
# `I changed my password to dragonfly77`: a word with a number is a password only of somebody, who changes it.
_WORD_AND_NUMBER = re.compile(r"[A-Za-z]{4,20}[0-9]{2,4}!?")
_TO = re.compile(r" (?:to|as) [\"'“]?")
_MADE_SO = re.compile(
    r"\b(?:(?:re)?(?:chang|set|switch|updat)\w{0,4}) (?:(?:my|our|your|his|her|their|the) (?:[\w-]{1,12} ){0,2})$",
    re.IGNORECASE,
)
# `the passcode for the door is 48213`: what it opens stands between.
_OPENS = re.compile(
    r"(?: (?:for|of|to|on|at|in) [A-Za-z -]{1,60}?)? ?(?:is|was|['’]s|[:=]) ?(?:(?:now|still) )?[\"'“]?"
)
_COUNTS = re.compile(
    r"\b(?:length|expir\w{1,4}|age|limit|timeout|lifetime|count|numbers?|hash|id|size|minimum|maximum|year|reset|policy)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[ -]?(?:[a-z]{2,}|%)", re.IGNORECASE)
_GOES_ON = re.compile(
    r" (?:and|or|but|now|if|so|please|by|until|today|this|thanks?|ok|for|then|just|at|in|the)\b", re.IGNORECASE
)


def _changed(match: re.Match[str]) -> float | None:
    """`I changed my password to X`; who is told it is no password: `send the password to X`."""
    start = max(0, match.start() - _BEFORE_CHANGED)
    is_told = _TO.fullmatch(match.string, match.end("word"), match.start("v")) and _WORD_AND_NUMBER.fullmatch(
        match["v"]
    )
    if is_told and _MADE_SO.search(match.string, start, match.start()) and not _TECHNIQUE.match(match["v"]):
        return FORM if is_value(match["v"]) else None
    if _CHANGED.search(match.string, start, match.start("v")) or _CLASSES[2].search(match["v"]):
        return _said(match)
    return None


def _opening(match: re.Match[str]) -> float | None:
    """Digits are a passcode from four on, a password from six; else as `_said`."""
    value = match["v"].rstrip(".,;!?)")
    if not value.isdigit():
        return _said(match)
    start, end = match.end("word"), match.start("v")
    least = 4 if match["word"].lower() == "passcode" else 6
    is_year = re.fullmatch("(?:19|20)[0-9]{2}(?:[0-9]{4})?", value)
    if (
        not least <= len(value) <= 12
        or is_year
        or len(set(value)) < 2
        or not _OPENS.fullmatch(match.string, start, end)
    ):
        return None
    if _COUNTS.search(match.string, start, end):
        return None
    last = match.end("v")
    is_measure = _UNIT.match(match.string, last) and not _GOES_ON.match(match.string, last)
    return None if is_measure else FORM


_PROGRAMS = re.compile(
    r"\b(?:mysql|mariadb|sshpass|mongo|redis|docker login|psql|7z|rar|unrar|ldap|kinit)", re.IGNORECASE
)
_ZIP = re.compile(r"\b(?:un)?zip\b[^\n|;&]*$")  # with -P; with -p it writes to a pipe, or keeps paths
_FILE = re.compile(r"[0-9A-Za-z_./-]+\.(?:zip|7z|rar|jar|tar|t?gz|bz2|xz|sql|txt|json|csv|log)", re.IGNORECASE)


def _option(match: re.Match[str]) -> float | None:
    """`-pSecret123!`; with a blank between only after a program that takes a password so."""
    value = match["v"].rstrip(".,:;!?)]}") if match["v"][-1] in ".,:;?)]}" else match["v"]
    mixed = _classes(value) >= 3 and _CLASSES[2].search(value) and not re.search(r"[/:=]", value)
    if not is_value(value) or _FILE.fullmatch(value) or not (mixed or _is_made_up(match, value)):
        return None
    if match["word"] == "-P":
        return NAMED if _ZIP.search(match.string[max(0, match.start() - 80) : match.start()]) else None
    if _PROGRAMS.search(match.string, max(0, match.start() - 80), match.start()):
        return NAMED
    return FORM if match["word"] != "-p" or (mixed and match.end("word") == match.start("v")) else None


def _bare(match: re.Match[str]) -> float | None:
    value = match["v"]
    if value.isdigit():
        return 0.5 if len(value) <= 12 and not re.fullmatch("(?:19|20)[0-9]{6}", value) else None
    has_digit = _CLASSES[2].search(value) is not None
    return 0.5 if (len(value) >= 8 and has_digit and _assigned(match)) or _said(match) else None


_FETCHING = re.compile(r"\b(?:curl|wget|https?|httpie|svn|lftp)\b")
_STAND_INS = ("password", "passwd", "pass", "secret", "token")


def _user_option(match: re.Match[str]) -> float | None:
    """`curl -u name:password`; other programs mean a user and a group with it."""
    value = match["v"]
    if not _FETCHING.search(match.string, max(0, match.start() - 200), match.start()) or value in _STAND_INS:
        return None
    return NAMED if is_value(value) else None


def _basic(match: re.Match[str]) -> float | None:
    """It decodes to a name, a colon and a password."""
    value = match["v"]
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:
        return None
    return NAMED if re.fullmatch(rb"[ -9;-~]{0,200}:[ -~]{3,300}", decoded) else None


def _in_address(match: re.Match[str]) -> float | None:
    value = match["v"]
    is_stand_in = PLACEHOLDER.search(value) or value.lower() in _STAND_INS or re.fullmatch(r"[$%][A-Z_]+%?", value)
    return None if is_stand_in else 0.97


ASSIGNED = (
    r"""(?:\\?["'`”」』])?\]?[ \t]{0,4}(?:=>|:=|==?|(?:就是|是|为|is\b)?[ \t]{0,2}[:：]|就是|是|为|is\b|['’]s\b)"""
    r"""[ \t]{0,4}(?:\\?["'`“「『])?"""
)
_CHARACTER = "[!#-&(-+./0-:<-_a-~-]"
_LAST = r"[!#-&(*+/0-9<-@A-Z\[^_a-|~?-]"  # a full stop or a closing bracket is the sentence's
_VALUE = rf"(?P<v>{_CHARACTER}{{3,63}}{_LAST})"
_NOUN = r"(?<![A-Za-z_])(?i:pass(?:word|wd|code|phrase)|pwd)"
_WORD = (
    r"(?P<word>(?i:(?<![A-Za-z])secret(?:[_-]?key(?:_base)?)?|pass(?:word|wd|code|phrase)?|pwd|passwort)(?:_?[0-9]{1,2})?"
    r"|密码|口令|密碼|验证口令)"
)
_PASSWORDS = after_words("pass", "pwd", "secret", "密码", "口令", "密碼", "-p")
_NAMED_SO = after_words("passw", "passc", "passp", "pwd")
_CHINESE = after_words("密码", "口令", "密碼")


def _password(pattern: str, check: Check, near: Near = _PASSWORDS, reach: int = 120) -> Rule:
    return Rule("password", pattern, near, check, secret=True, reach=reach)


RULES = (
    _password(_WORD + ASSIGNED + _VALUE, _assigned),
    *(
        # between quotation marks any sign may stand in it; also the argument of a call, the default of one
        _password(
            rf"{_WORD}(?:(?:\\?[\"'`])?\]?[ \t]{{0,4}}(?:=>|:=|==?|:)[ \t]{{0,4}}|[\"'], ?|\()"
            rf"{mark}(?P<v>[{inside}]{{4,64}}){mark}",
            _assigned,
        )
        for mark, inside in (('"', "!#-~"), ("'", "!-&(-~"))
    ),
    _password(r"<(?P<word>(?i:[a-z:_-]{0,20}pass(?:word|wd|phrase)?))>(?P<v>[!-;=-~]{4,64})</", _assigned),
    _password(
        r"(?P<word>(?i:identified by)) [\"'](?P<v>[!#-&(-~]{4,64})[\"']", _assigned, after_words("identified by")
    ),
    _password(  # the password for the wifi is X
        rf"(?P<word>{_NOUN})(?: [A-Za-z-]{{1,15}}){{0,5}}?(?: is| was|['’]s| ?[:=])(?: now| still)? [\"'“]?{_VALUE}",
        _opening,
        _NAMED_SO,
        190,
    ),
    _password(rf"(?P<word>{_NOUN})(?: [A-Za-z-]{{1,15}}){{0,3}}? (?:to|as) [\"'“]?{_VALUE}", _changed, _NAMED_SO, 170),
    _password(rf"(?P<word>{_NOUN}|(?i:requirepass|masterauth)) [\"'“]?{_VALUE}", _said, _PASSWORDS),
    _password(
        r"(?P<word>密码|口令|密碼)[\u4e00-\u9fff]{0,6}?(?:是|为|為|成了?|用|填|输入?|叫|到)[ :]{0,2}"
        rf"[\"'“「『]?{_VALUE}",
        _said,
        _CHINESE,
    ),
    _password(  # an option of a command
        r"(?<![!#-&)-_a-~])(?P<word>-[pP]|--pass(?:word|wd|phrase)?)(?:[ =]?[\"']|[ =])?"
        r"(?!=)(?P<v>[!#-&(-+./0-:<-_a-~-]{6,64})",
        _option,
        reach=100,
    ),
    _password(rf"(?P<word>密码|口令|密碼) ?(?P<v>{_CHARACTER.replace('(-+', '*+')}{{6,64}})", _bare, _CHINESE, 80),
    _password(  # of a command that fetches, or in its header
        r"(?<![!-~])(?:-u|--user|--proxy-user)[ =]{1,2}[\"']?[0-9A-Za-z_.@%+-]{1,64}:"
        r"(?P<v>[!#-&(-+./0-:<-_a-~-]{4,64})",
        _user_option,
        Near(needles=("-u ", "--user", "--proxy-user"), before=24),
        160,
    ),
    _password(
        r"(?<![0-9A-Za-z_])[Bb]asic (?P<v>[0-9A-Za-z+/]{8,400}={0,2})(?![0-9A-Za-z+/=])",
        _basic,
        after_words("basic "),
        410,
    ),
    Rule(
        "password",  # in an address: scheme://user:password@host, or without the user
        r"://[0-9A-Za-z_.%+-]{0,64}:(?P<v>[!-.0-?A-~]{3,100})@(?=[0-9A-Za-z])",
        Near(needles=("://",)),
        _in_address,
        secret=True,
        reach=180,
        token=True,
    ),
)
