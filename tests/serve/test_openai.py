"""The unmodified `openai` client against a live server."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from typing import Any, cast

import httpx
import openai
import pytest
from support.engines import BLUE, GREY, png
from support.servers import Server

from moderation.crosswalks import OPENAI

HATE = "well ⟦hate=0.99⟧"
KEYS = set(OPENAI)


def data_url(colour: tuple[int, int, int]) -> str:
    return f"data:image/png;base64,{base64.b64encode(png(colour)).decode()}"


def image_part(url: str) -> Any:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.fixture
def client(fake_server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{fake_server.url}/v1", api_key="unused", max_retries=0) as client:
        yield client


def test_a_text(client: openai.OpenAI) -> None:
    answer = client.moderations.create(input=HATE)
    assert answer.id.startswith("modr-")
    assert answer.model == "omni-moderation-latest"
    (result,) = answer.results
    assert result.flagged
    assert result.categories.hate
    assert not result.categories.self_harm_intent
    assert result.category_scores.hate == 0.99
    assert result.category_applied_input_types.hate == ["text"]
    raw = result.model_dump(by_alias=True)
    for name in ("categories", "category_scores", "category_applied_input_types"):
        assert set(raw[name]) == KEYS


def test_a_list_of_texts_gives_one_result_each(client: openai.OpenAI) -> None:
    answer = client.moderations.create(input=["hello", HATE, "bye"], model="omni-moderation-2024-09-26")
    assert [result.flagged for result in answer.results] == [False, True, False]
    assert answer.model == "omni-moderation-2024-09-26"


def test_a_list_of_parts_gives_one_result_and_takes_several_images(client: openai.OpenAI) -> None:
    parts = [{"type": "text", "text": "look"}, image_part(data_url(GREY)), image_part(data_url(BLUE))]
    (result,) = client.moderations.create(input=parts).results
    assert result.flagged
    assert result.category_applied_input_types.sexual == ["text", "image"]
    assert result.category_applied_input_types.hate == ["text"]


def test_the_older_models_have_eleven_categories_and_no_input_types(fake_server: Server) -> None:
    body = {"input": "hello", "model": "text-moderation-latest"}
    (result,) = httpx.post(f"{fake_server.url}/v1/moderations", json=body).json()["results"]
    assert set(result["categories"]) == set(result["category_scores"]) == KEYS - {"illicit", "illicit/violent"}
    assert "category_applied_input_types" not in result


def test_uncovered_categories_are_zero_and_named(client: openai.OpenAI) -> None:
    (result,) = client.moderations.create(input="hello").results
    extension = result.model_extra["moderation"]  # type: ignore[index]
    assert "hate/threatening" in extension["uncovered"]
    assert result.category_scores.hate_threatening == 0.0


def test_what_openai_has_no_code_for_still_flags(client: openai.OpenAI) -> None:
    (result,) = client.moderations.create(input="⟦jailbreak=0.99⟧").results
    assert result.flagged
    assert result.model_extra["moderation"]["other_categories"] == ["jailbreak"]  # type: ignore[index]


def test_content_that_was_not_judged_whole_is_never_not_flagged(client: openai.OpenAI) -> None:
    (result,) = client.moderations.create(input="a" * 17_000).results
    assert result.flagged
    assert result.model_extra["moderation"]["unjudged"][0]["reason"] == "text_past_window"  # type: ignore[index]


@pytest.mark.parametrize(
    ("judged", "error", "code", "param"),
    [
        ("", openai.BadRequestError, "empty_text", "input"),
        ([""], openai.BadRequestError, "empty_text", "input[0]"),
        ([], openai.BadRequestError, "empty_input", "input"),
        (["a", ""], openai.BadRequestError, "empty_text", "input[1]"),
        ([1, 2], openai.BadRequestError, "invalid_type", "input[0]"),
        (["a", {"type": "text", "text": "b"}], openai.BadRequestError, "invalid_type", "input[0]"),
        ([{"type": "audio"}], openai.BadRequestError, "invalid_part", "input[0]"),
        ([{**image_part(data_url(GREY)), "text": HATE}], openai.BadRequestError, "invalid_part", "input[0]"),
        (
            [{"type": "image_url", "image_url": {"url": data_url(GREY), "text": HATE}}],
            openai.BadRequestError,
            "invalid_part",
            "input[0]",
        ),
        ([image_part("https://example.org/a.png")], openai.BadRequestError, "url_fetch_disabled", None),
        ([image_part("ftp://example.org/a.png")], openai.BadRequestError, "invalid_url", None),
        ([image_part("data:image/png;base64,****")], openai.BadRequestError, "invalid_base64", None),
        (
            [image_part("data:image/png;base64,aGVsbG8=")],
            openai.APIStatusError,
            "undecodable_image",
            "input[0].image_url.url",
        ),
        (["a"] * 257, openai.APIStatusError, "batch_too_large", "input"),
    ],
)
def test_errors_are_the_clients_own(
    client: openai.OpenAI, judged: Any, error: type[openai.APIStatusError], code: str, param: str | None
) -> None:
    with pytest.raises(error) as refused:
        client.moderations.create(input=judged)
    assert refused.value.code == code
    if param is not None:
        assert refused.value.param == param
    assert set(cast("dict[str, Any]", refused.value.body)) == {"code", "message", "param", "type"}


def test_the_asynchronous_client(fake_server: Server) -> None:
    async def scenario() -> list[bool]:
        async with openai.AsyncOpenAI(base_url=f"{fake_server.url}/v1", api_key="unused", max_retries=0) as client:
            answers = await asyncio.gather(
                *(client.moderations.create(input=text) for text in ("hello", HATE)),
                client.moderations.create(input=[image_part(data_url(BLUE))]),
            )
            return [answer.results[0].flagged for answer in answers]

    assert asyncio.run(scenario()) == [False, True, True]
