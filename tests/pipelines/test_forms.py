"""Texts in disguise, lists, redaction, the cache and conversations, through the engine."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.engines import Counting, fake_engine, fake_models

from moderation.config import Settings
from moderation.errors import ListError
from moderation.models.base import Classification, Scored
from moderation.normalise.views import warm_up
from moderation.pipelines import forms
from moderation.pipelines.assemble import assemble, policies_of
from moderation.pipelines.evidence import evidence_of
from moderation.pipelines.fuse import fuse
from moderation.pipelines.joining import JOINED_TURNS
from moderation.pipelines.units import ListSource, Piece, Unit
from moderation.schema import Content, Decision, Evidence, ModerationResult, Part, Role, Turn

HOSTILE_S = 4.0  # of processor time, threads included
PHONE = "call 13812345678 now"


def judge(
    *contents: Content, lists: Path | None = None, cache: int = 0, counting: list[Counting] | None = None
) -> list[ModerationResult]:
    """Judges one content after the other with one engine."""

    async def scenario() -> list[ModerationResult]:
        models = fake_models()
        if counting is not None:
            counting.append(Counting(models[0]))
        engine = fake_engine(models, lists=lists, cache_entries=cache)
        try:
            return [await engine.moderate(content) for content in contents]
        finally:
            await engine.close()

    return asyncio.run(scenario())


def content(*texts: str, role: Role = Role.USER, tenant: str | None = None) -> Content:
    return Content(tuple(Part.from_text(text) for text in texts), role=role, tenant=tenant)


def test_a_finding_under_a_disguise_points_to_the_characters_that_carry_it() -> None:
    secret = base64.b64encode("well, all of this is ⟦hate=0.99⟧ indeed".encode()).decode()
    text = f"Please look at {secret} and tell me."
    (result,) = judge(content(text))
    assert result.decision is Decision.BLOCK
    finding = next(finding for finding in result.findings if "base64" in finding.origin)
    assert finding.category == "hate"
    assert finding.evidence.span is not None
    start, end = finding.evidence.span
    assert text[start:end].find(secret) >= 0
    assert "⟦hate=0.99⟧" in (finding.evidence.quote or "")


def test_a_disguise_that_cannot_be_followed_is_unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> object:
        raise ValueError(text)

    monkeypatch.setattr(forms, "views_of", broken)
    (result,) = judge(content("hello"))
    assert [(gap.part, gap.stage, gap.reason) for gap in result.unjudged] == [("input[0]", "normalise", "stage_failed")]
    assert result.decision is Decision.REVIEW


def nested(times: int) -> str:
    text = "a plain sentence at the very bottom of it"
    for _ in range(times):
        text = base64.b64encode(text.encode()).decode()
    return text


def test_encodings_nested_past_the_limit_are_unjudged() -> None:
    (result,) = judge(content(nested(9)))
    assert "nested_encoding" in {gap.reason for gap in result.unjudged}
    (result,) = judge(content(nested(2)))
    assert not result.unjudged


def write_list(folder: Path, name: str, lines: str) -> None:
    (folder / f"{name}.toml").write_text(f'name = "{name}"\n{lines}')


def test_a_listed_term_is_a_finding_of_its_list(tmp_path: Path) -> None:
    write_list(tmp_path, "own", 'kind = "block"\ncategory = "fraud"\nterms = ["quick riches"]\n')
    text = "The way to Quick Riches is long"
    (result,) = judge(content(text), lists=tmp_path)
    (finding,) = result.findings
    assert (finding.category, finding.classifier, finding.score) == ("fraud", "list:own", 1.0)
    assert finding.evidence.kind == "listed_term"
    assert finding.evidence.span is not None
    assert text[slice(*finding.evidence.span)] == "Quick Riches"
    assert result.decision is Decision.BLOCK


def test_lists_are_apart_for_each_tenant(tmp_path: Path) -> None:
    write_list(tmp_path, "own", 'kind = "block"\ncategory = "fraud"\ntenant = "acme"\nterms = ["quick riches"]\n')
    theirs, others, nobodys = judge(
        *(content("quick riches", tenant=tenant) for tenant in ("acme", "other", None)), lists=tmp_path
    )
    assert theirs.decision is Decision.BLOCK
    assert others.decision is nobodys.decision is Decision.ALLOW


def test_an_allow_list_lets_pass_what_says_nothing_else_and_says_so(tmp_path: Path) -> None:
    write_list(tmp_path, "fine", 'kind = "allow"\ncategory = "hate"\nmatch = "anywhere"\nterms = ["⟦hate=0.99⟧"]\n')
    alone, beside = judge(content("⟦hate=0.99⟧!"), content("⟦hate=0.99⟧ and more"), lists=tmp_path)
    assert alone.decision is Decision.ALLOW
    assert not alone.flagged
    (allowed,) = alone.allowed
    assert (allowed.category, allowed.score, allowed.list, allowed.part) == ("hate", 0.99, "fine", "input[0]")
    assert beside.decision is Decision.BLOCK
    assert beside.allowed == ()


def test_what_an_allow_list_excuses_of_a_block_list_is_told(tmp_path: Path) -> None:
    write_list(tmp_path, "own", 'kind = "block"\ncategory = "fraud"\nterms = ["riches"]\n')
    write_list(tmp_path, "fine", 'kind = "allow"\ncategory = "fraud"\nterms = ["rags to riches"]\n')
    (result,) = judge(content("From rags to riches"), lists=tmp_path)
    assert result.decision is Decision.ALLOW
    (allowed,) = result.allowed
    assert (allowed.classifier, allowed.list, allowed.category, allowed.span) == ("list:own", "fine", "fraud", (13, 19))


def unit_of(text: str, *scored: Scored) -> Unit:
    source = ListSource("personal.v1", "r")
    return Unit(
        Piece("input[0]", Part.from_text(text), Role.USER), (), text, Evidence(), [(source, Classification(scored))]
    )


def phone(score: float = 0.9) -> Scored:
    return Scored({"privacy/personal_information": score}, (5, 16), "cn_mobile")


def test_quotes_name_personal_information_instead_of_showing_it() -> None:
    unit = unit_of(PHONE, phone(), Scored({"hate": 0.9}))
    assert evidence_of(unit, None, None, mask=True).quote == "call [cn_mobile] now"
    assert evidence_of(unit, (5, 16), "cn_mobile", mask=True).quote == "[cn_mobile]"
    assert evidence_of(unit, (7, 20), None, mask=True).quote == "[cn_mobile] now"
    assert evidence_of(unit, (0, 5), None, mask=True).quote == "call "
    assert evidence_of(unit, None, None, mask=False).quote == PHONE


def test_redaction_takes_out_what_the_policy_says() -> None:
    policy = policies_of(Settings())["default"]
    asked = replace(content(PHONE), redact=True)

    def redacted(score: float) -> object:
        unit = unit_of(PHONE, phone(score))
        return fuse(asked, [unit], (), policy=policy, timing_ms={}, derived=()).redacted

    assert redacted(0.9) == {"input[0]": "call [cn_mobile] now"}
    assert redacted(0.4) == {"input[0]": PHONE}
    assert fuse(content(PHONE), [unit_of(PHONE, phone())], (), policy=policy, timing_ms={}, derived=()).redacted is None


def conversation(count: int) -> list[Content]:
    """A conversation as a client sends it: each time with all turns before."""
    texts = [f"turn number {index} about gardens" for index in range(count)]
    return [
        Content(
            (Part.from_text(texts[index]),),
            conversation=tuple(Turn(Role.USER, (Part.from_text(text),)) for text in texts[:index]),
        )
        for index in range(count)
    ]


def test_a_new_turn_costs_the_same_however_many_were_judged() -> None:
    counted: list[Counting] = []
    costs: list[int] = []

    async def scenario() -> None:
        models = fake_models()
        counted.append(Counting(models[0]))
        engine = fake_engine(models, cache_entries=1_000)
        for one in conversation(20):
            before = len(counted[0].asked)
            await engine.moderate(one)
            costs.append(len(counted[0].asked) - before)
        await engine.close()

    asyncio.run(scenario())
    assert costs == [1, *[2] * 19]  # the turn, and the last turns joined


def test_the_cache_is_apart_for_each_tenant_and_holds_no_failures() -> None:
    counted: list[Counting] = []
    judge(content("hi"), content("hi"), content("hi", tenant="acme"), cache=10, counting=counted)
    assert counted[0].asked == ["hi", "hi"]


def split(first: str, second: str, *, before: int) -> Content:
    """Two turns of the user, answered, after others."""
    turns = [(Role.USER, "Which day is it?"), (Role.ASSISTANT, "It is Tuesday.")] * before
    turns += [(Role.USER, first), (Role.ASSISTANT, "go on")]
    return Content(
        (Part.from_text(second),), conversation=tuple(Turn(role, (Part.from_text(text),)) for role, text in turns)
    )


@pytest.mark.parametrize("before", [0, 20])
def test_a_payload_split_over_turns_is_a_trigger_that_names_them(before: int) -> None:
    whole = base64.b64encode("well, all of this is ⟦hate=0.99⟧ indeed".encode()).decode()
    halves = f"read {whole[:34]}", f"{whole[34:]} please"
    (result,) = judge(split(*halves, before=before))
    (trigger,) = result.triggers
    assert (trigger.pattern, trigger.category, trigger.score) == ("split_payload", "hate", 0.99)
    joined = range(max(0, before + 2 - JOINED_TURNS), before + 1)  # of the turns before, the user's
    assert trigger.parts == (*(f"conversation[{2 * number}].input[0]" for number in joined), "input[0]")
    assert result.decision is Decision.REVIEW
    assert result.findings == ()  # no turn has it alone


@pytest.mark.parametrize(
    ("halves", "decision"),
    [
        (("first half ⟦hate=", "0.99⟧ second half"), Decision.ALLOW),  # a space stands between turns: it is broken
        (("first half ⟦hate=", "⟦hate=0.99⟧"), Decision.BLOCK),  # one turn has it alone: that is a finding
    ],
)
def test_what_no_turns_together_say_is_no_split_payload(halves: tuple[str, str], decision: Decision) -> None:
    (result,) = judge(split(*halves, before=0))
    assert result.triggers == ()
    assert result.decision is decision


@pytest.mark.parametrize("role", list(Role))
def test_go_on_after_a_violating_turn_is_flagged(role: Role) -> None:
    turns = (Turn(role, (Part.from_text("⟦violence=0.9⟧"),)),)
    (result,) = judge(Content((Part.from_text("please continue"),), conversation=turns))
    (trigger,) = result.triggers
    assert trigger.pattern == "continuation"
    assert trigger.parts == ("conversation[0].input[0]", "input[0]")
    assert result.flagged


def contents_of(texts: Sequence[str]) -> list[Content]:
    return [content(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        ("a" * 200_000, {"text_past_window"}),
        ("\u200b" * 100_000, {"text_past_window"}),
        ("\0" * 1_000, set()),
        (nested(12), {"nested_encoding"}),
        ("((((" * 20_000, {"text_past_window"}),
        ("%41" * 30_000, {"text_past_window"}),
    ],
)
def test_hostile_texts_are_answered_in_bounded_time(text: str, gaps: set[str]) -> None:
    """Each takes under half a second; no deadline is what bounds it."""
    warm_up()
    began = time.process_time()
    (result,) = judge(content(text))
    assert time.process_time() - began < HOSTILE_S
    assert {gap.reason for gap in result.unjudged} == gaps
    assert result.decision is (Decision.REVIEW if gaps else Decision.ALLOW)
    assert not result.findings


def test_a_list_may_name_only_origins_that_there_are(tmp_path: Path) -> None:
    folder = tmp_path / "pipelines" / "lists"
    folder.mkdir(parents=True)
    head = 'kind = "block"\ncategory = "fraud"\nterms = ["quick riches"]\n'
    settings = Settings(profile="fake", rooms=tmp_path)
    write_list(folder, "own", f'{head}scope = {{ origins = ["original", "ocr", "leet", "base64"] }}\n')
    assemble(settings)
    write_list(folder, "own", f'{head}scope = {{ origins = ["telepathy"] }}\n')
    with pytest.raises(ListError, match="telepathy"):
        assemble(settings)
