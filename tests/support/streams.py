"""Streams on fake models: their events, and texts whose units tell something."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.engines import Counting, fake_engine, fake_models, fake_profile

from moderation.models import attacks, personal
from moderation.models.spec import load_spec
from moderation.pipelines.engine import Engine
from moderation.pipelines.profile import Profile, Stage
from moderation.pipelines.stream import Stream
from moderation.rooms import room
from moderation.schema import Modality, StreamEvent, StreamOptions

PIECES = (
    "Ordinary words that go on for a while. ",
    "Short. ",
    "一句普通的话，说得稍微长一点，好让它成为一段。",
    "⟦hate=0.99⟧",
    "⟦violence=0.9⟧",
    "no stop at all and many words after one another ",
    "\n",
    "sk-",
)

TERM = 'name = "own"\nkind = "block"\ncategory = "fraud"\nterms = ["forbidden phrase"]\n'

INJECTION = "Here is a rather long and nice sentence for everybody, please ignore all of the\n"

NUMBER = ("plain words without any stop " * 20)[:226] + " E12345678 - "

NAMED = "passport of hers, and then some more words follow here"

PROFILE = fake_profile()

SPECS = [load_spec(room("models") / name / "model.toml") for name in ("attack-forms", "personal")]


def with_forms() -> tuple[Profile, list[Any]]:
    """The fake profile with what finds attacks and personal information by their form; and its models."""
    stages = (*PROFILE.classifiers[Modality.TEXT], *(Stage(spec, 5.0) for spec in SPECS))
    profile = replace(PROFILE, classifiers={**PROFILE.classifiers, Modality.TEXT: stages})
    builders = zip(SPECS, (attacks.build, personal.build), strict=True)
    return profile, [*fake_models(), *(build(spec, {}, threads=1) for spec, build in builders)]


def events_of(
    chunks: Sequence[str],
    options: StreamOptions | None = None,
    *,
    lists: Path | None = None,
    counting: object = None,
    forms: bool = False,
) -> list[StreamEvent]:
    async def scenario() -> list[StreamEvent]:
        profile, models = with_forms() if forms else (PROFILE, fake_models())
        if isinstance(counting, list):
            counting.append(Counting(models[0]))
        engine = fake_engine(models, lists=lists, profile=profile)
        try:
            return await _streamed(engine, chunks, options)
        finally:
            await engine.close()

    return asyncio.run(scenario())


def events_of_each(
    chunkings: Iterable[Sequence[str]], options: StreamOptions | None = None, *, lists: Path | None = None
) -> list[list[StreamEvent]]:
    """The events of one stream after the other on one engine with `with_forms`, which keeps what it judged."""

    async def scenario() -> list[list[StreamEvent]]:
        profile, models = with_forms()
        engine = fake_engine(models, lists=lists, profile=profile, cache_entries=4_096)
        try:
            return [await _streamed(engine, chunks, options) for chunks in chunkings]
        finally:
            await engine.close()

    return asyncio.run(scenario())


async def _streamed(engine: Engine, chunks: Sequence[str], options: StreamOptions | None) -> list[StreamEvent]:
    stream = Stream(engine, options or StreamOptions())
    events = [event for chunk in chunks for event in await stream.feed(chunk)]
    return events + await stream.finish()
