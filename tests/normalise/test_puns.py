"""Words that everybody writes with other characters of their sound; the same characters elsewhere stay."""

from __future__ import annotations

import pytest

from moderation.normalise import views_of
from moderation.normalise.packaged import own_rows


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *(("加我威信聊", "加我微信聊"), ("我想自鲨", "我想自杀"), ("网上独博平台", "网上赌博平台")),
        *(("购买墙支弹药", "购买枪支弹药"), ("沙人放火", "杀人放火")),
    ],
)
def test_a_pun_is_read(text: str, plain: str) -> None:
    (view,) = views_of(text).views
    assert (view.text, view.steps) == (plain, ("homophone",))


@pytest.mark.parametrize(
    "text", ["来自鲨鱼的攻击", "他树立了威信，增加威信", "领导在群众中的威信", "砌墙支架", "水果聊天", "独自鲨鱼馆"]
)
def test_the_same_characters_elsewhere_stay(text: str) -> None:
    assert views_of(text).views == ()


def test_all_puns_keep_their_length() -> None:
    for shown, meant in own_rows("puns.tsv"):
        assert len(shown) == len(meant)
        assert shown != meant
