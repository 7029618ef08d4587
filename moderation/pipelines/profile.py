"""A profile: which models judge what, and how long each may take (`pipelines/profiles/*.toml`)."""

from __future__ import annotations

import contextlib
import functools
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

from moderation.errors import ConfigurationError, SettingsError
from moderation.models.cascade import Band, speaks_for
from moderation.models.spec import ModelSpec
from moderation.operator_files import at_line, failing, table_of, text_of
from moderation.schema import Modality
from moderation.toml_lines import line_of

_STAGE_HEADER = re.compile(r"\s*\[\[\s*stage\s*\]\]")


@dataclass(frozen=True, slots=True)
class Stage:
    """One model at work in a profile.

    Attributes:
        after: key of an earlier stage; this one then judges only texts of which that one is unsure.
        band: what unsure is: the highest score of the earlier stage that this one speaks for lies in it.
    """

    spec: ModelSpec
    deadline_s: float
    after: str | None = None
    band: Band | None = None

    @property
    def key(self) -> str:
        return self.spec.key

    @property
    def revision(self) -> str:
        return self.spec.revision

    @property
    def experimental(self) -> tuple[str, ...]:
        return self.spec.experimental


@dataclass(frozen=True, slots=True)
class Profile:
    """The stages by what they take, in the order of the file."""

    name: str
    decode_deadline_s: float
    classifiers: dict[Modality, tuple[Stage, ...]]
    extractors: dict[Modality, tuple[Stage, ...]]

    @property
    def stages(self) -> tuple[Stage, ...]:
        groups = (*self.classifiers.values(), *self.extractors.values())
        return tuple(stage for group in groups for stage in group)


def load_profile(file: Path, find: Callable[[str], ModelSpec]) -> Profile:
    """Reads a profile.

    Args:
        find: registry look-up, key -> spec.

    Raises:
        SettingsError: naming file and line.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.toml"))) or "none"
        raise SettingsError(f"{file}: cannot be read: {error.strerror}; profiles there: {known}") from None

    text = text_of(raw, failing(SettingsError, file))
    table = table_of(text, failing(SettingsError, file))

    def fail(message: str, *path: str) -> SettingsError:
        return SettingsError(f"{at_line(file, line_of(text, path))}: {message}")

    for key in table:
        if key not in ("description", "decode_deadline_s", "stage"):
            raise fail(f"unknown key `{key}`", key)
    rows = table.get("stage", [])
    if not isinstance(rows, list) or not rows:
        raise fail("no [[stage]] is given: nothing would be judged", "stage")
    stages: list[Stage] = []
    for row, line in zip(rows, _lines_of_stages(text, len(rows)), strict=True):
        fail_here = functools.partial(_fail_at, at_line(file, line))
        stage = _stage(row, find, fail_here)
        _check_order(stage, stages, fail_here)
        stages.append(stage)
    return Profile(
        name=file.stem,
        decode_deadline_s=_seconds(table, "decode_deadline_s", fail),
        classifiers=_by_modality(stages, "classifier"),
        extractors=_by_modality(stages, "extractor"),
    )


def _lines_of_stages(text: str, count: int) -> list[int | None]:
    """Where each [[stage]] begins; all where the first does, if they are written in another way."""
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if _STAGE_HEADER.match(line)]
    return [*lines] if len(lines) == count else [line_of(text, ("stage",))] * count


def _fail_at(place: str, message: str, *_: str) -> SettingsError:
    return SettingsError(f"{place}: {message}")


def _check_order(stage: Stage, earlier: Sequence[Stage], fail: Callable[..., SettingsError]) -> None:
    """A model stands once, and a guard after a text classifier that is asked about every text."""
    if stage.key in {one.key for one in earlier}:
        raise fail(f"{stage.key} is a stage already")
    if stage.after is None:
        return
    texts = [one for one in earlier if one.spec.modality == stage.spec.modality == Modality.TEXT]
    before = next((one for one in texts if one.key == stage.after), None)
    if before is None or stage.spec.kind != "classifier":
        raise fail(f"{stage.key} comes `after` {stage.after}, which is no earlier text classifier")
    if before.after is not None:
        raise fail(
            f"{stage.key} comes `after` {stage.after}, itself `after` {before.after}, and so not asked about every text"
        )
    if not any(speaks_for(stage.spec.categories, category) for category in before.spec.categories):
        raise fail(f"{stage.key} speaks for no category of {stage.after} and would never be asked; leave out `after`")


def _stage(row: Any, find: Callable[[str], ModelSpec], fail: Callable[..., SettingsError]) -> Stage:
    keys = set(row) if isinstance(row, dict) else set()
    if keys not in ({"model", "deadline_s"}, {"model", "deadline_s", "after", "band"}):
        raise fail("a [[stage]] has `model` and `deadline_s`, and a guard `after` and `band` together; nothing else")
    if not isinstance(row["model"], str):
        raise fail("`model` must be a registry key")
    stage = Stage(find(row["model"]), _seconds(row, "deadline_s", fail))
    return replace(stage, after=str(row["after"]), band=_band(row["band"], fail)) if "after" in row else stage


def _band(value: Any, fail: Callable[..., SettingsError]) -> Band:
    if isinstance(value, list) and len(value) == 2 and all(_is_number(bound) for bound in value):
        with contextlib.suppress(ConfigurationError):
            return Band(value[0], value[1])
    raise fail("`band` is two scores from 0 to 1, the lower first: band = [0.2, 0.8]")


def _seconds(table: dict[str, Any], key: str, fail: Callable[..., SettingsError]) -> float:
    value = table.get(key)
    if not _is_number(value) or not 0 < value <= sys.float_info.max:  # false for nan and inf, too
        raise fail(f"`{key}` must be a number of seconds over 0", key)
    return float(value)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _by_modality(stages: list[Stage], kind: str) -> dict[Modality, tuple[Stage, ...]]:
    return {
        modality: tuple(stage for stage in stages if stage.spec.kind == kind and stage.spec.modality == modality)
        for modality in Modality
    }
