"""What only the words beside it make personal: names, accounts of messengers, days of birth."""

from __future__ import annotations

import re

from moderation.personal.rules import FORM, NUMERALS, WEAK, Rule, after_words, always

# The two hundred or so commonest family names, and those of two characters.
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹"
    "孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁"
    "尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜"
    "冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)
DOUBLE = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|南宫|端木"
_HAN = r"\u4e00-\u9fff"
_MONTH = (
    "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|January|February|March|April|June|July|August|September"
    "|October|November|December)"
)
_DATE = (
    r"(?:(?:19|20)[0-9]{2} ?[年./-] ?[0-9]{1,2} ?[月./-] ?[0-9]{1,2}(?: ?[日号])?|(?:19|20)[0-9]{6}"
    r"|[0-9]{1,2}[./-][0-9]{1,2}[./-](?:19|20)[0-9]{2}"
    rf"|{_MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)[0-9]{{2}}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)? {_MONTH}\.?,? (?:19|20)[0-9]{{2}})"
)


def _wechat(match: re.Match[str]) -> float | None:
    value, word = match["v"], match["word"]
    if re.search(r"[0-9_-]", value):
        return 0.75
    return FORM if not word.isascii() and match["said"] else None


_COUNTED = re.compile(r" ?(?:[人个位元块万亿名条次秒级股多年月天%]|美元|分钟)")


def _qq(match: re.Match[str]) -> float | None:
    """`qq 10000 人` counts something; after a colon or 号 it is a number all the same."""
    if not match["said"] and len(match["v"]) <= 6 and _COUNTED.match(match.string, match.end("v")):
        return None
    return 0.8


def _spelled_qq(match: re.Match[str]) -> float | None:
    return None if match["v"].isascii() else 0.75


def _english_name(match: re.Match[str]) -> float | None:
    return WEAK if " " in match["v"] else None


_QQ = "(?:(?<![0-9A-Za-z])[Qq]{2}|扣扣|企鹅号|加(?:个|我的?)?[Qq])(?: ?群)?"

RULES = (
    Rule(
        "person_name",
        r"(?:姓名|收件人|收货人|联系人|寄件人|户名|开户名|持卡人|患者|当事人)[是为]?[:： ]{1,3}"
        rf"(?P<v>(?:{DOUBLE}|[{SURNAMES}])[{_HAN}]{{1,2}})(?![{_HAN}])",
        after_words("姓名", "收件人", "收货人", "联系人", "寄件人", "户名", "持卡人", "患者", "当事人"),
        always(0.5),
    ),
    Rule(
        "person_name",
        rf"(?:我叫|我名叫|我的名字[是叫]|真名[是叫]|姓名[是为])(?P<v>(?:{DOUBLE}|[{SURNAMES}])[{_HAN}]{{1,2}})(?![{_HAN}])",
        after_words("我叫", "我名叫", "我的名字", "真名", "姓名"),
        always(0.4),
    ),
    Rule(
        "person_name",
        r"(?:(?i:full name|recipient|patient|cardholder|my name is|name)) ?:? "
        r"(?P<v>[A-Z][a-z]{1,20}(?: [A-Z]\.)?(?: [A-Z][a-z'-]{1,20}){1,2})(?![A-Za-z])",
        after_words("name", "recipient", "patient", "cardholder"),
        _english_name,
        reach=110,
    ),
    Rule(
        "wechat_id",
        r"(?P<word>微信号?|薇信|威信|加微|加[Vv](?![0-9A-Za-z])|(?<![0-9A-Za-z])(?:[Vv]信|(?i:wechat|weixin|vx|wx)))"
        r"(?: ?(?i:id)| ?号码?| ?账号)?(?P<said>[是为:])?[: ]{0,2}"
        r"(?P<v>[A-Za-z][0-9A-Za-z_-]{5,19})(?![0-9A-Za-z_@-])",
        after_words("微信", "薇信", "威信", "加微", "加v", "v信", "wechat", "weixin", "vx", "wx"),
        _wechat,
    ),
    Rule(
        "qq_number",
        rf"{_QQ}(?P<said>(?: ?号码?| ?账号)?(?: ?[是为:])?) {{0,2}}"
        r"(?P<v>[1-9][0-9]{4,10})(?![0-9A-Za-z_@.])",
        after_words("qq", "扣扣", "企鹅号", "加q", "加个q", "加我q", "加我的q", digit=True),
        _qq,
    ),
    Rule(
        "qq_number",
        rf"{_QQ}(?: ?号码?| ?账号)?(?: ?[是为:])? {{0,2}}"
        rf"(?P<v>(?![0〇零])[0-9{NUMERALS}]{{5,11}})(?![0-9A-Za-z_{NUMERALS}十百千万])",
        after_words("qq", "扣扣", "企鹅号", "加q", "加个q", "加我q", "加我的q"),
        _spelled_qq,
    ),
    Rule(
        "date_of_birth",
        r"(?:出生日期|出生年月日?|出生于|生于|生日|(?i:date of birth|d\.?o\.?b\.?|born on|birth ?date|birthday))"
        r"(?: ?(?:is|was))?[是为:： ]{0,3}(?P<v>" + _DATE + r")(?![0-9])",
        after_words("出生", "生于", "生日", "birth", "born", "dob", "d.o.b", digit=True),
        always(0.65),
    ),
)
