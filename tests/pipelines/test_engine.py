"""The engine on fake models: what a result says, and that nothing is judged twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from support.engines import BLUE, Counting, StandInDecoder, fake_engine, fake_models, png, wav

from moderation.errors import InputError, ModerationError, OverloadedError
from moderation.limits import Limits
from moderation.media.decoded import Decoded
from moderation.models.base import Classification, Scored
from moderation.models.fake import Behaviour, FakeTextClassifier
from moderation.pipelines.engine import Engine
from moderation.schema import Content, Decision, Modality, ModerationResult, Part, Role, Turn
from moderation.taxonomy import CATEGORIES, PARENTS

HATE = "well ⟦hate=0.99⟧"


def judge(content: Content, engine: Engine | None = None) -> ModerationResult:
    (result,) = judge_many([content], engine)
    assert isinstance(result, ModerationResult)
    return result


def judge_many(
    contents: Sequence[Content], engine: Engine | None = None
) -> Sequence[ModerationResult | ModerationError]:
    async def scenario() -> Sequence[ModerationResult | ModerationError]:
        used = engine or fake_engine()
        try:
            return await used.moderate_many(contents)
        finally:
            await used.close()

    return asyncio.run(scenario())


def text(words: str, role: Role | None = None) -> Part:
    return Part.from_text(words, role=role)


def image(colour: tuple[int, int, int]) -> Part:
    return Part.from_bytes(Modality.IMAGE, png(colour))


def test_scored_and_uncovered_make_up_the_taxonomy() -> None:
    result = judge(Content((text("hello"),)))
    assert set(result.category_scores) | set(result.uncovered) == set(CATEGORIES)
    assert not set(result.category_scores) & set(result.uncovered)
    assert set(result.categories) == set(result.category_scores)
    assert result.decision is Decision.ALLOW
    assert not result.flagged


def test_a_finding_points_to_its_part_and_span() -> None:
    result = judge(Content((text("fine"), text(HATE))))
    assert result.decision is Decision.BLOCK
    (finding,) = result.findings
    assert (finding.category, finding.score, finding.part, finding.origin) == ("hate", 0.99, "input[1]", ())
    assert finding.classifier == "fake-text.v1"
    assert finding.evidence.span == (0, len(HATE))
    assert finding.evidence.quote == HATE


def test_a_span_selects_the_window_in_code_points() -> None:
    long = "𠀋" * 1_500 + "⟦violence=0.9⟧"
    (finding,) = judge(Content((text(long),))).findings
    assert finding.evidence.span == (1_000, len(long))
    assert finding.evidence.quote == long[1_000:]


def test_a_parent_has_the_maximum_of_its_children() -> None:
    result = judge(Content((text("⟦illicit/drugs=0.95⟧"),)))
    for child, parent in PARENTS.items():
        if child in result.category_scores:
            assert result.category_scores[parent] >= result.category_scores[child]
    assert result.categories["illicit"]
    assert [finding.category for finding in result.findings] == ["illicit/drugs"]


def test_conversation_turns_are_judged_under_their_path_and_role() -> None:
    content = Content(
        (text("fine"),),
        conversation=(Turn(Role.USER, (text("a"), text("b"))), Turn(Role.TOOL, (text("⟦prompt_injection=0.7⟧"),))),
    )
    (finding,) = judge(content).findings
    assert finding.part == "conversation[1].input[0]"
    assert judge(Content((text("⟦prompt_injection=0.7⟧"),))).findings == ()  # a user's is held to more


def test_a_parts_role_is_more_exact_than_the_requests() -> None:
    part = text("⟦prompt_injection=0.7⟧", role=Role.TOOL)
    assert judge(Content((part,), role=Role.USER)).flagged


def test_text_read_in_an_image_is_judged_as_text_and_keeps_its_origin() -> None:
    result = judge(Content((text("look"), image(BLUE)), derived=True))
    assert result.decision is Decision.BLOCK
    finding = next(finding for finding in result.findings if finding.origin)
    assert (finding.part, finding.origin, finding.category) == ("input[1]", ("ocr",), "hate")
    assert finding.evidence.box is not None
    assert finding.evidence.span is None  # spans count code points of an original text
    assert result.derived is not None
    (derived,) = result.derived
    assert derived.text == finding.evidence.quote
    assert derived.part == "input[1]"


def test_speech_is_judged_as_text_and_keeps_its_time() -> None:
    result = judge(Content((Part.from_bytes(Modality.AUDIO, wav(0.5)),)))
    (finding,) = result.findings
    assert (finding.origin, finding.category) == (("asr",), "violence")
    assert finding.evidence.time_s is not None


def test_derived_parts_are_returned_when_asked_for_and_only_then() -> None:
    assert judge(Content((image(BLUE),))).derived is None
    assert judge(Content((text("a"),), derived=True)).derived == ()


def test_an_image_without_text_says_that_hate_was_not_covered() -> None:
    result = judge(Content((image((128, 128, 128)),)))
    assert "hate" in result.uncovered
    assert "hate" not in result.category_scores
    assert "sexual" in result.category_scores


def test_equal_texts_and_equal_media_are_judged_once() -> None:
    models, decoder = fake_models(), StandInDecoder()
    counted = {model.key: Counting(model) for model in models}
    same = Content((text("same"), text("same"), image(BLUE), image(BLUE)))
    results = judge_many([same, same], fake_engine(models, decoder=decoder))
    assert len(results) == 2
    assert decoder.decoded == 1
    assert counted["fake-text.v1"].asked.count("same") == 1
    assert len(counted["fake-ocr.v1"].asked) == 1
    first = results[0]
    assert isinstance(first, ModerationResult)
    assert {finding.part for finding in first.findings} == {"input[2]", "input[3]"}


def test_each_content_has_its_own_error() -> None:
    good, bad = Content((text(HATE),)), Content((text(""),))
    results = judge_many([good, bad, good])
    assert [isinstance(result, InputError) for result in results] == [False, True, False]
    assert isinstance(results[1], InputError)
    assert results[1].param == "input[0].text"


@pytest.mark.parametrize(
    ("content", "code", "param"),
    [
        (Content(()), "empty_input", "input"),
        (Content((text(""),)), "empty_text", "input[0].text"),
        (Content((text("a"), text("b\ud800c"))), "invalid_unicode", "input[1].text"),
        (Content((text("x" * 101),)), "text_too_long", "input[0].text"),
        (Content((text("x" * 60), text("y" * 60))), "text_too_long", "input"),
        (Content(tuple(text("a") for _ in range(5))), "too_many_parts", "input"),
        (Content((Part(Modality.IMAGE, url="https://example.org/a.png"),)), "url_fetch_disabled", "input[0].url"),
        (Content((Part(Modality.IMAGE, data=b""),)), "empty_media", "input[0].data"),
        (Content((Part(Modality.IMAGE, data=b"x" * 1001),)), "media_too_large", "input[0].data"),
        (Content((text("a"),), provenance=True), "not_supported_yet", "provenance"),
        (Content((text("a"),), policy="nope"), "unknown_policy", "policy"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_code_and_place(content: Content, code: str, param: str) -> None:
    limits = Limits(max_text_chars=100, max_parts=4, max_media_bytes=1_000)
    (error,) = judge_many([content], fake_engine(limits=limits))
    assert isinstance(error, InputError)
    assert (error.code, error.param) == (code, param)


def test_a_text_past_the_window_is_unjudged_and_reviewed() -> None:
    result = judge(Content((text("a" * 20_000),)))
    assert result.decision is Decision.REVIEW
    assert not result.flagged
    (gap,) = result.unjudged
    assert (gap.part, gap.reason, gap.span) == ("input[0]", "text_past_window", (16_000, 20_000))


def test_more_texts_than_a_slice_come_back_in_order() -> None:
    contents = [Content((text(f"⟦hate={0.5 + index / 1000:.3f}⟧"),)) for index in range(300)]
    results = judge_many(contents)
    scores = [result.category_scores["hate"] for result in results if isinstance(result, ModerationResult)]
    assert scores == [round(0.5 + index / 1000, 3) for index in range(300)]


def test_a_full_queue_sheds_the_call() -> None:
    async def scenario() -> None:
        models = fake_models(text=Behaviour.HANG)
        engine = fake_engine(models, max_queue_size=2, deadline_s=0.5)
        waiting = []
        for number in range(3):  # one runs, two wait
            waiting.append(asyncio.create_task(engine.moderate(Content((text(f"w{number}"),)))))
            await asyncio.sleep(0.02)
        with pytest.raises(OverloadedError):
            await engine.moderate(Content((text("one more"),)))
        with pytest.raises(OverloadedError):
            await engine.moderate(Content((text("with media"), image(BLUE))))
        results = await asyncio.gather(*waiting)
        assert all(result.decision is Decision.REVIEW for result in results)
        await engine.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "part",
    [
        Part(Modality.IMAGE, data=png(BLUE), text=HATE),
        Part(Modality.TEXT, text="fine", data=png(BLUE)),
        Part(Modality.TEXT, text="fine", url="https://example.org"),
    ],
)
def test_a_part_is_one_thing(part: Part) -> None:
    (error,) = judge_many([Content((part,))])
    assert isinstance(error, InputError)
    assert (error.code, error.param) == ("invalid_part", "input[0]")


@pytest.mark.parametrize(
    ("kept", "part", "stage"),
    [
        (Modality.IMAGE, Part.from_text(HATE), "text"),
        (Modality.TEXT, Part.from_bytes(Modality.AUDIO, wav(0.5)), "audio"),
        (Modality.IMAGE, Part.from_bytes(Modality.IMAGE, png(BLUE)), "text"),  # read from the image, judged by nobody
    ],
)
def test_a_modality_without_a_model_is_unjudged(kept: Modality, part: Part, stage: str) -> None:
    engine = fake_engine()
    profile = engine.profile
    for stages in (profile.classifiers, profile.extractors):
        for modality in Modality:
            if modality is not kept:
                stages[modality] = ()
    result = judge(Content((part,)), engine)
    assert result.decision is Decision.REVIEW
    assert [(gap.part, gap.stage, gap.reason) for gap in result.unjudged] == [("input[0]", stage, "no_model")]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, 1.1])
def test_a_score_that_is_no_probability_is_a_failure_of_the_model(score: float) -> None:
    class Wrong(FakeTextClassifier):
        def _answer(self, item: str) -> Classification:
            return Classification((Scored({"hate": score}),)) if "wrong" in item else super()._answer(item)

    models = [Wrong() if model.key == "fake-text.v1" else model for model in fake_models()]
    wrong, right = judge_many([Content((text("wrong"),)), Content((text("right"),))], fake_engine(models))
    assert isinstance(wrong, ModerationResult)
    assert isinstance(right, ModerationResult)
    assert (wrong.decision, right.decision) == (Decision.REVIEW, Decision.ALLOW)
    assert wrong.unjudged[0].reason == "model_failed"
    assert not wrong.category_scores


def test_an_empty_policy_name_is_no_default() -> None:
    (error,) = judge_many([Content((text("a"),), policy="")])
    assert isinstance(error, InputError)
    assert error.code == "unknown_policy"


def test_media_is_worked_on_a_few_at_a_time_and_shed_past_a_number() -> None:
    class Watching(StandInDecoder):
        now = most = 0

        async def decode(self, modality: Modality, data: bytes, *, deadline_s: float) -> Decoded:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.02)
            self.now -= 1
            return await super().decode(modality, data, deadline_s=deadline_s)

    async def scenario() -> None:
        decoder = Watching()
        engine = fake_engine(decoder=decoder, limits=Limits(max_media_at_once=3, max_media_waiting=4))
        contents = [Content((image((index, 0, 0)),)) for index in range(9)]
        results = await asyncio.gather(*map(engine.moderate, contents), return_exceptions=True)
        assert decoder.most == 3
        assert [isinstance(result, OverloadedError) for result in results] == [False] * 7 + [True] * 2
        assert not isinstance(await engine.moderate(contents[8]), Exception)  # the places are free again
        await engine.close()

    asyncio.run(scenario())


def test_a_call_waits_for_its_own_media_however_many() -> None:
    async def scenario() -> None:
        engine = fake_engine(limits=Limits(max_media_at_once=3, max_media_waiting=4))
        contents = [Content(tuple(image((row, column, 0)) for column in range(4))) for row in range(5)]
        results = await engine.moderate_many(contents)
        assert all(isinstance(result, ModerationResult) for result in results)
        await engine.close()

    asyncio.run(scenario())
