"""The categories a score can be about: stable, `/`-separated keys that are part of the API.

A parent's score is the maximum of its own and its children's. What other systems call these things is in
`crosswalks`. The project ships no list and no model for `national_security`, `subversion` and `separatism`:
the keys exist so that an operator's own lists and models can report under them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """One canonical category, named in English and Chinese."""

    key: str
    name: str
    name_zh: str
    description: str

    @property
    def parent(self) -> str | None:
        head, slash, _ = self.key.rpartition("/")
        return head if slash else None


_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("hate", "Hate", "仇恨", "Attacks people for a protected characteristic."),
    ("hate/threatening", "Hate with threats", "仇恨威胁", "Hate that also threatens harm."),
    ("harassment", "Harassment", "骚扰辱骂", "Insults, bullies or degrades a person."),
    ("harassment/threatening", "Threats", "骚扰威胁", "Harassment that also threatens harm."),
    ("discrimination", "Discrimination", "歧视", "Unequal treatment or demeaning of a group."),
    ("discrimination/ethnicity", "Ethnic discrimination", "民族歧视", "Because of ethnicity or race."),
    ("discrimination/belief", "Discrimination by belief", "信仰歧视", "Because of religion or belief."),
    ("discrimination/nationality", "Discrimination by nationality", "国别歧视", "Because of nationality."),
    (
        "discrimination/region",
        "Regional discrimination",
        "地域歧视",
        "Because of the region a person is from.",
    ),
    ("discrimination/gender", "Gender discrimination", "性别歧视", "Because of sex, gender or orientation."),
    ("discrimination/age", "Age discrimination", "年龄歧视", "Because of age."),
    ("discrimination/occupation", "Occupational discrimination", "职业歧视", "Because of occupation."),
    ("discrimination/health", "Health discrimination", "健康歧视", "Because of illness or disability."),
    ("discrimination/other", "Other discrimination", "其他歧视", "For any other characteristic."),
    ("violence", "Violence", "暴力", "Depicts, praises or threatens physical harm."),
    ("violence/graphic", "Graphic violence", "血腥暴力", "Shows injury or death in detail."),
    ("terrorism", "Terrorism and extremism", "恐怖主义与极端主义", "Praises, plans or recruits for terror."),
    ("self_harm", "Self-harm", "自伤自杀", "Suicide, self-injury, eating disorders."),
    ("self_harm/intent", "Self-harm intent", "自伤意图", "The speaker means to harm themself."),
    ("self_harm/instructions", "Self-harm instructions", "自伤方法", "Tells how to harm oneself."),
    ("sexual", "Sexual content", "色情", "Meant to arouse, or sells sexual services."),
    (
        "sexual/minors",
        "Sexual content about minors",
        "涉未成年人色情",
        "Sexual content about anyone under 18.",
    ),
    ("illicit", "Illicit behaviour", "违法行为", "Advice or offers for unlawful acts."),
    ("illicit/violent", "Violent illicit behaviour", "暴力违法", "Unlawful acts with violence."),
    ("illicit/drugs", "Drugs", "毒品", "Making, selling or seeking illegal drugs."),
    ("illicit/weapons", "Weapons", "武器", "Making, selling or seeking illegal weapons."),
    ("illicit/gambling", "Gambling", "赌博", "Offers or advertising of illegal gambling."),
    ("fraud", "Fraud", "诈骗", "Deceives for gain; phishing; scams."),
    ("spam", "Spam", "垃圾广告", "Unwanted bulk advertising."),
    ("cyber", "Cyber attacks", "网络攻击", "Malware, intrusion, or help with them."),
    ("misinformation", "Misinformation", "虚假有害信息", "False information likely to cause harm."),
    ("national_security", "National security", "国家安全", "Endangers national security or interests."),
    ("subversion", "Subversion", "颠覆国家政权", "Incites subversion of state power."),
    ("separatism", "Separatism", "分裂国家", "Incites splitting of the country."),
    ("ip", "Intellectual property", "知识产权", "Infringes intellectual property."),
    ("trade_secret", "Trade secrets", "商业秘密", "Discloses trade secrets."),
    ("unfair_competition", "Unfair competition", "不正当竞争", "Monopoly or unfair competition."),
    ("business_ethics", "Business ethics", "商业道德", "Violates business ethics or commercial law."),
    ("privacy", "Privacy", "隐私", "Violates a person's privacy."),
    ("privacy/personal_information", "Personal information", "个人信息", "Discloses personal information."),
    ("privacy/likeness", "Likeness", "肖像", "Uses a person's likeness without consent."),
    ("reputation", "Reputation", "名誉", "Damages a person's reputation or honour."),
    ("inaccurate", "Inaccurate", "内容不准确", "Gravely contradicts established knowledge."),
    ("unreliable", "Unreliable", "内容不可靠", "Useless or misleading for the stated need."),
    (
        "prompt_injection",
        "Prompt injection",
        "提示词注入",
        "Third-party content that gives the model orders.",
    ),
    ("jailbreak", "Jailbreak", "越狱攻击", "Tries to make a model drop its rules."),
    ("known_content", "Known content", "已知违规内容", "Matches a list of known violating content."),
)

CATEGORIES: Mapping[str, Category] = {row[0]: Category(*row) for row in _ROWS}

PARENTS: Mapping[str, str] = {
    key: category.parent for key, category in CATEGORIES.items() if category.parent is not None
}


def with_parents(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores with each parent raised to the maximum of its children, in canonical order.

    Raises:
        KeyError: for a key that is not canonical.
    """
    merged = dict(scores)
    for key, score in scores.items():
        parent = PARENTS.get(CATEGORIES[key].key)
        if parent is not None and merged.get(parent, -1.0) < score:
            merged[parent] = score
    return {key: merged[key] for key in CATEGORIES if key in merged}
