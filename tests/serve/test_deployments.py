"""The plain classes of the Ray backend, without Ray: a handle is anything with `.remote`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from support.engines import StandInDecoder, fake_profile

from moderation.config import Settings
from moderation.errors import ModelError, ModerationError, OverloadedError
from moderation.limits import Limits
from moderation.lists.store import ListStore
from moderation.pipelines.assemble import policies_of
from moderation.pipelines.engine import Engine, Options
from moderation.schema import Content, Decision, Part
from moderation.serve.deployments import ModelDeployment, RayRunner


class Method:
    def __init__(self, function: Callable[..., Any]) -> None:
        self.remote = function


class Handle:
    """A deployment in this process, reached as Ray's handles are."""

    def __init__(self, deployment: ModelDeployment) -> None:
        self.submit = Method(deployment.submit)
        self.warm_up = Method(deployment.warm_up)


class Broken:
    """A handle whose replica fails in some way."""

    def __init__(self, submit: Callable[..., Any]) -> None:
        self.submit = Method(submit)


def settings() -> Settings:
    return Settings(profile="fake")


def test_items_go_through_a_deployment_and_back() -> None:
    async def scenario() -> None:
        runner = RayRunner({"fake-text.v1": Handle(ModelDeployment(settings(), "fake-text.v1"))})
        assert runner.unavailable() == {"fake-text.v1": "warming_up"}
        await runner.warm_up()
        assert runner.unavailable() == {}
        results: list[Any] = await runner.submit("fake-text.v1", ["a", "⟦hate=0.99⟧"], deadline_s=5)
        assert [result.scored[0].scores["hate"] > 0.9 for result in results] == [False, True]
        with pytest.raises(ModelError) as refused:
            await runner.submit("none.v1", ["a"])
        assert refused.value.code == "model_not_loaded"

    asyncio.run(scenario())


async def dies(*_: object) -> None:
    raise RuntimeError("the actor died")


async def hangs(*_: object) -> None:
    await asyncio.sleep(60)


async def sheds(*_: object) -> ModerationError:
    return OverloadedError("full", retry_after_s=3)


@pytest.mark.parametrize(("submit", "code"), [(dies, "model_failed"), (hangs, "deadline_exceeded")])
def test_a_replica_that_dies_or_hangs_gives_review(submit: Callable[..., Any], code: str) -> None:
    async def scenario() -> None:
        profile = fake_profile(deadline_s=0.2)
        engine = Engine(
            profile=profile,
            policies=policies_of(settings()),
            default_policy="default",
            runner=RayRunner({stage.key: Broken(submit) for stage in profile.stages}),
            decoder=StandInDecoder(),
            limits=Limits(),
            lists=ListStore([]),
            options=Options(),
        )
        result = await engine.moderate(Content((Part.from_text("a"),)))
        assert result.decision is Decision.REVIEW
        assert [gap.reason for gap in result.unjudged] == [code]

    asyncio.run(scenario())


def test_a_replica_that_sheds_sheds_the_call() -> None:
    async def scenario() -> None:
        with pytest.raises(OverloadedError) as shed:
            await RayRunner({"fake-text.v1": Broken(sheds)}).submit("fake-text.v1", ["a"])
        assert shed.value.retry_after_s == 3

    asyncio.run(scenario())
