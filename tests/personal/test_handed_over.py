"""Addresses as people hand them over, and what is only written like one: mail, British addresses, webhooks."""

from __future__ import annotations

import pytest
from support.given_away import GivenAwayContract

from moderation.personal.find import find

UUID = "0a1b2c3d-4e5f-6a7b-8c9d-0e1f2a3b4c5d"
HEX = "0a1b2c3d4e5f67890a1b2c3d4e5f6789"
SLACK = "https://hooks.slack.com/services/T024BE7LD/B024BE7LE/aB3xYzQ9wErTy12345678AbC"
DINGTALK = f"https://oapi.dingtalk.com/robot/send?timestamp=17000&sign=aB%2B3%3D&access_token={HEX * 2}"
TEAMS = f"https://acme.webhook.office.com/webhookb2/{UUID}@{UUID}/IncomingWebhook/{HEX}/{UUID}"
WORKFLOW = (
    f"https://prod-12.westus.logic.azure.com:443/workflows/{HEX}/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=aB3xYzQ9wErTy12345678AbCaB3xYzQ9wErTy123456"
)


def encoded(address: str) -> str:
    signs = {"%": "%25", ":": "%3A", "/": "%2F", "?": "%3F", "=": "%3D", "&": "%26", "@": "%40"}
    return "".join(signs.get(sign, sign) for sign in address)


MAIL = [
    ("zhangwei at qq.com", "zhangwei at qq.com"),
    ("reach me: zhang.wei at qq.com.", "zhang.wei at qq.com"),
    ("zhang.wei at qq.com is mine", "zhang.wei at qq.com"),
    ("加我 li88wei at 163.com", "li88wei at 163.com"),
    ("email zhangwei at qq.com please", "zhangwei at qq.com"),
    ("my email is zhang at firma.de", "zhang at firma.de"),
    ("我的邮箱 zhang at firma.de", "zhang at firma.de"),
    ("From: john.smith at company.com (John Smith)", "john.smith at company.com"),
    ("john at gmail . com", "john at gmail . com"),
    ("john@gmail . com", "john@gmail . com"),
    ("john @ gmail . com please", "john @ gmail . com"),
    ("john@gmail. Com", "john@gmail. Com"),
    ("john@yahoo . co . uk", "john@yahoo . co . uk"),
    ("zhangwei@qq。com", "zhangwei@qq。com"),
    ("zhangwei@qq,com", "zhangwei@qq,com"),
    ("zhangwei@qq，com", "zhangwei@qq，com"),
    ("我的邮箱 zhang 艾特 qq 点 com", "zhang 艾特 qq 点 com"),
    ("邮箱zhang_wei艾特 qq点com", "zhang_wei艾特 qq点com"),
    ("我的邮箱zhang_wei 艾特 qq 点 com，谢谢", "zhang_wei 艾特 qq 点 com"),
    ("zhang圈a qq点com", "zhang圈a qq点com"),
    ("zhang at qq 点 com", "zhang at qq 点 com"),
    ("zhang下划线wei艾特qq点com", "zhang下划线wei艾特qq点com"),
    ("zhang 点 wei 艾特 qq 点 com", "zhang 点 wei 艾特 qq 点 com"),
    ("晚上8点zhang艾特qq点com", "zhang艾特qq点com"),
    ("write john underscore smith at gmail dot com", "john underscore smith at gmail dot com"),
    ("john dot q dot smith at gmail dot com thanks", "john dot q dot smith at gmail dot com"),
    ("john dash smith at big dash firm dot com", "john dash smith at big dash firm dot com"),
    ("john underscore smith@gmail.com", "john underscore smith@gmail.com"),
    ("john at gmail (dot) com", "john at gmail (dot) com"),
    ("The dash john at gmail dot com", "john at gmail dot com"),
    ("see the dot foo@firma.com", "foo@firma.com"),
    ("邮箱:wangfang#163.com，#换@", "wangfang#163.com"),
    ("邮箱 wangfang小老鼠163.com", "wangfang小老鼠163.com"),
    ("jane<at>gmail<dot>com", "jane<at>gmail<dot>com"),
    ("mail john@gmail.com. Org charts follow", "john@gmail.com"),
]
BRITISH = [
    ("I live in SW1A 1AA", "SW1A 1AA"),
    ("I live in M1 1AE", "M1 1AE"),
    ("we are living in central London, SW1A 1AA", "SW1A 1AA"),
    ("Your delivery to: M1 2AB", "M1 2AB"),
    ("my address is M1 2AB", "M1 2AB"),
    ("the address is SW1A 1AA", "SW1A 1AA"),
    ("1 Strand, London WC2N 5HR", "1 Strand, London WC2N 5HR"),
    ("23 Cheapside, London EC2V 6AX.", "23 Cheapside, London EC2V 6AX"),
    ("at 27 Broad Oak, Groby, Leicester LE6 0AB", "27 Broad Oak, Groby, Leicester LE6 0AB"),
    ("5 Castle Street, Newcastle upon Tyne NE1 4ST", "5 Castle Street, Newcastle upon Tyne NE1 4ST"),
    ("12 HIGH STREET, LONDON, SW1A 1AA", "12 HIGH STREET, LONDON, SW1A 1AA"),
    ("16 acacia avenue, leeds ls1 4ab", "ls1 4ab"),
    (
        "10 Park Ave, Hale Village, Altrincham, Greater Manchester, England, United Kingdom WA15 8AA",
        "10 Park Ave, Hale Village, Altrincham, Greater Manchester, England, United Kingdom WA15 8AA",
    ),
]
WEBHOOKS = [
    ("{}", encoded(SLACK)),
    ("https://a.cn/?u={}&x=1", encoded(encoded(SLACK))),
    ('"url": "{}"', SLACK.replace("/", "\\/")),
    ("to={}", encoded(DINGTALK)),
    ("{}", DINGTALK),
    ("发到 {}。", TEAMS),
    ("发到 {}。", encoded(TEAMS)),
    ("{}", f"{TEAMS}/V2abcDEF_123-x"),
    ("{}", f"outlook.office.com/webhook/{UUID}@{UUID}/IncomingWebhook/{HEX}/{UUID}"),
    ("webhook: {}", WORKFLOW),
    ("u={}", encoded(WORKFLOW)),
    ("u%3D{}", encoded(f"open.feishu.cn/open-apis/bot/v2/hook/{UUID}")),
]
FOUND = [
    *((text, "email", value) for text, value in MAIL),
    *((text, "street_address", value) for text, value in BRITISH),
    *((frame.format(address), "api_key", address) for frame, address in WEBHOOKS),
]
NONE = [
    "I work at google.com",
    "bugs found at github.com and games at qq.com",
    "see README.md at github.com, or vue.js at unpkg.com",
    "email templates at hubspot.com",
    "contact lenses at walmart.com",
    "Free mail at gmail.com",
    "see release 5 at google dot com",
    "see docs.cn/page#intro.com or C#9.com",
    "the new inbox at gmail.com",
    "join us at www.firma.com",
    "our site at www dot firma dot com",
    "our site forum (at) www (dot) firma (dot) com",
    "look at google.com/maps",
    "John Smith at mit.edu",
    "he ended up at home . com",
    "contact support at gmail.com",
    "me @ home, in bed",
    "me @ home,net",
    "I am john@work. Net income rises",
    "我是 me@home。不过",
    "关注艾特 8 点 见",
    "我 at 公司 点 外卖",
    "the memory address is E0 1FF",
    "the address is B8 8AA",
    "Address: B8 8AA",
    "MAC address: E1 4AB",
    "2 kids walk to school in class B1 2AB",
    "5 people live close to room E1 2AB",
    "Bus 12 will drive via stop B1 1AA",
    "Bus 12 Oxford, Leeds LS1 4AB",
    "on 12 June, London WC2N 5HR",
    "10 apples, London, stop B1 1AA",
    "I live in the E10 2GB model",
    "we live in room B1 2AB",
    "Your delivery to bay M1 2AB",
    "10 High Street, Room E1 2AB",
    "I live in E0 1FF",
    "https://hooks.slack.com/services/T024BE7LD",
    encoded("https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"),
    f"https://acme.webhook.office.com/webhookb2/{UUID}@{UUID}/IncomingWebhook/{'0' * 32}/{UUID}",
    "https://prod-12.westus.logic.azure.com/workflows",
]


class TestHandedOver(GivenAwayContract):
    found = FOUND
    none = NONE


@pytest.mark.parametrize("text", ["write to zhang wei at qq.com", "my friend zhang at gmail.com"])
def test_a_word_at_a_mail_provider_is_a_hint_at_least(text: str) -> None:
    assert [one.kind for one in find(text)] == ["email"]


def test_offices_and_made_up_hosts_are_doubtful_however_they_are_said() -> None:
    for text in ("support at firma dot com", "john@example . com", "email: info at firma.de", "a at example dot com"):
        assert all(one.score < 0.5 for one in find(text)), text
