"""Addresses of incoming webhooks: whoever has one can write into the group, so they are secrets.

Forms as the vendors document them: Slack, Discord, Feishu and Lark, DingTalk, WeCom. With or without the scheme, which
chats leave out. What it does not know: a self-hosted chat's address, and one that goes through a proxy.
"""

from __future__ import annotations

import re

from moderation.personal.rules import Near, Rule

_UUID = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_BEFORE = r"(?:[0-9A-Za-z_]{1,20}=[0-9A-Za-z%+/=_.-]{0,80}&){0,3}"  # other parts of the query
_ADDRESSES = (
    r"(?i:hooks\.slack\.com)/(?:services|workflows|triggers)/(?P<slack>[0-9A-Za-z_/+-]{20,120}+)",
    r"(?i:(?:(?:ptb|canary)\.)?discord(?:app)?\.com)/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{16,21}/(?P<discord>[0-9A-Za-z_-]{50,90}+)",
    rf"(?i:open\.(?:feishu\.cn|larksuite\.com))/open-apis/bot/(?:v2/)?hook/(?P<feishu>{_UUID}|[0-9A-Fa-f]{{32}})(?![0-9A-Za-z_-])",
    rf"(?i:oapi\.dingtalk\.com)/robot/send(?:_card)?\?{_BEFORE}access_token=(?P<dingtalk>[0-9A-Fa-f]{{32,64}}+)(?![0-9A-Za-z_-])",
    rf"(?i:qyapi\.weixin\.qq\.com)/cgi-bin/webhook/(?:send|upload_media)\?{_BEFORE}key=(?P<wecom>{_UUID})(?![0-9A-Za-z_-])",
)
_HOSTS = ("hooks.slack.com/", "/webhooks/", "/open-apis/bot/", "oapi.dingtalk.com/", "/cgi-bin/webhook/")
_STAND_IN = re.compile(r"x{4}|0{8}|your|token|webhook|example|placeholder|secret", re.IGNORECASE)


def _webhook(match: re.Match[str]) -> float | None:
    """The vendors' own pages show addresses with a stand-in for the secret."""
    part = next(value for name, value in match.groupdict().items() if name != "v" and value is not None)
    return None if _STAND_IN.search(part.rstrip("/").rpartition("/")[2]) or len({*part}) < 6 else 0.95


RULES = (
    Rule(
        "api_key",
        rf"(?<![0-9A-Za-z_.-])(?P<v>(?:[Hh][Tt][Tt][Pp][Ss]?://)?(?:{'|'.join(_ADDRESSES)}))",
        Near(needles=_HOSTS, before=60, after=420, any_case=True),
        _webhook,
        secret=True,
        reach=470,
        token=True,
    ),
)
