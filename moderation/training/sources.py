"""The open training sets, each mapped to the project's categories.

A set speaks only about what its annotators judged: a category it says nothing of is left out of a row's
labels and trains nothing there. Texts are read, mapped and capped here, and nowhere printed.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from moderation.errors import InvalidRequestError
from moderation.training.parts import CALIBRATE, MEASURE, TRAIN, TRAINED_ONLY, bare, near, part_of
from moderation.training.rows import CATEGORIES, Row, benign, labels

Record = Mapping[str, Any]

_ABUSE = tuple(c for c in CATEGORIES if c.startswith(("hate", "harassment", "discrimination")))
_GROUP_ABUSE = tuple(c for c in _ABUSE if not c.startswith("harassment"))
_HARM = ("violence", "violence/graphic", "terrorism", "sexual", "illicit")  # what annotators of abuse did not look at
_ATTACK = ("prompt_injection", "jailbreak")
_SELLING = ("illicit", "illicit/drugs", "illicit/weapons", "illicit/gambling", "fraud", "cyber")
# In these many rows are one text with little changed: a template, a mail sent again.
_OF_TEMPLATES = (
    "sms-spam-en", "advbench-en", "jailbench-zh", "self-reminder-jailbreak-en", "cyberseceval-frr",
    "toxigen-prompts-en", "davidson-en",
)  # fmt: skip
_SHORT = 1_200  # characters of a long text that are used

_COLD_TOPICS = {
    "race": "discrimination/ethnicity",
    "region": "discrimination/region",
    "gender": "discrimination/gender",
}
_TOXIGEN_GROUPS = {
    "lgbtq": "discrimination/gender",
    "bisexual": "discrimination/gender",
    "women": "discrimination/gender",
    "physical_disability": "discrimination/health",
    "mental_disability": "discrimination/health",
    "muslim": "discrimination/belief",
    "jewish": "discrimination/belief",
}
_SEED_CATEGORIES = {
    "信仰歧视内容": ("discrimination/belief",),
    "地域歧视内容": ("discrimination/region",),
    "性别歧视内容": ("discrimination/gender",),
    "性取向歧视内容": ("discrimination/gender",),
    "健康歧视内容": ("discrimination/health",),
    "种族歧视内容": ("discrimination/ethnicity",),
    "侵害他人财产权": ("illicit",),
    "危害公共安全": ("illicit",),
}
_ADVBENCH_WORDS = (
    ("illicit/weapons", r"bomb|explosive|weapon|firearm|\bguns?\b|grenade|ammunition"),
    ("illicit/drugs", r"\bdrugs?\b|meth\b|cocaine|heroin|narcotic|steroid"),
    ("self_harm", r"suicid|self-harm|self harm|anorexi|eating disorder|cutting"),
    ("fraud", r"scam|fraud|phish|counterfeit|launder|identity theft|insider trading|embezzl|steal .*identit|fake"),
    ("cyber", r"hack|malware|virus|exploit|ransom|trojan|keylog|botnet|ddos|password|backdoor|worm"),
    ("violence", r"\bkill|murder|attack on|assassin|mass shooting|torture|violen"),
    ("illicit/violent", r"\bkill|murder|attack on|assassin|mass shooting|torture|kidnap|bomb|poison"),
    ("terrorism", r"terroris"),
    ("sexual", r"porn|\bsex"),
)


def read_sources(folder: Path, *, seed: int, scale: float = 1.0) -> list[Row]:
    """All training rows of the sets in a folder, capped, in a fixed order.

    Args:
        scale: multiplies every cap; below 1 for a quick try.

    Raises:
        InvalidRequestError: if a set is missing.
    """
    rows: list[Row] = []
    for name, (reader, cap) in _SETS.items():
        files = sorted((folder / name).glob("*.jsonl.gz"))
        if not files:
            raise InvalidRequestError(f"{folder / name}: no such training set")
        chooser = random.Random(f"{seed} {name}")  # noqa: S311 - a repeatable sample
        found = list(reader(_records(files), seed))
        if name in _OF_TEMPLATES:
            names = near([row.text for row in found])
            found = [replace(row, group=f"{name}:{group}") for row, group in zip(found, names, strict=True)]
        chooser.shuffle(found)
        rows += _capped(found, int(cap * scale))
    return rows


def _records(files: Sequence[Path]) -> list[Record]:
    return [json.loads(line) for path in files for line in gzip.open(path, "rt", encoding="utf-8")]


def _capped(rows: Sequence[Row], cap: int) -> list[Row]:
    """At most `cap` rows, half of them with a true label as far as there are as many."""
    positive = [row for row in rows if any(row.labels.values())]
    negative = [row for row in rows if not any(row.labels.values())]
    half = max(cap // 2, cap - len(negative))
    kept = positive[:half]
    return kept + negative[: cap - len(kept)]


def _row(record: Record, row_labels: Mapping[str, bool], source: str, group: str | None = None) -> Row:
    text = record["text"][:_SHORT]
    return Row(text, row_labels, source, group or f"{source}:{bare(text)}")


def _cold(records: Sequence[Record], _: int) -> Iterator[Row]:
    for record in records:
        topic = _COLD_TOPICS[record["category"]]
        if record["label"]:
            others = tuple(_COLD_TOPICS.values())
            unsure = (*others, "discrimination/nationality", "hate/threatening", "harassment", *_HARM)
            row_labels = labels(("hate", topic), unknown=unsure)
        else:
            row_labels = benign(unknown=(*_HARM, "self_harm"))
        yield _row(record, row_labels, "cold-zh")


def _davidson(records: Sequence[Record], _: int) -> Iterator[Row]:
    unsure = (*_HARM, "illicit/drugs", "illicit/violent", "harassment/threatening", *_GROUP_ABUSE)
    for record in records:
        match record["category"]:
            case "hate_speech":
                yield _row(record, labels(("hate", "harassment"), unknown=unsure), "davidson-en")
            case "offensive_language" if record["votes"][1] == sum(record["votes"]):
                # of one mind: offensive and not hateful
                row_labels = labels(("harassment",), unknown=unsure)
                yield _row(record, {**row_labels, "hate": False}, "davidson-en")
            case "neither":
                yield _row(record, benign(unknown=(*_HARM, "illicit/drugs")), "davidson-en")


def _stormfront(records: Sequence[Record], _: int) -> Iterator[Row]:
    for record in records:
        if record["category"] == "hate":
            yield _row(record, labels(("hate",), negative=(*_ATTACK, "spam", "fraud")), "stormfront-en")
        elif record["category"] == "noHate":
            unsure = ("harassment", *_HARM, "discrimination/ethnicity", "discrimination/nationality")
            yield _row(record, benign(unknown=unsure), "stormfront-en")


def _toxigen(records: Sequence[Record], _: int) -> Iterator[Row]:
    for record in records:
        category = _TOXIGEN_GROUPS.get(record["category"], "discrimination/ethnicity")
        hateful = labels(("hate", category), negative=(*_ATTACK, *_SELLING, "spam"))
        yield _row(record, hateful if record["label"] else benign(), "toxigen-prompts-en")


def _swsr(records: Sequence[Record], _: int) -> Iterator[Row]:
    for record in records:
        if record["label"]:
            row_labels = labels(("discrimination/gender",), negative=(*_ATTACK, *_SELLING, "spam"))
        else:
            row_labels = labels((), negative=("discrimination/gender", *_ATTACK, *_SELLING, "spam", "self_harm"))
        yield _row(record, row_labels, "swsr-zh")


def _identity(source: str) -> Callable[[Sequence[Record], int], Iterator[Row]]:
    about_groups = {"being_adj", "verb_adj", "am_hate_adj", "hate_identity", "verb_identity"}

    def read(records: Sequence[Record], _: int) -> Iterator[Row]:
        for record in records:
            group = f"{TRAINED_ONLY}{source}"
            if not record["label"]:
                yield _row(record, benign(), source, group)
                continue
            positive = ("hate",) if record["category"] in about_groups else ("harassment",)
            unsure = (*_ABUSE, *_HARM)
            yield _row(record, labels(positive, unknown=unsure), source, group)

    return read


def _sms(records: Sequence[Record], _: int) -> Iterator[Row]:
    for record in records:
        if record["label"]:
            row_labels = labels(("spam",), unknown=("fraud", "sexual", "illicit", "illicit/gambling"))
        else:
            row_labels = benign(unknown=("harassment", "sexual"))
        yield _row(record, row_labels, "sms-spam-en")


def _advbench(records: Sequence[Record], _: int) -> Iterator[Row]:
    for record in records:
        text = record["text"].lower()
        found = tuple(category for category, words in _ADVBENCH_WORDS if re.search(words, text))
        row_labels = labels(("illicit", *found), negative=("spam", "jailbreak", "prompt_injection"))
        yield _row(record, row_labels, "advbench-en")


def _jailbench(records: Sequence[Record], _: int) -> Iterator[Row]:
    for record in records:
        if record["area"] == "违反社会主义核心价值观":
            continue  # the project ships no model of its own for these
        if len(record["text"]) < 60:
            positive = _SEED_CATEGORIES.get(record["category"], ())
            yield _row(record, labels(positive, negative=("jailbreak", "prompt_injection", "spam")), "jailbench-zh")
        else:
            yield _row(record, labels(("jailbreak",), negative=("spam",)), "jailbench-zh")


def _self_reminder(records: Sequence[Record], _: int) -> Iterator[Row]:
    for record in records:
        yield _row(record, labels(("jailbreak",), negative=("spam", "fraud")), "self-reminder-jailbreak-en")


def _bipia(records: Sequence[Record], seed: int) -> Iterator[Row]:
    """Clean contexts, and the same kind of contexts with an attack put into them: of one part of the split, both."""
    chooser = random.Random(f"{seed} bipia-en attacks")  # noqa: S311 - a repeatable sample
    attacks: dict[int, list[str]] = {TRAIN: [], CALIBRATE: [], MEASURE: []}
    wanted = [record["text"] for record in records if record["label"]]
    for attack, group in zip(wanted, near(wanted), strict=True):
        attacks[part_of(f"bipia-en:{group}", seed)].append(attack)
    contexts = [record["text"][: _SHORT - 400] for record in records if not record["label"]]
    for context, name in zip(contexts, near(contexts), strict=True):
        group = f"bipia-en:{name}"
        yield _row({"text": context}, benign(), "bipia-en", group)
        for attack in chooser.sample(attacks[part_of(group, seed)], 2):
            place = chooser.choice((0, len(context)))
            text = f"{context[:place]}\n{attack}\n{context[place:]}".strip()
            positive = labels(("prompt_injection",), negative=("spam", "hate", "violence", "self_harm"))
            yield _row({"text": text}, positive, "bipia-en", group)


def _refusals(records: Sequence[Record], _: int) -> Iterator[Row]:
    for record in records:
        yield _row(record, benign(), "cyberseceval-frr")


_SETS: Mapping[str, tuple[Callable[[Sequence[Record], int], Iterator[Row]], int]] = {
    "cold-zh": (_cold, 9_000),
    "davidson-en": (_davidson, 6_000),
    "stormfront-en": (_stormfront, 3_600),
    "toxigen-prompts-en": (_toxigen, 1_000),
    "swsr-zh": (_swsr, 4_000),
    "identity-templates-en": (_identity("identity-templates-en"), 1_600),
    "identity-templates-zh": (_identity("identity-templates-zh"), 1_600),
    "sms-spam-en": (_sms, 3_800),
    "advbench-en": (_advbench, 500),
    "jailbench-zh": (_jailbench, 700),
    "self-reminder-jailbreak-en": (_self_reminder, 180),
    "bipia-en": (_bipia, 900),
    "cyberseceval-frr": (_refusals, 750),
}
