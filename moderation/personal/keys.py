"""Secrets: keys with a vendor's known form, private keys, and tokens. Passwords are in `passwords.py`.

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

from moderation.personal.made_up import PLACEHOLDER, is_made_up, is_value
from moderation.personal.passwords import ASSIGNED
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
    if PLACEHOLDER.search(value) or len(set(value)) < 8:
        return None
    return 0.95


def _jwt(match: re.Match[str]) -> float | None:
    head = match["head"]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return 0.95 if isinstance(header, dict) and "alg" in header else FORM


def entropy_bits(text: str) -> float:
    """Shannon entropy of a text's characters, in bits for each."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _named_key(match: re.Match[str]) -> float | None:
    value = match["v"]
    if not is_value(value) or value.isdigit():
        return None
    count = sum(map(str.isdigit, value))
    if len(value) >= 16 and (count > 2 or (count and is_made_up(value))):
        return NAMED if entropy_bits(value) >= 3.2 else None
    return FORM if is_made_up(value) and entropy_bits(value) >= 2.2 else None


def _block(match: re.Match[str]) -> float | None:
    return 0.99 if len(re.findall(r"[0-9A-Za-z+/=]", match["body"])) >= 32 else FORM


_JWT = (
    r"(?<![0-9A-Za-z_-])(?P<v>(?P<head>eyJ[0-9A-Za-z_-]{10,1000}+)\.eyJ[0-9A-Za-z_-]{6,3000}+(?:\.[0-9A-Za-z_-]{0,1000}+)?)"
    + _END
)
_HEADER = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_FOOTER = r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
BLOCK_REACH = 20_000

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
        "api_key",
        r"(?<![0-9A-Za-z_])[Bb]earer (?P<v>[0-9A-Za-z_~+/=.-]{16,500})",
        after_words("bearer "),
        _named_key,
        secret=True,
        reach=520,
    ),
    Rule(
        "api_key",
        r"(?P<word>(?i:api[_ -]?key|access[_-]?key(?:[_-]?(?:id|secret))?|secret(?:[_-]?(?:key|access[_-]?key))?"
        r"|auth[_-]?token|access[_-]?token|client[_-]?secret|app[_-]?secret|(?:bearer|token))|密钥|秘钥|令牌)"
        + ASSIGNED
        + r"(?P<v>[0-9A-Za-z_+/=.-]{8,128})(?![0-9A-Za-z_+/=.-]|[!@#$%^&*~(][0-9A-Za-z])",
        after_words("api", "access", "secret", "token", "bearer", "密钥", "秘钥", "令牌"),
        _named_key,
        secret=True,
        reach=190,
    ),
)
