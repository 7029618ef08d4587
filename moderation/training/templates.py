"""Texts the project writes itself for what the open sets lack, by seed, from `phrases/*.toml`.

The templates were written by hand for this purpose, and the model card says so. Each template is one group, so a
split by group measures on templates that were not trained on.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from moderation.errors import ConfigurationError
from moderation.training.rows import Row, benign, labels

SOURCE = "project-templates"

_PHRASES = Path(__file__).parent / "phrases"
_SLOT = re.compile(r"\{([a-z]+)\}")

# family -> what it is of, and what is left open: everything else it is not
_MEANING: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "threat": (("violence", "harassment/threatening"), ("harassment", "illicit", "hate")),
    "violence": (("violence",), ("harassment/threatening", "harassment", "illicit", "hate")),
    "insult": (("harassment",), ("hate",)),
    "belief": (("hate", "discrimination/belief"), ("harassment",)),
    "region": (("hate", "discrimination/region"), ("harassment",)),
    "health": (("hate", "discrimination/health"), ("harassment",)),
    "self_harm": (("self_harm", "self_harm/intent"), ("violence",)),
    "encourage": (("self_harm", "harassment"), ("violence", "harassment/threatening")),
    "sexual": (("sexual",), ("illicit", "spam", "harassment")),
    "drugs": (("illicit", "illicit/drugs"), ("spam",)),
    "weapons": (("illicit", "illicit/weapons"), ("violence", "spam")),
    "gambling": (("illicit", "illicit/gambling"), ("spam", "fraud")),
    "fraud": (("fraud",), ("illicit", "spam", "cyber")),
    "spam": (("spam",), ("fraud", "illicit")),
    "cyber": (("cyber", "illicit"), ("fraud",)),
    "crime": (("illicit",), ("violence", "fraud", "harassment/threatening")),
    "injection": (("prompt_injection",), ("jailbreak", "cyber", "illicit")),
    "jailbreak": (("jailbreak",), ("prompt_injection",)),
}
_TASK_FILLS = 4  # times as many: requests to a model are what it mostly sees, and no open set in use has them
_STYLES = ("{}", "{}", "{}", "{}.", "{}!", "{}!!!", "hey, {}", "{} :)", "so, {}", "{} 😀")
_STYLES_ZH = ("{}", "{}", "{}", "{}。", "{}！", "{}！！！", "喂，{}", "{}哈哈", "说真的，{}", "{}😀")


def written_rows(*, seed: int, fills: int = 8) -> list[Row]:
    """Rows of all families in both languages, in a fixed order.

    Args:
        fills: texts made of one template; one with fewer possible texts gives fewer.
    """
    rows: list[Row] = []
    for language, styles in (("en", _STYLES), ("zh", _STYLES_ZH)):
        phrases = tomllib.loads((_PHRASES / f"{language}.toml").read_text(encoding="utf-8"))
        for family, block in phrases["families"].items():
            row_labels = _labels(family)
            for number, template in enumerate(block.strip().splitlines()):
                group = f"{SOURCE}:{language}:{family}:{number}"
                wanted = fills * _TASK_FILLS if family == "benign_task" else fills
                texts = _fill(template, phrases["slots"], styles, group=group, seed=seed, fills=wanted)
                rows += [Row(text, row_labels, SOURCE, group) for text in texts]
    return rows


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
