"""Numbers that China gives out: identity, telephone, travel, vehicles, companies.

Sources of the forms: GB 11643 (resident identity number), GB 32100 (unified social credit code), GA 36 (number plates),
the numbering plan of the MIIT (mobile prefixes as of 2024), the National Immigration Administration (travel papers).
A number whose check digit is wrong is not that number, whatever stands beside it.
"""

from __future__ import annotations

import re

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from moderation.personal.rules import (
    BEFORE_CHARS,
    CHECKED,
    CHECKED_AND_NAMED,
    DIGITS,
    FORM,
    NAMED,
    NUMERALS,
    WEAK,
    Near,
    Rule,
    after_words,
    digits_of,
    is_reference,
    named,
    words,
)

PROVINCES = frozenset(
    f"{code}"
    for codes in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(codes[0], codes[1] + 1)
)  # 81 to 83: residence permits of people from Hong Kong, Macau and Taiwan
_APART = r"(?<![0-9A-Za-z_])"
_END = r"(?![0-9A-Za-z_])"

_ID_WORDS = words(
    r"身份证|身分证|证件号|居住证|公民身份|驾驶证|驾照|永久居留|居留证|\bID (?:card|number|no)|identity|permanent resid"
)
_PHONE_WORDS = words(
    r"手机|电话|联系|致电|拨打|来电|短信|热线|微信|加我|mobile|phone|cell|call|\btel\b|whatsapp|contact|\btext\b"
)
_CHINESE_PHONE_WORDS = words(
    r"电话|座机|固话|联系|致电|拨打|传真|号码|\btel\b"
)  # without marks it may be any country's
_PASSPORT_WORDS = words(r"护照|passport")
_PERMIT_WORDS = words(r"通行证|回乡证|台胞证|港澳|permit")
_PLATE_WORDS = words(r"车牌|牌照|号牌|车号|license plate|plate")
_COMPANY_WORDS = words(r"信用代码|社会信用|税号|纳税人|营业执照|开票|credit code|uscc|tax")
_INSURANCE_WORDS = r"(?:社保卡?号?|社会保障(?:卡)?号码?|医保卡?号?|医疗保险号|公积金账?号|军官证号?|学号)"
_HK_WORDS = words(r"hkid|香港身份证|hong kong id|身份证|identity")


def _resident_id(match: re.Match[str]) -> float | None:
    number = re.sub(r"[^0-9Xx]", "", match["v"]).upper()
    # since 2023 a foreigner's permanent residence: 9, province, the country's number, and the rest as for citizens
    province = number[1:3] if number[0] == "9" else number[:2]
    if province not in PROVINCES or not is_date(number[6:14]) or ric.calc_check_digit(number) != number[-1]:
        return None
    if named(match, _ID_WORDS):
        return CHECKED_AND_NAMED
    return FORM if re.search(r"[\r\n/*]", match["v"]) else 0.95  # three columns of a table pass one time in eleven


def _spelled_id(match: re.Match[str]) -> float | None:
    number = match["v"].translate(_SPELLED).upper()
    if match["v"].isascii() or number[:2] not in PROVINCES or not is_date(number[6:14]):
        return None
    if ric.calc_check_digit(number) != number[-1]:
        return None
    return CHECKED_AND_NAMED if named(match, _ID_WORDS) else CHECKED


def is_date(digits: str) -> bool:
    """Whether YYYYMMDD is a day."""
    try:
        ric.get_birth_date(f"110101{digits}0000")
    except ValidationError:
        return False
    return True


def _old_resident_id(match: re.Match[str]) -> float | None:
    number = match["v"]
    if number[:2] not in PROVINCES or not is_date(f"19{number[6:12]}"):
        return None
    if named(match, _ID_WORDS):
        return NAMED
    return None if is_reference(match) else WEAK


def _mobile(match: re.Match[str]) -> float | None:
    if is_reference(match) and not named(match, _PHONE_WORDS):
        return None
    if _TIME_ZONE.search(match.string, max(0, match.start("v") - 5), match.start("v")):
        return None
    if named(match, _PHONE_WORDS) or match["country"]:
        return NAMED
    digits = digits_of(match["v"])[-11:]
    return 0.75 if _ASSIGNED.match(digits) else 0.5


def _spread_mobile(match: re.Match[str]) -> float | None:
    """In groups of any size but one digit: only where words before it say so."""
    groups = re.split("[ .-]", match["v"])
    if min(map(len, groups)) < 2 or is_reference(match):
        return None
    before = max(0, match.start("v") - BEFORE_CHARS)
    return 0.8 if _CALL_WORDS.search(match.string, before, match.start("v")) else None


_TIME_ZONE = re.compile(r"(?:UTC|GMT) ?\+?$")
_CALL_WORDS = words(r"手机|电话|致电|拨打|联系方式|phone|mobile|\btel\b|\bcell\b")
_ASSIGNED = re.compile(r"1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])")


_NO_AREA = re.compile(r"\(?0[3-9]00")  # 0800 is free of charge, and elsewhere; no area of China ends in 00


def _landline(match: re.Match[str]) -> float | None:
    if _NO_AREA.match(match["v"]):
        return None
    apart = re.search("[-)]", match["v"]) is not None
    if named(match, _PHONE_WORDS if apart else _CHINESE_PHONE_WORDS):
        return 0.8
    return None if not apart or is_reference(match) else 0.5


_NUMERAL = rf"[0-9{NUMERALS}]"
_SPELLED = str.maketrans(NUMERALS, "0012345678912345678912")


def _spelled_mobile(match: re.Match[str]) -> float | None:
    if match["v"].isascii():
        return None
    if named(match, _PHONE_WORDS):
        return 0.8
    return 0.7 if _ASSIGNED.match(match["v"].translate(_SPELLED)) else None


def _passport(match: re.Match[str]) -> float | None:
    if named(match, _PASSPORT_WORDS):
        return NAMED
    # E and eight digits is by far the most common today; all other forms are those of much else
    return WEAK if re.fullmatch(r"E[0-9]{8}", match["v"]) and not is_reference(match) else None


def _permit(match: re.Match[str]) -> float | None:
    return NAMED if named(match, _PERMIT_WORDS) else None


_AMOUNT = re.compile(r" ?(?:元(?![旦宵月])|块|亿|万(?!一)|股|分钟|秒|%)")


def _plate(match: re.Match[str]) -> float | None:
    serial = match["serial"]
    if len(digits_of(serial)) < 2:
        return None
    if named(match, _PLATE_WORDS):
        return 0.95
    if _AMOUNT.match(match.string, match.end("v")):
        return None
    return 0.75 if len(digits_of(serial)) >= 3 and match["v"].upper() == match["v"] else WEAK


def _spread_plate(match: re.Match[str]) -> float | None:
    """With blanks within: a name beside it, or all but one of the blanks away and figures only."""
    serial = match["serial"]
    if len(digits_of(serial)) < 2:
        return None
    if named(match, _PLATE_WORDS):
        return 0.9
    if match["v"].upper() != match["v"] or _AMOUNT.match(match.string, match.end("v")):
        return None
    return 0.5 if match["lead"].isalpha() and re.fullmatch("[0-9]{2,3} [0-9]{2,3}", serial) else None


def _police_plate(match: re.Match[str]) -> float | None:
    return 0.95 if named(match, _PLATE_WORDS) else 0.75


def _embassy_plate(match: re.Match[str]) -> float | None:
    if named(match, _PLATE_WORDS):
        return 0.95
    before, after = (
        match.string[max(0, match.start("v") - 1) : match.start("v")],
        match.string[match.end("v") : match.end("v") + 1],
    )
    number = digits_of(
        match["v"]
    )  # 使 is a verb, too: the country's code is below 400, and a round number is an amount
    return None if before.isalpha() or after.isalpha() or number > "4" or number.endswith("00") else 0.5


def _credit_code(match: re.Match[str]) -> float | None:
    written = match["v"]
    code = re.sub(r"[ .·-]", "", written).upper()
    if uscc.calc_check_digit(code) != code[-1] or (code[2:4] not in PROVINCES and code[2:4] != "10"):
        return None
    if named(match, _COMPANY_WORDS):
        return CHECKED_AND_NAMED
    before = match.string[max(0, match.start("v") - 1) : match.start("v")]
    if len(written) > len(code) or before == "_" or (before.isascii() and before.isalpha()):
        # words and columns of figures would pass one time in a hundred
        is_plain = len(written) - len(code) <= 4 and written.isupper() and not code.isdigit()
        return FORM if is_plain else None
    return CHECKED if not code.isdigit() else FORM  # 18 plain digits: one in 31 would pass by chance


def _hong_kong_id(match: re.Match[str]) -> float | None:
    letters, digits, check = match["letters"].upper().rjust(2), match["digits"], match["check"].upper()
    values = [36 if letter == " " else ord(letter) - 55 for letter in letters] + [int(digit) for digit in digits]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    if (total + (10 if check == "A" else int(check))) % 11:
        return None
    if named(match, _HK_WORDS):
        return CHECKED_AND_NAMED
    return 0.8 if "(" in match["v"] else None


def _named_number(match: re.Match[str]) -> float | None:
    return 0.7 if len(digits_of(match["v"])) >= 6 else None


_PROVINCE_CHARACTERS = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使"
_SPELLED_OUT = Near(patterns=(re.compile(rf"[{NUMERALS}]{_NUMERAL}{{2}}"),), before=18, after=40)
_PLATES = Near(patterns=(re.compile(rf"[{_PROVINCE_CHARACTERS}][ ·-]?[A-Za-z0-9]"),), before=8, after=24, digit=True)
_SERIAL = "A-HJ-NP-Za-hj-np-z0-9"

_S = r"[ .·*_/\r\n-]{0,2}"  # between two digits of an identity number; its day and check digit make that safe
_PROVINCE = "(?:" + "|".join(
    f"{first}{_S}{second}"
    for first, second in (
        *(("1", "[1-5]"), ("2", "[1-3]"), ("3", "[1-7]"), ("4", "[1-6]")),
        *(("5", "[0-4]"), ("6", "[1-5]"), ("7", "1"), ("8", "[1-3]")),
    )
) + ")"  # fmt: skip
_IDENTITY = _S.join(
    (
        f"(?:{_PROVINCE}{_S}[0-9]|9{_S}{_PROVINCE})",
        *["[0-9]"] * 3,
        f"(?:1{_S}9|2{_S}0)",
        *["[0-9]"] * 2,
        f"(?:0{_S}[1-9]|1{_S}[0-2])",
        f"(?:0{_S}[1-9]|[12]{_S}[0-9]|3{_S}[01])",
        *["[0-9]"] * 3,
        "[0-9Xx]",
    )
)

RULES = (
    Rule(
        "cn_resident_id",
        rf"(?<![0-9])(?<![0-9][A-Za-z])(?P<v>{_IDENTITY})" + _END,  # also after letters, as in ID_1101…
        DIGITS,
        _resident_id,
        reach=56,
    ),
    Rule("cn_resident_id", _APART + r"(?P<v>[1-8][0-9]{14})" + _END, DIGITS, _old_resident_id, token=True),
    Rule(
        "cn_mobile",
        # after a word such as tel or vx the number may follow at once; a decimal, a price or a hash is none
        r"(?:(?<![0-9A-Za-z_.$¥€£#])|(?<=[Tt][Ee][Ll])|(?<=[Vv][Xx])|(?<=[Ww][Xx])|(?<=[Ee]:)|(?<=[^0-9]\.))"
        r"(?P<v>(?P<country>(?:\(?(?:\+|00) ?86\)?[ -]?|86[ -]?)?)"
        r"1[3-9](?:[0-9]{9}|[0-9](?P<a>[ .-])[0-9]{4}(?P=a)[0-9]{4}|[0-9](?P<b>[ .-])"
        r"(?:[0-9]{3}(?P=b)[0-9]{5}|[0-9]{5}(?P=b)[0-9]{3})"
        r"|[0-9]{2}(?P<c>[ .-])[0-9]{3}(?P=c)[0-9]{4}|[0-9] - [0-9]{4} - [0-9]{4}"
        r"|[0-9]{3}(?P<d>[ -])[0-9]{6}|[0-9](?P<f>[ -])[0-9]{8})"
        # digit by digit, and not a stretch of a longer number that is written so
        r"|(?:(?<![0-9][ .*_-])|(?<=86[ -]))1(?P<e>[ .*_-])[3-9](?:(?P=e)[0-9]){9}(?!(?P=e)[0-9Xx](?![0-9A-Za-z])))"
        r"(?![0-9A-Za-z_]|\.[0-9]|,[0-9]{3}|元|\*)",
        DIGITS,
        _mobile,
        reach=40,
    ),
    Rule(
        "cn_mobile",
        rf"(?<!{_NUMERAL})(?P<v>[1一幺壹][3-9三四五六七八九叁肆伍陆柒捌玖]{_NUMERAL}{{9}})(?!{_NUMERAL}|[十百千万])",
        _SPELLED_OUT,
        _spelled_mobile,
        token=True,
    ),
    Rule(
        "cn_resident_id",
        rf"(?<!{_NUMERAL})(?P<v>(?![90〇零玖九]){_NUMERAL}{{6}}(?:[1一幺壹][9九玖]|[2二贰两][0〇零]){_NUMERAL}{{2}}[0〇零1一幺壹]"
        rf"{_NUMERAL}[0-3〇零一幺壹二贰两三叁]{_NUMERAL}{{4}}(?:{_NUMERAL}|[Xx]))(?!{_NUMERAL}|[0-9A-Za-z_])",
        _SPELLED_OUT,
        _spelled_id,
        token=True,
    ),
    Rule(
        "cn_mobile",
        r"(?<![0-9A-Za-z_.$¥€£#+-])(?<![0-9] )(?P<v>1[3-9](?:[ .-]?[0-9]){9})(?![0-9A-Za-z_*元]|[ .,-][0-9])",
        DIGITS,
        _spread_mobile,
        reach=40,
    ),
    Rule(
        "cn_landline",
        r"(?<![0-9A-Za-z_.-])(?P<v>(?:(?:\+|00)86[ -]?)?\(?0(?:10|2[0-57-9]|[3-9][0-9]{2})\)?[ -]{0,2}[2-8][0-9]{2,3}"
        r"[ -]?[0-9]{4}(?:(?:-| ?转 ?)[0-9]{1,5})?)(?![0-9A-Za-z_.]|-[0-9])",
        DIGITS,
        _landline,
        reach=36,
    ),
    Rule(
        "cn_passport",
        _APART + r"(?P<v>(?:[EeGg][0-9]{8}|[Ee][A-HJ-NP-Za-hj-np-z][0-9]{7}|[DdSsPp][0-9]{7,8}|[DdSsPp][Ee][0-9]{7}"
        r"|1[45][0-9]{7}))" + _END,
        DIGITS,
        _passport,
        token=True,
    ),
    Rule(
        "cn_travel_permit",
        _APART + r"(?P<v>(?:[CcWw][0-9]{8}|[Cc][A-HJ-NP-Za-hj-np-z][0-9]{7}|[HhMm][0-9]{8}(?:[0-9]{2})?|[TtLl][0-9]{8}"
        r"|[0-9]{8}(?:[0-9]{2})?))" + _END,
        DIGITS,
        _permit,
        token=True,
    ),
    Rule(
        "cn_plate",
        rf"(?P<v>[{_PROVINCE_CHARACTERS}][A-HJ-NP-Za-hj-np-z][ ·-]?(?P<serial>[{_SERIAL}]{{4}}"
        rf"(?:[挂学警港澳领]|[{_SERIAL}]{{1,2}})))(?![0-9A-Za-z_])",
        _PLATES,
        _plate,
        reach=12,
    ),
    Rule(
        "cn_plate",
        rf"(?P<v>(?P<lead>[{_PROVINCE_CHARACTERS}][ ·-]?[A-HJ-NP-Za-hj-np-z])[ ·-]{{0,2}}"
        rf"(?P<serial>[{_SERIAL}](?:[ ·-]?[{_SERIAL}]){{4,5}}))(?![0-9A-Za-z_])",
        _PLATES,
        _spread_plate,
        reach=20,
    ),
    Rule(
        "cn_plate",
        rf"(?<![0-9A-Za-z_])(?P<v>WJ[ ·-]?[{_PROVINCE_CHARACTERS}][ ·-]?[0-9]{{4}}[0-9A-Z])(?![0-9A-Za-z_])",
        _PLATES,
        _police_plate,
        reach=12,
    ),
    Rule(
        "cn_plate",
        r"(?P<v>使[ ·-]?[0-9]{6})(?![0-9A-Za-z_])",
        _PLATES,
        _embassy_plate,
        reach=10,
    ),
    Rule(
        "cn_social_credit_code",
        r"(?<![0-9])(?<![0-9][A-Za-z])(?P<v>[1-9AGNYagny][ .·-]?[1-9A-Ga-g](?:[ .·-]?[0-9]){6}"
        r"(?:[ .·-]?[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]){10})" + _END,
        DIGITS,
        _credit_code,
        reach=40,
    ),
    Rule(
        "hk_id",
        _APART + r"(?P<v>(?P<letters>[A-Za-z]{1,2})(?P<digits>[0-9]{6})(?:\((?P<check>[0-9Aa])\)))(?![0-9A-Za-z_])",
        DIGITS,
        _hong_kong_id,
        token=True,
    ),
    Rule(
        "cn_social_insurance",
        _INSURANCE_WORDS + r"(?:[码是为]|[:： ]){0,3}(?P<v>[A-Za-z0-9]{6,20})" + _END,
        after_words("社保", "社会保障", "医保", "医疗保险", "公积金", "军官证", "学号", digit=True),
        _named_number,
    ),
)
