"""Digits beside ideographs that count something: 3月8日, 第5名, 近3年.

What it does not know: what is counted without a word for it (杀1人 is, 杀1狗 is not).
"""

from __future__ import annotations

# What is counted, and what stands before a number.
_COUNTED = frozenset(
    "年月日号名个位天岁元块毛角点分秒时刻周次条件人家口只头匹张台辆架艘万亿千百十倍成半本层楼米克斤吨升里度届期级组排路线"
    "区栋座室房页章节回集季场局盘轮枚颗粒款种类项步段句字股份折代辈星斗世维分大中小高初环比胎杠队班连营团师军院校"
)
_COUNTING = frozenset(
    "第约近前后每仅共达超满过到至从自在有为是了仍还又已再各这那哪头末初周卷图表附例题款条期号月年时点分另多少大小高初"
)
NUMERALS = frozenset("一二三四五六七八九十百千万甲乙丙丁上中下左右东西南北")


def is_counted(before: str, after: str) -> bool:
    """Whether a number between two ideographs may be one of something."""
    return before in _COUNTING or after in _COUNTED or NUMERALS.issuperset(before + after)
