"""Parts that are given as a URL: fetched once, judged like bytes, and each content has its own error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from support.engines import BLUE, GREY, fake_engine, png, wav
from support.fetching import Host, always, answering, by_path, connections, fetcher_for, host

from moderation.config import Settings
from moderation.errors import ModerationError
from moderation.fetch.settings import FetchSettings
from moderation.limits import Limits
from moderation.pipelines.assemble import _fetcher_of
from moderation.schema import Content, Decision, Modality, ModerationResult, Part, Role, Turn

ANSWERS = {
    "/blue.png": answering(png(BLUE)),
    "/grey.png": answering(png(GREY)),
    "/sound.wav": answering(wav()),
}
Results = list[ModerationResult | ModerationError]


def image(url: str) -> Part:
    return Part(Modality.IMAGE, url=url)


async def judged(own: Host, contents: Sequence[Content], **settings: Any) -> Results:
    engine = fake_engine(fetcher=fetcher_for(own.port, **settings))
    await engine.start()
    try:
        return await engine.moderate_many(contents)
    finally:
        await engine.close()
        assert engine._fetcher.held_bytes == 0


def test_a_url_is_judged_as_its_bytes_are() -> None:
    async def scenario() -> None:
        async with host(by_path(ANSWERS)) as own:
            for path, modality, data in (
                ("/blue.png", Modality.IMAGE, png(BLUE)),
                ("/grey.png", Modality.IMAGE, png(GREY)),
                ("/sound.wav", Modality.AUDIO, wav()),
            ):
                by_url = Content((Part(modality, url=own.url(path)),))
                by_bytes = Content((Part.from_bytes(modality, data),))
                one, other = await judged(own, [by_url, by_bytes])
                assert isinstance(one, ModerationResult)
                assert isinstance(other, ModerationResult)
                assert one.category_scores == other.category_scores
                assert one.findings == other.findings
                assert one.decision is other.decision

    asyncio.run(scenario())


def test_urls_of_a_conversation_are_fetched_too() -> None:
    async def scenario() -> None:
        async with host(by_path(ANSWERS)) as own:
            turn = Turn(Role.USER, (image(own.url("/blue.png")),))
            (result,) = await judged(own, [Content((Part.from_text("hello"),), conversation=(turn,))])
            assert isinstance(result, ModerationResult)
            assert result.decision is not Decision.ALLOW
            assert {finding.part for finding in result.findings} == {"conversation[0].input[0]"}

    asyncio.run(scenario())


def test_each_content_of_a_call_has_its_own_error_and_a_url_is_fetched_once() -> None:
    async def scenario() -> None:
        async with host(by_path(ANSWERS, answering(status="404 N"))) as own:
            contents = [
                Content((image(own.url("/grey.png")),)),
                Content((Part.from_text("hello"), image(own.url("/none")))),
                Content((image(own.url("/grey.png")), image("http://127.0.0.1/"))),
                Content((Part.from_text("hello"),)),
            ]
            good, gone, inner, text = await judged(own, contents, ports=(80,))
            assert isinstance(good, ModerationResult)
            assert isinstance(text, ModerationResult)
            told = [(error.code, error.param) for error in (gone, inner) if isinstance(error, ModerationError)]
            assert told == [("url_not_found", "input[1].url"), ("url_not_allowed", "input[1].url")]
            assert sum("/grey.png" in head for head in own.heads) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("part", [Part(Modality.IMAGE, url="http://a.example/", data=b"x")])
def test_bytes_and_a_url_are_not_both_judged(part: Part) -> None:
    async def scenario() -> None:
        async with host(always(b"")) as own:
            (error,) = await judged(own, [Content((part,))])
            assert isinstance(error, ModerationError)
            assert (error.code, error.param) == ("invalid_part", "input[0]")

    asyncio.run(scenario())


def test_nothing_is_fetched_unless_it_is_switched_on() -> None:
    async def scenario() -> None:
        engine = fake_engine()
        with connections() as tried:
            (error,) = await engine.moderate_many([Content((image("http://media.example.com/"),))])
        assert isinstance(error, ModerationError)
        assert error.code == "url_fetch_disabled"
        assert tried == []
        await engine.close()

    asyncio.run(scenario())


def test_no_more_is_fetched_than_is_decoded() -> None:
    settings = Settings(limits=Limits(max_media_bytes=1_000), fetch=FetchSettings(enabled=True))
    assert _fetcher_of(settings).settings.max_bytes == 1_000
    assert _fetcher_of(Settings()).settings == FetchSettings()
