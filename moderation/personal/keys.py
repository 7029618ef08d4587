"""Secrets: keys with a vendor's known form, private keys, tokens, and passwords that are called so.

Forms as the vendors or their scanners' documentation give them; lengths are bounded a little wider than documented,
since vendors change them. What has no form of its own is found only after a word that names it, and if it looks random.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter

from moderation.personal.rules import FORM, NAMED, Near, Rule, after_words, always

_APART = r"(?<![0-9A-Za-z_])"
_END = r"(?![0-9A-Za-z_])"

_KEYS = (
    # Amazon: IAM identifiers, "unique ID prefixes"; 16 more characters
    r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}",
    # GitHub: "Behind GitHub's new authentication token formats"; fine-grained tokens are longer
    r"gh[pousr]_[0-9A-Za-z]{36,251}",
    r"github_pat_[0-9A-Za-z_]{22,244}",
    # GitLab: "Token overview", prefixes
    r"gl(?:pat|dt|rt|ptt|ft|imt|agent|oas|cbt|soat)-[0-9A-Za-z_.-]{20,120}",
    # Slack: "Token types"
    r"xox[abeoprs]-[0-9A-Za-z-]{10,250}",
    r"xapp-[0-9]-[0-9A-Za-z-]{20,250}",
    # Stripe: "API keys"; webhook signing secrets
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,247}",
    r"whsec_[0-9A-Za-z+/=]{24,80}",
    # Google: API keys, OAuth client secrets, access tokens
    r"AIza[0-9A-Za-z_-]{35}",
    r"GOCSPX-[0-9A-Za-z_-]{28}",
    r"ya29\.[0-9A-Za-z_-]{20,250}",
    # Anthropic, OpenRouter, OpenAI; 32 and more after sk-: OpenAI's old keys, DeepSeek, DashScope, Moonshot
    r"sk-ant-[0-9A-Za-z]{3,10}-[0-9A-Za-z_-]{20,200}",
    r"sk-or-v1-[0-9a-f]{64}",
    r"sk-(?:proj|svcacct|admin|None)-[0-9A-Za-z_-]{20,250}",
    r"sk-[0-9A-Za-z]{32,64}",
    # Hugging Face, npm, PyPI, Docker, crates.io, RubyGems
    r"hf_[0-9A-Za-z]{30,40}",
    r"npm_[0-9A-Za-z]{36}",
    r"pypi-AgE[0-9A-Za-z_-]{50,250}",
    r"dckr_pat_[0-9A-Za-z_-]{27}",
    r"rubygems_[0-9a-f]{48}",
    # Groq, xAI, Replicate, Perplexity, NVIDIA
    r"gsk_[0-9A-Za-z]{40,60}",
    r"xai-[0-9A-Za-z]{70,90}",
    r"r8_[0-9A-Za-z]{37}",
    r"pplx-[0-9A-Za-z]{40,60}",
    r"nvapi-[0-9A-Za-z_-]{60,80}",
    # SendGrid, Twilio, Mailgun, Mailchimp, Telegram, Shopify, DigitalOcean, Databricks, Vault, Atlassian, Notion, age
    r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{32,64}",
    r"SK[0-9a-f]{32}",
    r"key-[0-9a-f]{32}",
    r"[0-9a-f]{32}-us[0-9]{1,2}",
    r"[0-9]{8,10}:AA[0-9A-Za-z_-]{33}",
    r"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}",
    r"do[opr]_v1_[0-9a-f]{64}",
    r"dapi[0-9a-f]{32}(?:-[0-9])?",
    r"hv[sb]\.[0-9A-Za-z_-]{24,150}",
    r"ATATT3[0-9A-Za-z_=-]{100,250}",
    r"(?:ntn|secret)_[0-9A-Za-z]{40,50}",
    r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
    # Alibaba Cloud AccessKey ID, Tencent Cloud SecretId, Baidu Cloud, Volcengine, Zhipu
    r"LTAI[0-9A-Za-z]{12,26}",
    r"AKID[0-9A-Za-z]{13,36}",
    r"(?:bce-v3/)?ALTAK-?[0-9A-Za-z]{17,32}(?:/[0-9a-f]{40})?",
    r"AKLT[0-9A-Za-z_-]{20,60}",
    r"[0-9a-f]{32}\.[0-9A-Za-z]{16}",
)
# All of them have a run of at least this length, and few words do.
_LONG_WORDS = Near(patterns=(re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{15}"),), before=50, after=310)


def _key(match: re.Match[str]) -> float | None:
    """A form that ends in a long word, as in sk-this-is-a-placeholder, is none."""
    value = match["v"]
    if _PLACEHOLDER.search(value) or len(set(value)) < 8:
        return None
    return 0.95


def _jwt(match: re.Match[str]) -> float | None:
    head = match["head"]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return 0.95 if isinstance(header, dict) and "alg" in header else FORM


_PLACEHOLDER = re.compile(
    r"x{4}|\*{3}|\.{3}|…|your|example|changeme|change_me|placeholder|redacted|<|>|\$\{|\{\{|%s|todo|dummy|sample|0{8}|1234567890abcdef",
    re.IGNORECASE,
)
_NOT_A_VALUE = re.compile(
    r"(?:none|null|nil|true|false|undefined|required|optional|string|str|int|bool|env|self|this|process|os|config|settings"
    r"|request|req|input|args|getenv|https?|get|set|user|data|form|body|params|ctx)(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_CLASSES = tuple(map(re.compile, ("[a-z]", "[A-Z]", "[0-9]", "[^0-9A-Za-z]")))


def entropy_bits(text: str) -> float:
    """Shannon entropy of a text's characters, in bits for each."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _is_value(value: str) -> bool:
    """Whether it may be a real value, rather than code or a stand-in for one."""
    return not (
        _PLACEHOLDER.search(value)
        or _NOT_A_VALUE.match(value)
        or re.search(r"[(\[{]|[A-Za-z]\.[A-Za-z]", value)
        or len(set(value)) < 4
    )


# Parts of the names that code gives to a password: a long word without them is more likely a phrase of somebody's.
_IDENTIFIER = re.compile(
    r"pass|pwd|word|user|input|value|field|hash|secret|admin|param|config|form|confirm|current|encrypt|plain|default|token"
    r"|string|require|invalid|incorrect|validat|reset|forg|change|generat|random|login|auth|credential|manage|null|empty"
)
_LONG_PHRASE = re.compile(r"[a-z]{12,64}|[A-Z]{12,64}")


def _password(match: re.Match[str]) -> float | None:
    value = match["v"].rstrip(".,:;!?)]}")
    classes = sum(1 for kind in _CLASSES if kind.search(value))
    if re.fullmatch(r"[0-9]{4,5}|(?:19|20)[0-9]{6}", value):
        return None
    digits_only = value.isdigit() and len(value) <= 12
    if digits_only or (_is_value(value) and classes >= 2 and _CLASSES[2].search(value)):
        return 0.8 if classes >= 3 or not match["word"].isascii() else 0.7
    if _is_value(value) and (classes >= 3 or _is_phrase(match, value)):
        return FORM
    return None


def _is_phrase(match: re.Match[str], value: str) -> bool:
    """`password=correcthorsebatterystaple`: assigned without a blank, long, and not what code calls a variable."""
    between = match.string[match.end("word") : match.start("v")]
    followed = match.string[match.end("v") : match.end("v") + 1]
    is_word = _LONG_PHRASE.fullmatch(value) and not _IDENTIFIER.search(value.lower())
    return bool(is_word) and "=" in between and " " not in between and followed not in ("(", "[", "{")


_PROGRAMS = re.compile(
    r"\b(?:mysql|mariadb|sshpass|mongo|redis|docker login|psql|7z|zip|unrar|unzip|ldap|kinit)", re.IGNORECASE
)


def _option(match: re.Match[str]) -> float | None:
    """`-pSecret123!`; with a blank between only after a program that takes a password so."""
    value = match["v"].rstrip(".,:;!?)]}") if match["v"][-1] in ".,:;?)]}" else match["v"]
    classes = sum(1 for kind in _CLASSES if kind.search(value))
    if classes < 3 or not _CLASSES[2].search(value) or not _is_value(value) or re.search(r"[/:=]", value):
        return None
    if _PROGRAMS.search(match.string, max(0, match.start() - 80), match.start()):
        return NAMED
    return FORM if match["word"] != "-p" or match.end("word") == match.start("v") else None


def _bare_password(match: re.Match[str]) -> float | None:
    value = match["v"]
    if value.isdigit():
        return 0.5 if len(value) <= 12 and not re.fullmatch("(?:19|20)[0-9]{6}", value) else None
    return 0.5 if len(value) >= 8 and _password(match) else None


def _named_key(match: re.Match[str]) -> float | None:
    value = match["v"]
    if not _is_value(value) or not _CLASSES[2].search(value) or value.isdigit():
        return None
    return NAMED if entropy_bits(value) >= 3.2 else None


_FETCHING = re.compile(r"\b(?:curl|wget|https?|httpie|svn|lftp)\b")


def _user_option(match: re.Match[str]) -> float | None:
    """`curl -u name:password`; other programs mean a user and a group with it."""
    value = match["v"]
    if not _FETCHING.search(match.string, max(0, match.start() - 200), match.start()) or value in _STAND_INS:
        return None
    return NAMED if _is_value(value) else None


_STAND_INS = ("password", "passwd", "pass", "secret", "token")


def _basic(match: re.Match[str]) -> float | None:
    """It decodes to a name, a colon and a password."""
    value = match["v"]
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:
        return None
    return NAMED if re.fullmatch(rb"[ -9;-~]{0,200}:[ -~]{3,300}", decoded) else None


def _block(match: re.Match[str]) -> float | None:
    return 0.99 if len(re.findall(r"[0-9A-Za-z+/=]", match["body"])) >= 32 else FORM


_JWT = (
    r"(?<![0-9A-Za-z_-])(?P<v>(?P<head>eyJ[0-9A-Za-z_-]{10,1000}+)\.eyJ[0-9A-Za-z_-]{6,3000}+(?:\.[0-9A-Za-z_-]{0,1000}+)?)"
    + _END
)
_HEADER = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_FOOTER = r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_ASSIGNED = (
    r"""["'`”」』]?[ \t]{0,4}(?:=>|:=|==?|(?:就是|是|为|is\b)?[ \t]{0,2}[:：]|就是|是|为|is\b)[ \t]{0,4}["'`“「『]?"""
)
BLOCK_REACH = 20_000

_PASSWORDS = after_words("pass", "pwd", "secret", "密码", "口令", "密碼", "-p")
_PEM = Near(needles=("-----BEGIN ",), after=BLOCK_REACH + 200)

RULES = (
    Rule(
        "api_key",
        _APART + "(?P<v>" + re.sub(r"\{(\d+,\d+)\}", r"{\1}+", "|".join(_KEYS)) + ")" + _END,
        _LONG_WORDS,
        _key,
        secret=True,
        reach=300,
        token=True,
    ),
    Rule(
        "api_key",  # Azure Storage: 64 bytes in base64, in a connection string
        r"(?i:Account|SharedAccess)Key=(?P<v>[0-9A-Za-z+/]{40,86}={1,2})",
        after_words("accountkey", "sharedaccesskey"),
        always(0.95),
        secret=True,
        reach=120,
        token=True,
    ),
    Rule("jwt", _JWT, Near(needles=("eyJ",), after=5_200), _jwt, secret=True, reach=5_100, token=True),
    Rule(
        "private_key",
        rf"(?P<v>{_HEADER}(?P<body>(?:[^-]|-(?!----)){{0,{BLOCK_REACH - 200}}}+){_FOOTER})",
        _PEM,
        _block,
        secret=True,
        reach=BLOCK_REACH,
        starts="-----BEGIN ",
    ),
    Rule(
        "private_key",  # cut off before its end, or the lines escaped in JSON
        rf"(?P<v>{_HEADER}(?P<body>(?:(?:\\[rn]|\s){{0,4}}[0-9A-Za-z+/=]{{16,100}}+){{0,150}}+))",
        _PEM,
        _block,
        secret=True,
        reach=BLOCK_REACH,
        starts="-----BEGIN ",
    ),
    Rule(
        "private_key",
        r"(?P<v>PuTTY-User-Key-File-[23]:(?P<body>(?:(?!PuTTY)[^\x00]){0,4000}?Private-MAC: [0-9a-f]{40,64}))",
        Near(needles=("PuTTY-User-Key-File-",), after=4_300),
        _block,
        secret=True,
        reach=4_200,
        starts="PuTTY-User-Key-File-",
    ),
    Rule(
        "password",
        r"(?P<word>(?i:(?<![A-Za-z_])secret|pass(?:word|wd|code|phrase)?|pwd|passwort)|密码|口令|密碼|验证口令)"
        + _ASSIGNED
        + r"(?P<v>[!#-&(-+./0-:<-_a-~-]{4,64})",
        _PASSWORDS,
        _password,
        secret=True,
        reach=100,
    ),
    Rule(
        "password",  # an option of a command
        r"(?<![!#-&)-_a-~])(?P<word>-p|--pass(?:word|wd|phrase)?)(?: ?[\"']| )?(?P<v>[!#-&(-+./0-:<-_a-~-]{6,64})",
        _PASSWORDS,
        _option,
        secret=True,
        reach=100,
    ),
    Rule(
        "password",  # without a mark between
        r"(?P<word>密码|口令|密碼) ?(?P<v>[!#-&*+./0-9<-_a-~-]{6,64})",
        after_words("密码", "口令", "密碼", digit=True),
        _bare_password,
        secret=True,
    ),
    Rule(
        "password",  # of a command that fetches, or in its header
        r"(?<![!-~])(?:-u|--user|--proxy-user)[ =]{1,2}[\"']?[0-9A-Za-z_.@%+-]{1,64}:"
        r"(?P<v>[!#-&(-+./0-:<-_a-~-]{4,64})",
        Near(needles=("-u ", "--user", "--proxy-user"), before=24),
        _user_option,
        secret=True,
        reach=160,
    ),
    Rule(
        "password",
        r"(?<![0-9A-Za-z_])[Bb]asic (?P<v>[0-9A-Za-z+/]{8,400}={0,2})(?![0-9A-Za-z+/=])",
        after_words("basic "),
        _basic,
        secret=True,
        reach=410,
    ),
    Rule(
        "api_key",
        r"(?<![0-9A-Za-z_])[Bb]earer (?P<v>[0-9A-Za-z_~+/=.-]{16,500})",
        after_words("bearer ", digit=True),
        _named_key,
        secret=True,
        reach=520,
    ),
    Rule(
        "api_key",
        r"(?P<word>(?i:api[_ -]?key|access[_-]?key(?:[_-]?(?:id|secret))?|secret(?:[_-]?(?:key|access[_-]?key))?"
        r"|auth[_-]?token|access[_-]?token|client[_-]?secret|app[_-]?secret|(?:bearer|token))|密钥|秘钥|令牌)"
        + _ASSIGNED
        + r"(?P<v>[0-9A-Za-z_+/=.-]{16,128})(?![0-9A-Za-z_+/=.-])",
        after_words("api", "access", "secret", "token", "bearer", "密钥", "秘钥", "令牌", digit=True),
        _named_key,
        secret=True,
        reach=190,
    ),
    Rule(
        "password",  # in an address: scheme://user:password@host
        r"://[0-9A-Za-z_.%+-]{1,64}:(?P<v>[!-.0-?A-~]{3,100})@(?=[0-9A-Za-z])",
        Near(needles=("://",)),
        lambda match: 0.97 if not _PLACEHOLDER.search(match["v"]) and match["v"] not in ("password", "pass") else None,
        secret=True,
        reach=180,
        token=True,
    ),
)
