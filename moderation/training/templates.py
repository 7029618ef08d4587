"""Texts the project writes itself for what the open sets lack, by seed, from `phrases/<language>/*.toml`.

The templates were written by hand for this purpose, and the model card says so. Each template is one group, so a
split by group measures on templates that were not trained on.
"""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from moderation.errors import ConfigurationError
from moderation.training.parts import MEASURED_ONLY
from moderation.training.rows import CATEGORIES, Row, benign, labels

SOURCE = "project-templates"

_PHRASES = Path(__file__).parent / "phrases"
_SLOT = re.compile(r"\{([a-z]+)\}")

_GROUPS = tuple(c for c in CATEGORIES if c.startswith("discrimination"))

# family -> what it is of, and what is left open: everything else it is not
_MEANING: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "threat": (("violence", "harassment/threatening"), ("harassment", "illicit", "hate")),
    "hate_threat": (
        ("hate", "hate/threatening", "violence"),
        ("harassment", "harassment/threatening", "illicit", *_GROUPS),
    ),
    "violence": (("violence",), ("harassment/threatening", "harassment", "illicit", "hate")),
    "insult": (("harassment",), ("hate",)),
    "graphic": (("violence", "violence/graphic"), ("harassment/threatening", "illicit")),
    "terror": (
        ("violence", "terrorism"),
        ("hate", "hate/threatening", "illicit", "illicit/violent", "illicit/weapons"),
    ),
    "ethnicity": (("hate", "discrimination/ethnicity"), ("harassment", "discrimination/nationality")),
    "nationality": (("hate", "discrimination/nationality"), ("harassment", "discrimination/ethnicity")),
    "gender": (("hate", "discrimination/gender"), ("harassment",)),
    "age": (("discrimination/age",), ("hate", "harassment")),
    "occupation": (("discrimination/occupation",), ("hate", "harassment")),
    "belief": (("hate", "discrimination/belief"), ("harassment",)),
    "region": (("hate", "discrimination/region"), ("harassment",)),
    "health": (("hate", "discrimination/health"), ("harassment",)),
    "self_harm": (("self_harm", "self_harm/intent"), ("violence",)),
    "encourage": (("self_harm", "harassment"), ("violence", "harassment/threatening")),
    "self_harm_request": (("self_harm", "self_harm/instructions", "self_harm/intent"), ("illicit", "violence")),
    "sexual_harassment": (
        ("sexual", "harassment"),
        ("discrimination/gender", "harassment/threatening", "violence"),
    ),
    "sexual": (("sexual",), ("illicit", "spam", "harassment")),
    "drugs": (("illicit", "illicit/drugs"), ("spam",)),
    "weapons": (("illicit", "illicit/weapons"), ("violence", "spam")),
    "gambling": (("illicit", "illicit/gambling"), ("spam", "fraud")),
    "fraud": (("fraud",), ("illicit", "spam", "cyber")),
    "spam": (("spam",), ("fraud", "illicit")),
    "advert": (("spam",), ()),
    "cyber": (("cyber", "illicit"), ("fraud",)),
    "crime": (("illicit",), ("violence", "fraud", "harassment/threatening")),
    "violent_request": (
        ("illicit", "illicit/violent", "violence"),
        ("illicit/weapons", "terrorism", "harassment/threatening"),
    ),
    "extraction": (("prompt_injection",), ("jailbreak", "cyber", "illicit")),
    "injection": (("prompt_injection",), ("jailbreak", "cyber", "illicit")),
    "jailbreak": (("jailbreak",), ("prompt_injection",)),
}
# Files whose lines mostly say the same in both languages: line by line one group, so the order of one is that of both.
_TRANSLATED = ("speeches", "tools")
_PLAIN_FILLS = 2  # of a template without slots: plain, and once in another spelling
_LONG = 160  # characters: taken as it is
_TASK_FILLS = 4  # times as many: requests to a model are what it mostly sees, and no open set in use has them
_STYLES = ("{}", "{}", "{}", "{}.", "{}!", "{}!!!", "hey, {}", "{} :)", "so, {}", "{} 😀")
_STYLES_ZH = ("{}", "{}", "{}", "{}。", "{}！", "{}！！！", "喂，{}", "{}哈哈", "说真的，{}", "{}😀")


def written_rows(*, seed: int, fills: int = 6, scale: float = 1.0) -> list[Row]:
    """Rows of all families in both languages, in a fixed order.

    Args:
        fills: texts made of one template; one with fewer possible texts gives fewer.
        scale: share of the templates that are used, by chance; below 1 for a quick try.
    """
    rows: list[Row] = []
    for language, styles in (("en", _STYLES), ("zh", _STYLES_ZH)):
        for file in sorted((_PHRASES / language).glob("*.toml")):
            phrases = tomllib.loads(file.read_text(encoding="utf-8"))
            for family, block in phrases["families"].items():
                row_labels = _labels(family)
                for number, template in enumerate(block.strip().splitlines()):
                    if scale < 1 and _share(f"{file.stem}:{family}:{number}") >= scale:
                        continue
                    kind = MEASURED_ONLY if file.stem == "measured" else f"{SOURCE}:"
                    tongue = "" if file.stem in _TRANSLATED else f"{language}:"
                    group = f"{kind}{tongue}{file.stem}:{family}:{number}"
                    wanted = _fills(template, family, fills)
                    texts = _fill(template, phrases.get("slots", {}), styles, group=group, seed=seed, fills=wanted)
                    rows += [Row(text, row_labels, SOURCE, group) for text in texts]
    return rows


def _share(name: str) -> float:
    """A number from 0 to 1 that a name always gets."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32


def _fills(template: str, family: str, fills: int) -> int:
    """How many texts are made of a template: those without slots would only repeat themselves."""
    if len(template) > _LONG:
        return 1
    if _SLOT.search(template) is None:
        return min(fills, _PLAIN_FILLS)
    return fills * _TASK_FILLS if family == "benign_task" else fills


def _labels(family: str) -> Mapping[str, bool]:
    if family.startswith("benign"):
        return benign()
    positive, unknown = _MEANING[family]
    return {**benign(unknown=unknown), **labels(positive)}


def _fill(
    template: str, slots: Mapping[str, Sequence[str]], styles: tuple[str, ...], *, group: str, seed: int, fills: int
) -> list[str]:
    """Up to `fills` different texts of a template: slots filled, plain and in other spellings."""
    chooser = random.Random(f"{seed} {group}")  # noqa: S311 - a repeatable choice
    if unknown := set(_SLOT.findall(template)) - set(slots):
        raise ConfigurationError(f"{group}: no such slot: {', '.join(sorted(unknown))}")

    def value(match: re.Match[str]) -> str:
        return chooser.choice(slots[match[1]])

    texts: dict[str, None] = {}
    for attempt in range(fills):
        text = chooser.choice(styles).format(_SLOT.sub(value, template)) if attempt else _SLOT.sub(value, template)
        match chooser.randrange(8):
            case 0:
                text = text.lower()
            case 1:
                text = text[:1].upper() + text[1:]
            case 2 if attempt:
                text = text.upper()
        texts[text] = None
    return list(texts)
