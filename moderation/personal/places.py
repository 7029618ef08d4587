"""Chinese addresses: a place everyone knows, or a word that announces one, and then piece by piece down to the door.

A piece is a short name and a mark of its level (市, 路, 号 …). Names and marks share no characters, so a text can be
cut into pieces in one way only. A street without a number is no address of a person; a place without any is a place.
"""

from __future__ import annotations

import re

from moderation.personal.rules import Near, Rule, after_words, named, words

_PROVINCES = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 "
    "贵州 云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门"
)
_CITIES = (  # all prefecture-level cities
    "七台河 三亚 三明 三沙 三门峡 上饶 东莞 东营 中卫 中山 临汾 临沂 临沧 丹东 丽水 丽江 乌兰察布 乌海 乌鲁木齐 "
    "乐山 九江 云浮 亳州 伊春 佛山 佳木斯 保定 保山 信阳 儋州 克拉玛依 六安 六盘水 兰州 内江 包头 南京 北海 "
    "十堰 南充 南宁 南平 南昌 南通 南阳 厦门 双鸭山 台州 合肥 吉安 吐鲁番 吕梁 吴忠 周口 呼伦贝尔 呼和浩特 咸宁 "
    "咸阳 哈密 哈尔滨 唐山 商丘 商洛 嘉兴 嘉峪关 四平 固原 大同 大庆 大连 天水 太原 威海 娄底 孝感 宁德 宁波 "
    "安庆 安康 安阳 安顺 定西 宜宾 宜昌 宜春 宝鸡 宣城 宿州 宿迁 山南 岳阳 崇左 巴中 巴彦淖尔 常州 常德 平凉 "
    "平顶山 广元 广安 广州 庆阳 廊坊 延安 开封 张家口 张家界 张掖 徐州 德州 德阳 忻州 怀化 惠州 成都 扬州 承德 "
    "抚州 抚顺 拉萨 揭阳 攀枝花 新乡 新余 无锡 日喀则 日照 昆明 昌都 昭通 晋中 晋城 普洱 景德镇 曲靖 朔州 朝阳 "
    "本溪 来宾 杭州 松原 林芝 枣庄 柳州 株洲 桂林 梅州 梧州 榆林 武威 武汉 毕节 永州 汉中 汕头 汕尾 江门 池州 "
    "沈阳 沧州 河池 河源 泉州 泰安 泰州 泸州 洛阳 济南 济宁 海东 海口 淄博 淮北 淮南 淮安 深圳 清远 温州 渭南 "
    "湖州 湘潭 湛江 滁州 滨州 漯河 漳州 潍坊 潮州 濮阳 烟台 焦作 牡丹江 玉林 玉溪 珠海 白城 白山 白银 百色 益阳 "
    "盐城 盘锦 眉山 石嘴山 石家庄 福州 秦皇岛 绍兴 绥化 绵阳 聊城 肇庆 自贡 舟山 芜湖 苏州 茂名 荆州 荆门 莆田 "
    "菏泽 萍乡 营口 葫芦岛 蚌埠 衡水 衡阳 衢州 襄阳 西宁 西安 许昌 贵港 贵阳 贺州 资阳 赣州 赤峰 辽源 辽阳 达州 "
    "运城 连云港 通化 通辽 遂宁 遵义 邢台 那曲 邯郸 邵阳 郑州 郴州 鄂尔多斯 鄂州 酒泉 金华 金昌 钦州 铁岭 铜仁 "
    "铜川 铜陵 银川 锦州 镇江 长春 长沙 长治 阜新 阜阳 防城港 阳江 阳泉 陇南 随州 雅安 青岛 鞍山 韶关 马鞍山 "
    "驻马店 鸡西 鹤壁 鹤岗 鹰潭 黄冈 黄山 黄石 黑河 齐齐哈尔 龙岩"
)
REGION = "(?:" + "|".join(sorted(f"{_PROVINCES} {_CITIES}".split(), key=lambda name: (-len(name), name))) + ")"

_MARKS = "省市区县旗州盟镇乡村屯路街道巷弄同里园苑城院庄厦场寓湾号栋幢座室楼层元户组队"
# No piece of an address has these: they end a run into the sentence that follows.
_FUNCTION = "的了是在有吗呢吧我你他她它们这就都很没请把让给但而且因"
_ROAD = re.compile("[路街道巷弄同里园苑城院庄厦场寓湾村镇乡屯]")
_DOOR = re.compile(r"[0-9一二三四五六七八九十百甲乙丙]{1,6}-?[0-9]{0,4}[号栋幢座室楼层元户弄院组队]")
_INNER = re.compile(r"[栋幢座室元户层]")
_LIVES = words(r"地址|住址|住在|家住|住|收货|收件|寄|送|户籍|快递|address")


def _address(match: re.Match[str]) -> float | None:
    text = match["v"]
    if not _ROAD.search(text) or not _DOOR.search(text):
        return None
    if named(match, _LIVES):
        return 0.85
    return 0.7 if _INNER.search(text) else 0.55


def _announced(match: re.Match[str]) -> float | None:
    text = match["v"]
    if not _DOOR.search(text):
        return 0.5 if len(_ROAD.findall(text)) >= 2 else None
    return 0.85 if _ROAD.search(text) else 0.6


def _doors(match: re.Match[str]) -> float | None:
    return 0.6 if _INNER.search(match["v"]) else None


# `regex` and `re` both take a set as a lookahead and a class; nothing here depends on set operations.
_LETTER = rf"(?![{_MARKS}{_FUNCTION}])[0-9A-Za-z#·\u4e00-\u9fff-]"
_PIECE = rf"(?: ?(?:(?:{_LETTER}){{0,10}}+[{_MARKS}]{{1,3}}+|[A-Za-z0-9东西南北主副]{{1,2}}塔楼?))"
_TAIL = r"(?:[0-9]{1,4}(?:-[0-9]{1,4})?(?![0-9年月日点时分]))?"

_DOORS = Near(
    patterns=(re.compile("[0-9一二三四五六七八九十百甲乙丙][号弄栋幢座室单楼层组院巷户]"),), before=170, after=170
)

RULES = (
    Rule(
        "cn_address",
        rf"(?P<v>{REGION}{_PIECE}{{2,10}}+{_TAIL})",
        _DOORS,
        _address,
        reach=160,
    ),
    Rule(
        "cn_address",
        # a district at the beginning of a clause: without a city, but where people leave it out
        rf"(?:(?<![0-9A-Za-z\u4e00-\u9fff])|(?<=[在到于住往是]))(?P<v>(?:{_LETTER}){{2,3}}+[区县镇]{_PIECE}{{2,8}}+{_TAIL})",
        _DOORS,
        _address,
        reach=130,
    ),
    Rule(
        "cn_address",
        r"(?:地址|住址|住在|家住|寄到|寄往|送到|送至|户籍地?|居住地|住处)[是为在]?[:： ]{0,3}"
        rf"(?P<v>(?:{_LETTER}){{1,10}}+[{_MARKS}]{{1,3}}+{_PIECE}{{1,10}}+{_TAIL})",
        after_words("地址", "住址", "住在", "家住", "寄到", "寄往", "送到", "送至", "户籍", "居住地", "住处"),
        _announced,
        reach=175,
    ),
    Rule(
        "cn_address",
        r"(?<![0-9])(?P<v>[0-9]{1,5}(?:号院?|弄|栋|幢|座|号楼)(?:[0-9一二三四五六七八九十甲乙A-Za-z]{1,4}(?:号楼|单元|栋|幢|座|室|层|楼|户|号))"
        rf"{{1,4}}+{_TAIL})",
        _DOORS,
        _doors,
        reach=60,
    ),
)
