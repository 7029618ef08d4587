"""Addresses of incoming webhooks: whoever has one can write into the group, so they are secrets.

Forms as the vendors document them: Slack, Discord, Feishu and Lark, DingTalk, WeCom, Teams (connectors and the
workflows that follow them). With or without the scheme, which chats leave out; percent-encoded once or twice, as inside
another address; with the slashes of JSON. What it does not know: a self-hosted chat's address, and one that goes
through a proxy.
"""

from __future__ import annotations

import re

from moderation.personal.rules import Near, Rule

_UUID = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_END = "(?![0-9A-Za-z_-])"
# What signs become inside another address, and there once more.
_SLASH = r"(?:\\?/|%(?:25)?2[Ff])"
_QUERY = r"(?:\?|%(?:25)?3[Ff])"
_IS = "(?:=|%(?:25)?3[Dd])"
_AND = "(?:&|%(?:25)?26)"
_AT = "(?:@|%(?:25)?40)"
_COLON = "(?::|%(?:25)?3[Aa])"
_BEFORE = rf"(?:[0-9A-Za-z_-]{{1,20}}{_IS}(?:(?!{_AND})[0-9A-Za-z%+/=_.-]){{0,80}}{_AND}){{0,5}}"  # more of the query


def _path(host: str, *parts: str) -> str:
    return _SLASH.join((f"(?i:{host})", *parts))


_ADDRESSES = (
    _path(
        r"hooks\.slack\.com",
        "(?:services|workflows|triggers)",
        rf"(?P<slack>[0-9A-Za-z_+-]{{1,60}}+(?:{_SLASH}[0-9A-Za-z_+-]{{1,60}}+){{0,4}})",
    ),
    _path(
        r"(?:(?:ptb|canary)\.)?discord(?:app)?\.com",
        rf"api{_SLASH}(?:v[0-9]{{1,2}}{_SLASH})?webhooks",
        "[0-9]{16,21}",
        "(?P<discord>[0-9A-Za-z_-]{50,90}+)",
    ),
    _path(
        r"open\.(?:feishu\.cn|larksuite\.com)",
        "open-apis",
        "bot",
        rf"(?:v2{_SLASH})?hook",
        rf"(?P<feishu>{_UUID}|[0-9A-Fa-f]{{32}}){_END}",
    ),
    _path(
        r"oapi\.dingtalk\.com",
        "robot",
        rf"send(?:_card)?{_QUERY}{_BEFORE}access_token{_IS}(?P<dingtalk>[0-9A-Fa-f]{{32,64}}+){_END}",
    ),
    _path(
        r"qyapi\.weixin\.qq\.com",
        "cgi-bin",
        "webhook",
        rf"(?:send|upload_media){_QUERY}{_BEFORE}key{_IS}(?P<wecom>{_UUID}){_END}",
    ),
    _path(
        r"(?:[0-9A-Za-z-]{1,63}\.webhook|outlook)\.office(?:365)?\.com",
        rf"webhook(?:b2)?{_SLASH}{_UUID}{_AT}{_UUID}",
        "IncomingWebhook",
        "(?P<teams>[0-9A-Fa-f]{32})",
        rf"{_UUID}(?:{_SLASH}[0-9A-Za-z_-]{{1,60}}+)?{_END}",
    ),
    # Teams since its connectors end: whoever has the signature can start the workflow.
    _path(
        rf"[0-9A-Za-z-]{{1,30}}\.[0-9A-Za-z-]{{1,30}}\.logic\.azure\.com(?:{_COLON}443)?",
        "workflows",
        "[0-9A-Fa-f]{32}",
        rf"triggers{_SLASH}[0-9A-Za-z_-]{{1,60}}(?:{_SLASH}paths)?{_SLASH}(?:invoke|run){_QUERY}{_BEFORE}sig{_IS}(?P<workflow>[0-9A-Za-z_-]{{30,60}}+)",
    ),
)
_HOSTS = (
    *("hooks.slack.com", "webhooks", "open-apis", "oapi.dingtalk.com", "cgi-bin", ".office.com", ".office365.com"),
    "logic.azure.com",
)
_STAND_IN = re.compile(r"x{4}|0{8}|your|token|webhook|example|placeholder|secret", re.IGNORECASE)
_SLASHES = re.compile(_SLASH)
_LEAST_SLACK = 20


def _webhook(match: re.Match[str]) -> float | None:
    """The vendors' own pages show addresses with a stand-in for the secret."""
    name, part = next((name, value) for name, value in match.groupdict().items() if name != "v" and value is not None)
    parts = _SLASHES.split(part)
    if name == "slack" and sum(map(len, parts)) + len(parts) - 1 < _LEAST_SLACK:
        return None
    return None if _STAND_IN.search(parts[-1]) or len({*parts[-1]}) < 6 else 0.95


RULES = (
    Rule(
        "api_key",
        rf"(?:(?<![0-9A-Za-z_.-])|(?<=%[0-9A-F][0-9A-F]))(?P<v>(?:[Hh][Tt][Tt][Pp][Ss]?{_COLON}{_SLASH}{_SLASH})?(?:{'|'.join(_ADDRESSES)}))",
        Near(needles=_HOSTS, before=120, after=1_000, any_case=True),
        _webhook,
        secret=True,
        reach=1_000,
        token=True,
    ),
)
