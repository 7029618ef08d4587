from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from personal.samples import Sample, near_misses, samples
from support.growth import nothing_collected

from moderation.personal.find import KINDS, Found, _matches, find, redact
from moderation.personal.folding import fold

SAMPLES = list(samples(1, 6))
FILLER = "今天天气很好，我们一起出去走走吧。The weather is fine, so let us go out. " * 12
SURE = 0.5


def kinds(text: str) -> list[str]:
    return [found.kind for found in find(text)]


def exact(sample: Sample) -> Found | None:
    return next((one for one in find(sample.text) if (one.kind, one.span) == (sample.kind, sample.span)), None)


# ---- what is found


@pytest.mark.parametrize("kind", sorted({sample.kind for sample in SAMPLES}))
def test_made_up_samples_are_found_where_they_stand(kind: str) -> None:
    for sample in SAMPLES:
        if sample.kind == kind:
            found = exact(sample)
            assert found is not None, (sample, find(sample.text))
            assert found.score >= SURE or kind == "street_address", sample


def test_every_kind_has_samples() -> None:
    assert set(KINDS) - {sample.kind for sample in SAMPLES} == {"passport"}
    assert kinds("Passport number: 512345678") == ["passport"]


def test_words_that_name_it_never_make_it_less_sure() -> None:
    scores: dict[tuple[str, bool], list[float]] = {}
    for sample in SAMPLES:
        if found := exact(sample):
            scores.setdefault((sample.kind, sample.named), []).append(found.score)
    for kind in ("cn_resident_id", "cn_mobile", "bank_card", "us_ssn", "phone", "cn_address", "ip_address"):
        assert max(scores[kind, False]) <= max(scores[kind, True])
        if kind != "cn_resident_id":  # its old form, without a check digit, is only made with such words
            assert sum(scores[kind, False]) / len(scores[kind, False]) < sum(scores[kind, True]) / len(
                scores[kind, True]
            )


def test_near_misses_are_none() -> None:
    wrong: Counter[str] = Counter()
    for name, text in near_misses(1, 10):
        wrong[name] += any(found.score >= SURE for found in find(text))
    assert not wrong - Counter({"wrong_iban": 1})  # one check number in 97 is right by chance


@pytest.mark.parametrize(
    "sample", [one for one in SAMPLES if one.kind in {"cn_mobile", "cn_resident_id", "bank_card"}][::5]
)
def test_inside_a_longer_number_it_is_none(sample: Sample) -> None:
    value = sample.value
    if not (value.isascii() and value.replace("X", "").isdigit()):
        return
    assert sample.kind not in kinds(f"0{value}7")
    assert sample.kind not in kinds(f"{value}{value}")
    assert sample.kind not in kinds(f"a{value}b")


def test_secrets_are_told_from_personal_information() -> None:
    secret = {found.kind for sample in SAMPLES for found in find(sample.text) if found.secret}
    assert secret == {"api_key", "jwt", "password", "private_key"}


def test_a_private_key_that_is_cut_off_is_still_one() -> None:
    text = next(
        sample.text for sample in SAMPLES if sample.kind == "private_key" and sample.text.startswith("-----BEGIN")
    )
    cut = text[: len(text) * 2 // 3]
    (found,) = find(cut)
    assert found.kind == "private_key"
    assert found.span[1] >= len(cut) - 80
    assert kinds(text.replace("\n", "\\n")) == ["private_key"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("vx13812345678", "cn_mobile"),
        ("手机138-12345-678", "cn_mobile"),
        ("邮箱 li AT qq DOT com", "email"),
        ("john dot smith at gmail dot com", "email"),
        ("数据库密码abc12345", "password"),
        ("secret: 's3cr3tV4lue!'", "password"),
        ("Authorization: Bearer " + "a8Zk3Lq9Xw7P" * 3, "api_key"),
        ("call 555-123-4567", "phone"),
        ("1600 Pennsylvania Avenue NW, Washington, DC 20500", "street_address"),
        ("138.1234.5678", "cn_mobile"),
        ("(+86)138 1234 5678", "cn_mobile"),
        ("微信 wxid_abc123", "wechat_id"),
        ("4111 1111 1111 1111", "bank_card"),
        ("3782 822463 10005", "bank_card"),
        ("postgres://app:Zu7pw9qq@db.host.cn/x", "password"),
        ("AccountKey=" + "aB3/" * 21 + "xQ==", "api_key"),
        ("我的密码：123456", "password"),
        ("海淀区中关村大街27号", "cn_address"),
        ("27号院5号楼3单元502室", "cn_address"),
        ("ssn 536904399", "us_ssn"),
        ("电话02162345678", "cn_landline"),
        ("fe80::1ff:fe23:4567:890a", "ip_address"),
    ],
)
def test_other_forms(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:a/b.git",
        "a@2x.png",
        "price 13812345678元",
        "1.13812345678",
        "订单号13812345678",
        "运单号021-62345678",
        "12:30:45",
        "v1.2.3.4",
    ],
)
def test_other_near_misses(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "客服热线：400-810-8888",
            "请拨打4008108888",
            "电话 400 810 8888",
            "联系电话：800-820-8820",
            "电话 400-8108-888",
        ),
        *(
            "拨打+86 400 810 8888",
            "联系 +86-800-820-8820",
            "call 1-800-555-0199",
            "call (800) 555-0199",
            "phone 8005550199",
        ),
        *(
            "call +1 888 555 0199",
            "phone: 877-555-0123",
            "call 0800 123 4567",
            "Phone: 0800 111 222",
            "tel 0900 123 4567",
        ),
        *("拨打95588或10086", "电话：12345", "请致电 010-95588", "电话 1010 9666", "拨打 96110", "call 911 or 112"),
        *("reach us on +44 800 123 4567", "電話 0120-123-456"),
    ],
)
def test_numbers_of_services_are_nobodys_telephone(text: str) -> None:
    assert find(text) == []


def test_personal_numbers_beside_those_of_services_are_found() -> None:
    assert kinds("热线400-810-8888，或找我13812345678") == ["cn_mobile"]
    assert kinds("call 415-555-2671 or 800-555-0199") == ["phone"]
    assert kinds("+86 138 1234 5678") == ["cn_mobile"]
    assert kinds("电话 0851-85812345 或 021-40081234") == ["cn_landline", "cn_landline"]


def test_private_and_documentation_addresses_are_less_sure() -> None:
    assert all(
        found.score < SURE
        for text in ("192.168.1.20", "127.0.0.1", "203.0.113.7", "a.b@example.com")
        for found in find(text)
    )
    assert find("a.b@firma.com")[0].score >= 0.75


# ---- spans


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SAMPLES), st.text(max_size=30), st.text(max_size=30))
def test_spans_are_in_order_apart_and_inside(sample: Sample, before: str, after: str) -> None:
    text = f"{before} {sample.text} {after}"
    found = find(text)
    ends = [0, *(one.span[1] for one in found)]
    assert all(start >= end for (start, _), end in zip((one.span for one in found), ends, strict=False))
    assert all(0 <= one.span[0] < one.span[1] <= len(text) and 0 < one.score <= 1 for one in found)
    assert find(text) == found


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(SAMPLES), st.integers(0, 2), st.integers(0, 2))
def test_a_long_text_around_it_changes_nothing(sample: Sample, before: int, after: int) -> None:
    lead = (FILLER * before) + "。\n"
    found = find(lead + sample.text + "\n。" + FILLER * after)
    alone = find("。\n" + sample.text + "\n。")
    assert [(one.kind, one.span[0] - len(lead), one.score) for one in found] == [
        (one.kind, one.span[0] - 2, one.score) for one in alone
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([one for one in SAMPLES if one.kind in {"cn_mobile", "bank_card", "cn_resident_id"}]), st.randoms()
)
def test_unseen_characters_and_other_digits_hide_nothing(sample: Sample, random: Random) -> None:
    disguised, start, end = "", 0, 0
    for index, character in enumerate(sample.text):
        if index == sample.span[0]:
            start = len(disguised)
        if sample.span[0] < index < sample.span[1] and random.random() < 0.2:
            disguised += random.choice("\u200b\u200d\ufeff\u00ad")
        disguises = character.isascii() and character.isdigit()
        disguised += chr(random.choice([0x30, 0xFF10, 0x660, 0x1D7CE]) + int(character)) if disguises else character
        if index == sample.span[1] - 1:
            end = len(disguised)
    assert (sample.kind, (start, end)) in [(one.kind, one.span) for one in find(disguised)]


def test_every_decimal_digit_is_folded() -> None:
    for code in range(0x80, 0x1FC00):
        if unicodedata.category(chr(code)) == "Nd":
            assert fold(chr(code)).text == str(unicodedata.decimal(chr(code))), hex(code)


# ---- redaction


@pytest.mark.parametrize("sample", SAMPLES[::7])
def test_what_was_found_is_gone_from_the_redacted_text(sample: Sample) -> None:
    found = find(sample.text)
    redacted = redact(sample.text, found)
    assert sample.value not in redacted
    assert f"[{sample.kind}]" in redacted
    assert redact(sample.text, list(reversed(found))) == redacted


def test_redacting_keeps_the_rest_and_stands_overlaps() -> None:
    text = "a 13812345678 b"
    assert redact(text, find(text)) == "a [cn_mobile] b"
    assert redact(text, []) == text
    overlapping = [Found("x", (2, 8), 0.9, False), Found("y", (5, 13), 0.9, False), Found("z", (13, 14), 0.9, False)]
    assert redact(text, overlapping) == "a [x][z]b"


# ---- hostile texts

HOSTILE = {
    "digits": "7", "sign": "@", "begin": "-----BEGIN", "header": "-----BEGIN PRIVATE KEY-----",
    "mail": "a@a.", "eyJ": "eyJ-", "mails": "a.",
    "putty": "PuTTY-User-Key-File-2:", "password": "password:", "doors": "北京1号", "letters": "a", "colons": "0:",
    "dots": "1.1.", "roads": "路", "ones": "一", "hex": "0123456789abcdef", "key": "sk-proj-", "spaced": "1 3 8 ",
    "identity": "1 1 0 1 0 5 1 9 4 9 1 2 3 1 ", "card": "4 1 1 ", "wide": "ü@ü.", "option": " -pA1!", "han": "张三@张.",
    "hook": "open.feishu.cn/open-apis/bot/", "query": "oapi.dingtalk.com/robot/send?a=b&c=", "postcode": "M1 1AE ",
    "envelope": "1 A Road, ", "said": "a at b dot ",
    "underscore": "a underscore ", "apart": "a@b . ", "at": " at a.b", "stops": "a@b。", "points": "a 艾特 b 点 ",
    "encoded": "hooks.slack.com%2Fservices%2F", "flow": "a.b.logic.azure.com", "capitals": "1 Aaa Bbb, Ccc ",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_length_and_no_faster(name: str) -> None:
    unit = HOSTILE[name]

    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        with nothing_collected():
            started = time.process_time()
            find(text)
            return time.process_time() - started

    seconds(10_000)
    small, large = min(seconds(30_000) for _ in range(3)), seconds(300_000)
    assert large < 30 * small + 0.3, (small, large)  # ten times the text; a square would be a hundred times
    assert large < 5


class Sliced(str):
    """Knows the longest piece that was ever cut out of it."""

    longest = 0

    def __getitem__(self, key: Any) -> str:
        piece = super().__getitem__(key)
        self.longest = max(self.longest, len(piece))
        return piece


def test_no_check_copies_the_text_around_a_match() -> None:
    known = [*(sample.text for sample in SAMPLES), "a4111111111111111 使014578 a使123456 使123456。 ASDF M1 1AE "]
    text = Sliced("\n".join(known) * 3)
    matches = [(rule, match) for rule, match in _matches(text) if match.string is text]
    assert {rule.kind for rule, _ in matches} == {*KINDS}
    for rule, match in matches:
        text.longest = 0
        rule.check(match)
        assert text.longest < 1_000, (rule.kind, match[0])


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789 -@.:=eyJskA北京市路号室一三密码是/+()[]\u200b１", max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    assert redact(text, find(text)) is not None


# ---- pages

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_s_examples_hold() -> None:
    names: dict[str, Any] = {}
    for example in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "personal.md").read_text(), re.DOTALL):
        exec(example, names)
    assert names["found"]


def test_the_model_card_names_every_kind() -> None:
    card = (ROOT / "models" / "personal" / "README.md").read_text()
    assert {kind for kind in KINDS if f"`{kind}`" not in card} == set()


@pytest.mark.parametrize(
    ("text", "secret"),
    [("密码是：123456", "123456"), ("我的密码是： abc12345", "abc12345"), ("password is: hunter22", "hunter22")],
)
def test_a_password_may_be_told_by_two_signs(text: str, secret: str) -> None:
    assert [(found.kind, text[slice(*found.span)]) for found in find(text)] == [("password", secret)]
