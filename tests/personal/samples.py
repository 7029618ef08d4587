"""Made-up numbers, keys and addresses in sentences, of both languages, and what looks like them and is none.

Everything comes from a seed; nobody's number is in here on purpose. Check digits are worked out from the standards' own
text, not with the library that the package uses.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

UPPER = string.ascii_uppercase
ALPHANUMERIC = string.ascii_letters + string.digits
URL_SAFE = ALPHANUMERIC + "_-"
HEXADECIMAL = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Sample:
    """A text with one thing to find; `named` if the words beside it say what it is."""

    kind: str
    language: str
    named: bool
    text: str
    span: tuple[int, int]

    @property
    def value(self) -> str:
        return self.text[slice(*self.span)]


def draw(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choice(alphabet) for _ in range(count))


def digits(random: Random, count: int) -> str:
    return draw(random, string.digits, count)


def key_text(random: Random, alphabet: str, count: int) -> str:
    """As `draw`, with a digit and no dash at its ends."""
    return draw(random, string.digits, 1) + draw(random, alphabet, count - 2) + draw(random, string.ascii_letters, 1)


# ---- numbers with check digits


def luhn_digit(payload: str) -> str:
    total = 0
    for index, character in enumerate(reversed(payload)):
        value = int(character) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def resident_id(random: Random) -> str:
    return _identity(random, random.choice(["110101", "310104", "440305", "510107", "330106", "650102", "810000"]))


def permanent_residence(random: Random) -> str:
    """Of a foreigner, since 2023: 9, the province, the country's number of ISO 3166."""
    return _identity(random, random.choice(["911124", "931840", "944392", "933276"]))


def _identity(random: Random, region: str) -> str:
    day = f"{random.randint(1930, 2015)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    body = region + day + digits(random, 3)
    weights = [pow(2, 17 - index, 11) for index in range(17)]
    remainder = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11
    return body + "10X98765432"[remainder]


def old_resident_id(random: Random) -> str:
    region = random.choice(["110101", "310104", "440305", "510107"])
    day = f"{random.randint(30, 85)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    return region + day + digits(random, 3)


def mobile(random: Random) -> str:
    return random.choice(["138", "139", "150", "155", "177", "186", "189", "199"]) + digits(random, 8)


def spelled_mobile(random: Random) -> str:
    return mobile(random).translate(str.maketrans(string.digits, "零一二三四五六七八九"))


def landline(random: Random) -> str:
    area = random.choice(["010", "021", "0755", "028", "0571"])
    return f"{area}-{random.randint(2, 8)}{digits(random, 7)}"


def bank_card(random: Random) -> str:
    start, length = random.choice(
        [("622202", 19), ("621700", 19), ("625050", 16), ("4367", 16), ("5425", 16), ("3530", 16), ("37", 15)]
    )
    payload = start + digits(random, length - len(start) - 1)
    return payload + luhn_digit(payload)


def social_credit_code(random: Random) -> str:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    organisation = "MA" + draw(random, alphabet, 7) if random.random() < 0.6 else digits(random, 9)
    body = random.choice(["91", "92", "12", "52"]) + random.choice(["110108", "310115", "440300"]) + organisation
    total = sum(alphabet.index(character) * pow(3, index, 31) for index, character in enumerate(body))
    return body + alphabet[-total % 31]


def hong_kong_id(random: Random) -> str:
    letter, number = random.choice(UPPER), digits(random, 6)
    total = (
        36 * 9
        + (ord(letter) - 55) * 8
        + sum(int(digit) * weight for digit, weight in zip(number, range(7, 1, -1), strict=True))
    )
    return f"{letter}{number}({'0123456789A'[-total % 11]})"


def iban(random: Random) -> str:
    body = "3704" + digits(random, 14)
    check = 98 - int(body + "131400") % 97
    text = f"DE{check:02}{body}"
    return " ".join(text[index : index + 4] for index in range(0, len(text), 4)) if random.random() < 0.5 else text


def imei(random: Random) -> str:
    payload = "86" + digits(random, 12)
    return payload + luhn_digit(payload)


# ---- numbers without


def plate(random: Random) -> str:
    province, letter = random.choice("京沪粤浙川苏鲁"), random.choice("ABCDEF")
    serial = random.choice(
        [digits(random, 5), random.choice("QNPM") + digits(random, 4), f"D{digits(random, 5)}", f"F{digits(random, 5)}"]
    )
    return f"{province}{letter}{random.choice(['', '·'])}{serial}"


def plain_plate(random: Random) -> str:
    return plate(random).replace("·", "")


def passport(random: Random) -> str:
    return random.choice([f"E{digits(random, 8)}", f"G{digits(random, 8)}", f"EJ{digits(random, 7)}"])


def ssn(random: Random) -> str:
    area = random.choice([random.randint(101, 650), random.randint(680, 890)])
    return f"{area}-{random.randint(10, 99)}-{random.randint(1000, 9999)}"


def phone(random: Random) -> str:
    area, exchange = random.choice(["212", "415", "617", "312"]), random.randint(320, 499)
    return random.choice(["({}) {}-{}", "{}-{}-{}", "+1 {} {} {}"]).format(area, exchange, digits(random, 4))


def british_phone(random: Random) -> str:
    return f"+44 20 7946 0{digits(random, 3)}"


def email(random: Random) -> str:
    name = draw(random, string.ascii_lowercase, 6)
    host = random.choice(["qq.com", "163.com", "gmail.com", "mail.sjtu.edu.cn", "firma.de"])
    return f"{name}{random.choice(['', '.wang', '_88', '+shop'])}@{host}"


def hidden_email(random: Random) -> str:
    return email(random).replace("@", random.choice([" (at) ", "[at]", "艾特"]))


def said_email(random: Random) -> str:
    """As people write it for others and not for machines."""
    name, more = draw(random, string.ascii_lowercase, 6), draw(random, string.ascii_lowercase, 5)
    host = random.choice(["qq", "163", "gmail", "foxmail"])
    return random.choice(
        [
            f"{name} at {host}.com",
            f"{name}.{more} at {host}.com",
            f"{name}@{host} . com",
            f"{name}@{host}。com",
            f"{name}@{host},com",
            f"{name} 艾特 {host} 点 com",
            f"{name}_{more}艾特 {host}点com",
            f"{name} underscore {more} at {host} dot com",
        ]
    )


def wide_email(random: Random) -> str:
    return random.choice(["张三@qq.com", "müller@web.de", "li@例子.中国", "иван@почта.рф", "王小明@firma.中国"])


def address(random: Random) -> str:
    place = random.choice(
        ["北京市海淀区中关村大街", "上海市浦东新区世纪大道", "广东省深圳市南山区科技园南路", "杭州市西湖区文三路"]
    )
    door = f"{random.randint(1, 999)}号"
    inner = f"{random.randint(1, 30)}栋{random.randint(1, 6)}单元{random.randint(101, 2804)}室"
    return place + door + random.choice(["", inner])


def street(random: Random) -> str:
    name = random.choice(["Maple Street", "Oak Hill Avenue", "Lincoln Blvd", "Fifth Ave"])
    return f"{random.randint(1, 9999)} {name}" + random.choice(["", ", Springfield, IL 62704", ", Apt 5B"])


def british_street(random: Random) -> str:
    street = random.choice(["Baker Street", "Park Road", "Acacia Close", "St Mary's Gardens"])
    town = random.choice([" London", ", Leeds", ", Milton Keynes,", "\nOxford\n"]).removesuffix("\n") + random.choice(
        [" ", "\n"]
    )
    area = random.choice(["SW1A", "LS1", "MK9", "OX14", "W1T", "EC2V"])
    return f"{random.randint(1, 300)} {street}{town}{area} {digits(random, 1)}{draw(random, 'ABDEFGHJLN', 2)}"


def british_line(random: Random) -> str:
    """A street without a word that says so."""
    street = random.choice(["Strand", "Cheapside", "Broad Oak", "Piccadilly"])
    town = random.choice(["London", "Groby, Leicester", "LONDON", "Newcastle upon Tyne"])
    area = random.choice(["WC2N", "LE6", "EC2V", "NE1"])
    return f"{random.randint(1, 300)} {street}, {town} {area} {digits(random, 1)}{draw(random, 'ABDEFGHJLN', 2)}"


def postcode(random: Random) -> str:
    return random.choice(["SW1A", "LS1", "M1", "OX14"]) + f" {digits(random, 1)}{draw(random, 'ABDEFGHJLN', 2)}"


def ip4(random: Random) -> str:
    return f"{random.randint(23, 99)}.{random.randint(21, 255)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


def ip6(random: Random) -> str:
    return "2400:" + ":".join(draw(random, HEXADECIMAL, 4) for _ in range(7))


def mac(random: Random) -> str:
    return ":".join(draw(random, HEXADECIMAL, 2) for _ in range(6))


# ---- secrets


def api_key(random: Random) -> str:
    make: list[Callable[[], str]] = [
        lambda: "AKIA" + draw(random, UPPER + "234567", 16),
        lambda: "ghp_" + key_text(random, ALPHANUMERIC, 36),
        lambda: "github_pat_" + key_text(random, ALPHANUMERIC, 22) + "_" + key_text(random, ALPHANUMERIC, 59),
        lambda: "glpat-" + key_text(random, URL_SAFE, 20),
        lambda: f"xoxb-{digits(random, 12)}-{digits(random, 12)}-" + key_text(random, ALPHANUMERIC, 24),
        lambda: "sk_live_" + key_text(random, ALPHANUMERIC, 24),
        lambda: "AIza" + key_text(random, URL_SAFE, 35),
        lambda: "sk-" + key_text(random, ALPHANUMERIC, 48),
        lambda: "sk-proj-" + key_text(random, URL_SAFE, 156),
        lambda: "sk-ant-api03-" + key_text(random, URL_SAFE, 95),
        lambda: "hf_" + draw(random, string.ascii_letters, 34),
        lambda: "npm_" + key_text(random, ALPHANUMERIC, 36),
        lambda: "pypi-AgEIcHlwaS5vcmc" + key_text(random, URL_SAFE, 120),
        lambda: "LTAI5t" + key_text(random, ALPHANUMERIC, 18),
        lambda: "AKID" + key_text(random, ALPHANUMERIC, 32),
        lambda: "SG." + key_text(random, URL_SAFE, 22) + "." + key_text(random, URL_SAFE, 43),
        lambda: f"{digits(random, 10)}:AA" + key_text(random, URL_SAFE, 33),
        lambda: draw(random, HEXADECIMAL, 32) + "." + key_text(random, ALPHANUMERIC, 16),
    ]
    return random.choice(make)()


def webhook(random: Random) -> str:
    """Of Slack, Discord, Feishu, Lark, DingTalk or WeCom."""
    uuid = "-".join(draw(random, HEXADECIMAL, count) for count in (8, 4, 4, 4, 12))
    return random.choice(
        [
            f"https://hooks.slack.com/services/T{digits(random, 8)}/B{digits(random, 8)}/"
            + key_text(random, ALPHANUMERIC, 24),
            f"https://discord.com/api/webhooks/{digits(random, 18)}/" + key_text(random, URL_SAFE, 68),
            f"https://open.feishu.cn/open-apis/bot/v2/hook/{uuid}",
            f"https://open.larksuite.com/open-apis/bot/v2/hook/{uuid}",
            "https://oapi.dingtalk.com/robot/send?access_token=" + draw(random, HEXADECIMAL, 64),
            f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={uuid}",
        ]
    )


def hidden_webhook(random: Random) -> str:
    """Inside another address, or in JSON."""
    address = webhook(random)
    return random.choice(
        [quote(address, safe=""), quote(quote(address, safe=""), safe=""), address.replace("/", "\\/")]
    )


def teams_webhook(random: Random) -> str:
    first, second, third = ("-".join(draw(random, HEXADECIMAL, n) for n in (8, 4, 4, 4, 12)) for _ in range(3))
    connector = draw(random, HEXADECIMAL, 32)
    return f"https://firma.webhook.office.com/webhookb2/{first}@{second}/IncomingWebhook/{connector}/{third}"


def jwt(random: Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": digits(random, 10), "iat": 1_516_239_022}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, draw(random, URL_SAFE, 42) + "Q"])


def private_key(random: Random) -> str:
    name = random.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"])
    lines = [draw(random, ALPHANUMERIC + "+/", 64) for _ in range(random.randint(3, 26))]
    return "\n".join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----"])


def password(random: Random) -> str:
    return (
        draw(random, string.ascii_lowercase, 5) + draw(random, "!@#$", 1) + digits(random, 3) + draw(random, UPPER, 2)
    )


def access_key(random: Random) -> str:
    return key_text(random, ALPHANUMERIC + "/+", 40)


# ---- sentences


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind is made and said: sentences with words that name it, and without; `{}` is its place."""

    kind: str
    make: Callable[[Random], str]
    named: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()


def _spaced(make: Callable[[Random], str], *groups: int, by: str = " ") -> Callable[[Random], str]:
    """As `make`, cut into groups of these lengths."""

    def made(random: Random) -> str:
        text, pieces = make(random), []
        for group in groups:
            pieces.append(text[:group])
            text = text[group:]
        return by.join(piece for piece in [*pieces, text] if piece)

    return made


def _full_width(make: Callable[[Random], str]) -> Callable[[Random], str]:
    return lambda random: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in make(random))


_ID_NAMED = ("我的身份证号是{}，请帮我办理。", "身份证：{}", "My Chinese ID card number is {}.")
_ID_PLAIN = ("{}", "麻烦登记一下 {} 谢谢", "Please register {} today.")
_MOBILE_NAMED = ("我的手机号是{}，随时联系", "电话：{}。", "Call me at {} after six.")
_MOBILE_PLAIN = ("{}", "找小李 {} 就行", "王经理{}", "Ask for Li, {}, please.")
_CARD_NAMED = ("请把钱转到我的银行卡{}，谢谢", "卡号：{}", "My card number is {}, expires soon.")
_CARD_PLAIN = ("{}", "打到这个上面 {} 就可以", "Use {} for that.")
_KEY_PLAIN = ("这是 {} 你试试", "curl -H 'X: {}' https://api.host.cn", "use {}\nthanks", '{{"k": "{}"}}')

FORMS = (
    Form("cn_resident_id", resident_id, _ID_NAMED, _ID_PLAIN),
    Form("cn_resident_id", _spaced(resident_id, 6, 8), _ID_NAMED, _ID_PLAIN),
    Form("cn_resident_id", _full_width(resident_id), _ID_NAMED, _ID_PLAIN),
    Form("cn_resident_id", _spaced(resident_id, *[1] * 17), _ID_NAMED, _ID_PLAIN),
    Form("cn_resident_id", _spaced(resident_id, 3, 3, 4, 4, by="."), _ID_NAMED, _ID_PLAIN),
    Form("cn_resident_id", permanent_residence, _ID_NAMED, _ID_PLAIN),
    Form("cn_resident_id", old_resident_id, _ID_NAMED),
    Form("cn_mobile", mobile, _MOBILE_NAMED, _MOBILE_PLAIN),
    Form("cn_mobile", _spaced(mobile, 3, 4), _MOBILE_NAMED, _MOBILE_PLAIN),
    Form("cn_mobile", _spaced(mobile, 3, 4, by="-"), _MOBILE_NAMED, _MOBILE_PLAIN),
    Form("cn_mobile", _full_width(mobile), _MOBILE_NAMED, _MOBILE_PLAIN),
    Form("cn_mobile", lambda random: f"+86 {mobile(random)}", _MOBILE_NAMED, _MOBILE_PLAIN),
    Form("cn_mobile", spelled_mobile, _MOBILE_NAMED[:2], _MOBILE_PLAIN[:2]),
    Form("cn_mobile", _spaced(mobile, *[1] * 10), _MOBILE_NAMED, _MOBILE_PLAIN[:2]),
    Form("cn_landline", landline, ("公司电话：{}", "请拨打{}联系我们"), ("{}", "前台 {} 转人工")),
    Form("bank_card", bank_card, _CARD_NAMED, _CARD_PLAIN),
    Form("bank_card", _spaced(bank_card, 4, 4, 4, 4), _CARD_NAMED, _CARD_PLAIN),
    Form("bank_card", _spaced(bank_card, 4, 4, 4, 4, by="."), _CARD_NAMED, _CARD_PLAIN),
    Form("bank_card", _spaced(bank_card, *[1] * 18), _CARD_NAMED),
    Form("cn_social_credit_code", _spaced(social_credit_code, 4, 4, 4, 4), ("税号：{}", "Credit code {}")),
    Form("cn_social_credit_code", social_credit_code, ("统一社会信用代码：{}", "Credit code {}"), ("{}", "公司是{}，")),
    Form("hk_id", hong_kong_id, ("香港身份证{}", "My HKID is {}."), ("{}", "登记 {} 。")),
    Form("iban", iban, ("My IBAN: {}.", "收款账户 {}"), ("{}", "Send it to {} please")),
    Form("imei", imei, ("IMEI: {}", "手机串号{}")),
    Form("cn_plate", plate, ("车牌号{}的车主请挪车", "plate {}"), ("{}", "门口那辆{}是谁的", "The car {} is blocked.")),
    Form("cn_plate", _spaced(plain_plate, 1, 1), ("车牌号是{}，", "plate {}")),
    Form("cn_passport", passport, ("护照号码{}", "My passport number is {}.", "护照：{}，有效期十年")),
    Form("us_ssn", ssn, ("My SSN is {}.", "social security number: {}"), ("{}", "It is {}, thanks.")),
    Form("phone", phone, ("Call me at {} tonight.", "phone: {}"), ("{}", "It is {}, ask for Bob.")),
    Form("phone", british_phone, ("Call me at {} tonight.", "电话 {}"), ("{}", "It is {}, ask for Bob.")),
    Form("email", email, ("邮箱是{}，请查收", "Mail me: {}."), ("{}", "发给{}就行", "cc {} and Bob")),
    Form("email", _full_width(email), ("邮箱是{}，请查收",), ("{}",)),
    Form("email", hidden_email, ("邮箱是 {} ，请查收", "Mail me: {} ."), ("{}",)),
    Form("email", wide_email, ("邮箱是{}，请查收", "Mail me: {} ."), ("{}", "发给{}就行")),
    Form("cn_address", address, ("我住在{}。", "收货地址：{}", "快递寄到{}，谢谢"), ("{}", "下午去{}，别迟到")),
    Form("street_address", street, ("I live at {}.", "Ship it to {} please."), ("{}", "We met at {}.")),
    Form("street_address", british_street, ("I live at {}.", "地址：{}"), ("{}", "We met at {}.")),
    Form("ip_address", ip4, ("服务器IP是{}", "ssh to host {} now"), ("{}", "来自 {} 的请求")),
    Form("ip_address", ip6, ("服务器IP是{}", "host {} is up"), ("{}",)),
    Form("mac_address", mac, (), ("{}", "MAC地址 {} 已绑定", "device {} joined")),
    Form("api_key", api_key, ('api_key = "{}"', "我的密钥：{}", "token: {}"), _KEY_PLAIN),
    Form("api_key", access_key, ("secret_access_key = {}", "aws_secret_access_key={}", "密钥：{}")),
    Form(
        "api_key",
        webhook,
        ("机器人地址：{} ，别外传", "webhook = '{}'"),
        ("{}", "curl -X POST {} -d '{{}}'", "发到{}就行"),
    ),
    Form("jwt", jwt, ("Authorization: Bearer {}",), _KEY_PLAIN),
    Form("private_key", private_key, ("我的私钥：\n{}\n别外传",), ("{}", "here:\n{}\nthanks")),
    Form("password", password, ("密码是{}", "password: {}", "PASSWORD='{}'", "账号admin，密码：{}，别告诉别人")),
    Form(
        "person_name",
        lambda random: random.choice(["张伟", "李秀英", "欧阳娜娜", "陈思远"]),
        ("姓名：{}", "收件人：{}，电话"),
    ),
    Form(
        "wechat_id", lambda random: draw(random, string.ascii_lowercase, 6) + digits(random, 3), ("加我微信{}", "vx:{}")
    ),
    Form("qq_number", lambda random: "7" + digits(random, 8), ("QQ：{}", "我的QQ号是{}，加我")),
    Form(
        "date_of_birth",
        lambda random: f"{random.randint(1940, 2010)}年{random.randint(1, 12)}月{random.randint(1, 28)}日",
        ("出生日期：{}", "我的生日是{}"),
    ),
    Form("email", said_email, ("邮箱：{}", "Mail me: {} ."), ("{}",)),
    Form("street_address", british_line, ("I live at {}.", "地址：{}"), ("{}", "We met at {}.")),
    Form("street_address", postcode, ("I live in {}.", "Your delivery to: {}", "my postcode is {}")),
    Form("api_key", hidden_webhook, ("机器人地址：{} ，别外传",), ("{}", "https://host.cn/go?u={}&x=1")),
    Form("api_key", teams_webhook, ("webhook = '{}'",), ("{}", "curl -X POST {} -d '{{}}'")),
    Form("cn_travel_permit", lambda random: f"C{digits(random, 8)}", ("港澳通行证号{}", "通行证：{}")),
    Form("cn_social_insurance", lambda random: digits(random, 10), ("社保号：{}", "医保卡号{}")),
)


def samples(seed: int, each: int) -> Iterator[Sample]:
    """`each` samples of every form, with and without naming words, sentences in turn."""
    for number, form in enumerate(FORMS):
        random = Random(f"{seed}-{number}")
        for named, sentences in ((True, form.named), (False, form.plain)):
            for index in range(each if sentences else 0):
                before, _, after = sentences[index % len(sentences)].replace("{{", "\0").partition("{}")
                value, before, after = form.make(random), before.replace("\0", "{"), after.replace("}}", "}")
                language = "zh" if any(c > "\u4e00" for c in before + after) else "en"
                yield Sample(
                    form.kind, language, named, before + value + after, (len(before), len(before) + len(value))
                )


# ---- what is none


def _wrong(number: str) -> str:
    """The same number with another last digit."""
    return number[:-1] + (str((int(number[-1]) + 1) % 10) if number[-1].isdigit() else "5")


def _wrong_code(code: str) -> str:
    return code[:-1] + ("A" if code[-1] != "A" else "B")


NEAR_MISSES: tuple[tuple[str, Callable[[Random], str]], ...] = (
    ("wrong_resident_id", lambda random: f"记下 {_wrong(resident_id(random))} 了"),
    ("no_such_day", lambda random: f"记下 11010119901332{digits(random, 3)}5 了"),
    ("wrong_card", lambda random: f"打到 {_wrong(bank_card(random))} 上"),
    ("wrong_credit_code", lambda random: f"公司 {_wrong_code(social_credit_code(random))} 注册"),
    ("wrong_iban", lambda random: f"to DE00{digits(random, 18)} please"),
    ("mobile_in_longer_number", lambda random: f"流水 {digits(random, 2)}{mobile(random)}{digits(random, 3)} 已处理"),
    ("order_number", lambda random: f"您的订单号{random.choice(['13', '15', '62'])}{digits(random, 9)}已发货"),
    (
        "english_order",
        lambda random: f"Order #{digits(random, 3)}-{digits(random, 7)}-{digits(random, 7)} has shipped.",
    ),
    ("tracking_number", lambda random: f"快递单号SF{digits(random, 13)}，请查收"),
    ("tracking_ups", lambda random: f"Tracking 1Z{draw(random, UPPER + string.digits, 16)} is on its way."),
    ("timestamp", lambda random: f'"created": 17{digits(random, 8)}, "updated_ms": 17{digits(random, 11)}'),
    (
        "compact_time",
        lambda random: f"备份 2024{random.randint(10, 12)}{random.randint(10, 28)}{random.randint(10, 23)}3045 完成",
    ),
    (
        "iso_time",
        lambda random: f"2024-03-{random.randint(10, 28)}T12:30:{random.randint(10, 59)}.{digits(random, 6)}Z",
    ),
    ("sha1", lambda random: f"commit {draw(random, HEXADECIMAL, 40)} fixed it"),
    ("uuid", lambda random: "-".join(draw(random, HEXADECIMAL, n) for n in (8, 4, 4, 4, 12))),
    ("isbn", lambda random: f"ISBN 978-7-{digits(random, 3)}-{digits(random, 5)}-{digits(random, 1)}"),
    (
        "price",
        lambda random: f"共计{digits(random, 3)},{digits(random, 3)},{digits(random, 3)}.00元，即¥1{digits(random, 8)}",
    ),
    ("big_sum", lambda random: f"总额13{digits(random, 9)}元"),
    ("decimal", lambda random: f"pi is about 3.{digits(random, 15)} and e is 2.71{digits(random, 11)}"),
    ("version", lambda random: f"version 1.{random.randint(0, 20)}.{random.randint(0, 9)}.{random.randint(0, 99)}"),
    ("user_agent", lambda random: f"Chrome/12{digits(random, 1)}.0.0.0 Safari/537.36"),
    ("list_of_numbers", lambda random: "数字：" + " ".join(digits(random, 2) for _ in range(12))),
    (
        "math",
        lambda random: (
            f"{digits(random, 4)} + {digits(random, 4)} = {digits(random, 5)}, {digits(random, 3)}*{digits(random, 3)}"
        ),
    ),
    (
        "phone_range",
        lambda random: f"页码 {random.randint(100, 400)}-{random.randint(401, 999)}-{random.randint(1, 99)}",
    ),
    ("coordinates", lambda random: f"39.9{digits(random, 6)}, 116.4{digits(random, 6)}"),
    ("decorator", lambda random: "@app.route('/x')\n@pytest.fixture\ndef f(self): return a@b"),
    ("image_name", lambda random: "icons/logo@2x.png and bootstrap@5.3.2"),
    (
        "placeholder_password",
        lambda random: random.choice(["password=your_password", "password: ********", "密码：xxxxxx"]),
    ),
    (
        "password_in_prose",
        lambda random: random.choice(["The password is required.", "密码是什么？", "token is invalid"]),
    ),
    (
        "password_in_code",
        lambda random: random.choice(["password = get_password()", "token = request.headers", "pwd=os.environ"]),
    ),
    (
        "placeholder_key",
        lambda random: random.choice(["sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AKIAIOSFODNN7EXAMPLE"]),
    ),
    ("kebab", lambda random: "the sk-learn-like-estimator-interface-for-everyone and hf_hub_download"),
    (
        "public_key",
        lambda random: f"-----BEGIN PUBLIC KEY-----\n{draw(random, ALPHANUMERIC, 64)}\n-----END PUBLIC KEY-----",
    ),
    (
        "place",
        lambda random: random.choice(["北京市海淀区是个好地方", "我在上海的南京路逛街", "广州市天河区3号线很挤"]),
    ),
    ("one_number", lambda random: f"10月{random.randint(1, 28)}号下午在{random.randint(1, 9)}号楼开会"),
    ("car_talk", lambda random: "新A股上市公司，京东A座，川AI大赛"),
    (
        "scores",
        lambda random: f"比分 {random.randint(80, 120)}:{random.randint(80, 120)}，时间 12:30:{random.randint(10, 59)}",
    ),
    (
        "at_a_site",
        lambda random: (
            f"{random.choice(['I work', 'We met', 'find it', 'the new office', 'see release 5'])} at "
            f"{random.choice(['google.com', 'github.com', 'qq.com', 'www.firma.de', 'google dot com'])}, of course"
        ),
    ),
    (
        "labelled_postcode",
        lambda random: (
            f"{random.randint(2, 30)} people {random.choice(['walk', 'drive', 'live close'])} to "
            f"{random.choice(['room', 'stop', 'class', 'gate', 'bus'])} {postcode(random)}"
        ),
    ),
    (
        "memory_address",
        lambda random: (
            f"the {random.choice(['memory ', 'MAC ', ''])}address is {random.choice('BE')}{digits(random, 1)} "
            f"{digits(random, 1)}{draw(random, 'ABDEF', 2)}"
        ),
    ),
    ("cpp", lambda random: "std::vector<int>::iterator it = a::b::c; 1:2:3"),
)


def near_misses(seed: int, each: int) -> Iterator[tuple[str, str]]:
    """Name and text of `each` of every near-miss."""
    for name, make in NEAR_MISSES:
        random = Random(f"{seed}-{name}")
        for _ in range(each):
            yield name, make(random)
