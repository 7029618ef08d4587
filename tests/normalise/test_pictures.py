"""Emoji that stand for a word are read; those that decorate ordinary Chinese change nothing and delete nothing."""

from __future__ import annotations

import pytest

from moderation.normalise import views_of


@pytest.mark.parametrize(
    "text",
    [
        *("今天☀️天气真好🌸", "晴天☀️出游", "早上好☀️天亮了", "开🚗去上班", "我☁️见了", "春天🌸开了", "太热了🔥喝水💧"),
        *(
            "新年快乐🧧发财",
            "谢谢老师🌹辛苦了",
            "晚安🐶明天见",
            "我家🐶生病了",
            "中秋节快乐🌙月亮好圆",
            "早安🌞日出真美",
        ),
        *("春🌸夏☀️秋🍁冬❄️", "周末去海边🌊看日落🌅真美", "开车🚗注意安全", "猫🐱好可爱", "早上好🌞，天气☀️好"),
    ],
)
def test_decoration_stays(text: str) -> None:
    assert views_of(text).views == ()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *(("晚上喝🍵吧", "晚上喝茶吧"), ("草原上骑🐴真好", "草原上骑马真好"), ("骑🐴上山", "骑马上山")),
        *(("回🏠吃🍚", "回家吃饭"), ("买🔫吗", "买枪吗"), ("出售🔫支", "出售枪支"), ("操你🐴", "操你妈")),
        *(("记得吃💊哦", "记得吃药哦"), ("毒🔥品", "毒品"), ("你这🐶东西", "你这狗东西"), ("他🐎上", "他马上")),
    ],
)
def test_words_in_pictures_are_read(text: str, plain: str) -> None:
    assert [view.text for view in views_of(text).views] == [plain]
