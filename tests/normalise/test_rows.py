"""Chinese with a sign between all its characters is joined where it is a sentence, and stays where it is a list."""

from __future__ import annotations

import pytest
from support.growth import is_linear

from moderation.normalise import views_of

SIGNS = ("😊", "🔥", "❤️", "👨\u200d👩\u200d👧", "\n", "\r\n", "\n\n", "，", "、", ", ", "。", "●", "→")


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("said", ["加我微信", "出售枪支", "今晚去偷他们的钱", "制作炸弹", "我要杀了你", "明天去抢银行"])
def test_a_sentence_in_single_characters(said: str, sign: str) -> None:
    shown = sign.join(said)
    text = f"原文：{shown}。快来看"
    (view,) = views_of(text).views
    assert (view.text, view.steps) == (f"原文：{said}。快来看", ("spacing",))
    assert text[slice(*view.span(3, 3 + len(said)))] == shown


def test_emoji_of_several_kinds_part_a_sentence() -> None:
    assert [view.text for view in views_of("今🔥晚😊去🎉偷🎈他❤️们🔥的🐣钱").views] == ["今晚去偷他们的钱"]


def test_emoji_that_say_something_are_not_deleted() -> None:
    assert [view.text for view in views_of("你🐴真🐷啊").views] == ["你妈真猪啊"]


LISTS = (
    *("柴米油盐", "东南西北", "琴棋书画", "笔墨纸砚", "梅兰竹菊", "酸甜苦辣", "听说读写", "衣食住行", "金木水火土"),
    *("京津沪渝", "喜怒哀乐", "钢铁铜铝", "桌椅板凳", "上下左右", "赵钱孙李", "张王李赵", "春夏秋冬", "刀枪剑戟"),
    *("省市县乡", "工农商学兵", "鸡鸭鱼肉", "中美英法德俄", "数理化生", "党政军民", "港澳台侨", "你我他她"),
    *(
        "爷奶爸妈",
        "福禄寿喜财",
        "生老病死",
        "锅碗瓢盆",
        "元角分厘",
        "宋元明清",
        "男女老少",
        "枪炮弹药",
        "来去走跑",
        "平上去入",
    ),
)


@pytest.mark.parametrize("sign", ["😊", "\n", "，", "、"])
@pytest.mark.parametrize("listed", LISTS)
def test_a_list_stays(listed: str, sign: str) -> None:
    assert views_of(f"这些：{sign.join(listed)}。").views == ()


WORDS = (
    *(
        "把被给让",
        "的地得着过",
        "是非对错",
        "不没无非",
        "我爸妈哥",
        "之乎者也了",
        "春夏秋冬在",
        "是否对错",
        "你您他她",
        "很太最更",
    ),
    *("就才都还", "在从到往", "吗呢吧呀", "爸妈爷奶我", "没有无否", "真假是非", "在上下左右", "这那哪谁"),
)


@pytest.mark.parametrize("sign", ["😊", "\n", "，", "、"])
@pytest.mark.parametrize("listed", WORDS)
def test_a_list_of_words_of_grammar_or_kin_stays(listed: str, sign: str) -> None:
    assert views_of(f"这些：{sign.join(listed)}。").views == ()


@pytest.mark.parametrize("said", ["他妈的滚", "你妈死了", "他不是人", "给爷死吧", "你爸死了", "没钱了吧", "就是要你死"])
def test_a_sentence_of_such_words_and_one_more_is_joined(said: str) -> None:
    assert [view.text for view in views_of(f"原文：{'、'.join(said)}。").views] == [f"原文：{said}。"]


@pytest.mark.parametrize(
    "listed",
    ["省/市/县", "日/月/年", "年/月/日", "时/分/秒", "东/南/西", "上/中/下", "省-市-县", "给/送/赠/予", "他/她/它/牠"],
)
def test_things_of_one_kind_between_strokes_stay(listed: str) -> None:
    assert views_of(f"格式：{listed}。").views == ()


@pytest.mark.parametrize("said", ["加微信", "打死他", "买毒品", "去自杀", "杀人犯"])
def test_words_between_strokes_are_joined(said: str) -> None:
    assert [view.text for view in views_of(f"原文：{'/'.join(said)}。").views] == [f"原文：{said}。"]


@pytest.mark.parametrize("sign", ["/", "-", "|", "·", "—"])
@pytest.mark.parametrize("said", ["我要杀你", "我要杀了你", "你去死吧"])
def test_a_sentence_between_strokes_is_joined(said: str, sign: str) -> None:
    assert [view.text for view in views_of(f"原文：{sign.join(said)}。").views] == [f"原文：{said}。"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "白日依山尽，\n黄河入海流。\n欲穷千里目，\n更上一层楼。",
            "父、母",
            "柴、米、油、盐",
            "东、南、西、北",
            "好，好，好，好",
        ),
        *(
            "张伟、王芳、李娜、刘洋",
            "的，的，的，的",
            "一\n二\n三\n四",
            "春眠不觉晓\n处处闻啼鸟\n夜来风雨声\n花落知多少",
        ),
    ],
)
def test_poems_names_and_enumerations_stay(text: str) -> None:
    assert views_of(text).views == ()


@pytest.mark.parametrize("said", ["我要杀了你", "我要杀你", "加我微信", "出售枪支", "你怎么不去死"])
@pytest.mark.parametrize("digits", ["12345678", "38192746", "00000000", "１２３４５６７８"])
def test_a_sentence_with_a_digit_between_all_its_characters(said: str, digits: str) -> None:
    shown = "".join(map("".join, zip(said, digits, strict=False)))[: 2 * len(said) - 1]
    (view,) = views_of(f"原文：{shown}。").views
    assert (view.text, view.steps) == (f"原文：{said}。", ("spacing",))
    assert view.span(3, 3 + len(said)) == (3, 3 + len(shown))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "炮2平5马8进7车1平2",
            "柴1米2油3盐",
            "甲1乙2丙3丁",
            "3室2厅1卫1厨",
            "胜3平1负2和1",
            "语1数2英3物",
            "东1西2南3北",
        ),
        *(
            "盐1糖2醋3酱4",
            "1我2你3他4她",
            "有1人2狗3猫4鸟",
            "我3月8日去",
            "大1班2组3排4座",
            "你1个我2个他3个",
            "杀1人伤2人",
        ),
        *(
            "我5你3他2她",
            "电话1我3你8他6了2",
            "2我3你4了5吗",
            "1我2坐3唱4画",
            "我1坐2唱3画4",
            "给1送2赠3予",
            "你3个8我2只",
        ),
    ],
)
def test_characters_that_are_counted_or_numbered_stay(text: str) -> None:
    assert views_of(text).views == ()


@pytest.mark.parametrize("stretch", ["我1", "我1要2杀3了4你", "1", "(k)(i)(l)(l) ", "(k)", "(a)(", "[k] "])
def test_long_rows_take_time_in_step(stretch: str) -> None:
    views_of("我1要2杀3了4你 (k)(i)(l)(l)")
    assert is_linear(views_of, stretch * (1_000_000 // len(stretch)))
