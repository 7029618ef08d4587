"""How sure a find is, as docs/personal.md says it."""

from __future__ import annotations

import base64

import pytest

from moderation.personal.find import find

KEY = base64.b64encode(bytes(range(96))).decode()


@pytest.mark.parametrize(
    ("text", "kind", "score"),
    [
        (f"-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----", "private_key", 0.99),
        ("身份证号 11010519491231002X", "cn_resident_id", 0.98),
        ("Card number: 4111 1111 1111 1111", "bank_card", 0.98),
        ("11010519491231002X", "cn_resident_id", 0.95),
        ("110105 19491231 002X", "cn_resident_id", 0.95),
        ("DE89370400440532013000", "iban", 0.95),
        ("ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", "api_key", 0.95),
        ("车牌京A12345", "cn_plate", 0.95),
        ("4111 1111 1111 1111", "bank_card", 0.9),
        ("SSN 536-22-1234", "us_ssn", 0.9),
        ("我的手机号是13812345678", "cn_mobile", 0.85),
        ("4111111111111111", "bank_card", 0.8),
        ("jane.doe@acme-corp.com", "email", 0.75),
        ("13812345678", "cn_mobile", 0.75),
        ("+44 20 7946 0958", "phone", 0.75),
        ("京A12345", "cn_plate", 0.75),
        ("51.15.20.33", "ip_address", 0.7),
        ("出生日期：1990-01-02", "date_of_birth", 0.65),
        ("姓名：王小明", "person_name", 0.5),
        ("我叫王小明", "person_name", 0.4),
        ("110105491231002", "cn_resident_id", 0.35),
        ("info@acme-corp.com", "email", 0.35),
        ("8.8.4.4", "ip_address", 0.3),
    ],
)
def test_a_find_is_as_sure_as_the_page_says(text: str, kind: str, score: float) -> None:
    assert [(one.kind, one.score) for one in find(text)] == [(kind, score)]
