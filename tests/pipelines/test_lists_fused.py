"""What lists say, on its way into results: in bounded time, by the right allow list, and under disguises."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from moderation.config import Settings
from moderation.lists import Lists, load_lists
from moderation.lists.matching import MAX_MATCHES
from moderation.models.base import Classification, Scored
from moderation.normalise.views import View
from moderation.pipelines import forms, gather
from moderation.pipelines.assemble import policies_of
from moderation.pipelines.call import Call
from moderation.pipelines.forms import Forms, forms_of, lexicon_of
from moderation.pipelines.fuse import MAX_PLACES
from moderation.pipelines.gather import Request, finish, finish_aside
from moderation.pipelines.listed import Listed, Scope
from moderation.pipelines.units import Piece
from moderation.schema import Content, Decision, ModerationResult, Part, Role


class _Source:
    key, revision, experimental = "model.v1", "r", ()


class _Call:
    """What a call found out, made up: views, and the same scores for each form."""

    tenant = None

    def __init__(self, lists: Lists, views: Sequence[View] = (), scored: Sequence[Scored] = ()) -> None:
        self.lists = lists
        self.timing_ms: dict[str, float] = {}
        self._forms = Forms(tuple(views))
        self._said = ((_Source(), Classification(tuple(scored))),)

    def listed(self, text: str, role: Role, origin: Sequence[str] = (), *, comes_again: bool = True) -> Listed:
        return Scope.of(self.lists, None, role, origin).look(text)

    def forms(self, _: str) -> Forms:
        return self._forms

    def verdicts(self, _: str) -> Any:
        return self._said


def view_of(text: str, step: str) -> View:
    places = np.arange(len(text), dtype=np.int32)
    return View(text, (step,), places, places + 1)


def lists_of(folder: Path, **files: str) -> Lists:
    for name, lines in files.items():
        (folder / f"{name}.toml").write_text(f'name = "{name}"\n{lines}\n')
    return load_lists([folder])


def asked(text: str, *, redact: bool = False) -> Request:
    content = Content((Part.from_text(text),), redact=redact)
    pieces = [Piece("input[0]", content.parts[0], Role.USER)]
    return Request(content, policies_of(Settings())["default"], pieces, ())


def result_of(text: str, call: _Call) -> ModerationResult:
    result = finish(asked(text), cast("Call", call), began=0.0)
    assert isinstance(result, ModerationResult)
    return result


def test_ten_thousand_matches_in_several_views_are_fused_in_bounded_time(tmp_path: Path) -> None:
    lists = lists_of(
        tmp_path,
        own='kind = "block"\ncategories = ["fraud", "illicit/drugs"]\nterms = ["meth", "lab"]',
        fine='kind = "allow"\ncategory = "fraud"\nterms = ["meth lab"]',
    )
    text = "meth lab meth " * (MAX_MATCHES // 4)
    scored = [
        *(Scored({"privacy/personal_information": 0.9}, (at, at + 4), "cn_mobile") for at in range(0, len(text), 14)),
        *(Scored({"hate": 0.9}, (at, at + 8)) for at in range(0, len(text), 14)),
        Scored({"fraud": 0.9}),
    ]
    call = _Call(lists, [view_of(text, step) for step in ("leet", "spacing", "rot13")], scored)
    began = time.thread_time()
    result = result_of(text, call)
    assert time.thread_time() - began < 6.0
    listed = [finding for finding in result.findings if finding.classifier == "list:own"]
    assert len(listed) == 4 * 2 * (MAX_PLACES + 1)
    assert result.decision is Decision.BLOCK


def test_past_a_number_of_places_a_list_has_one_finding_for_all_others(tmp_path: Path) -> None:
    lists = lists_of(tmp_path, own='kind = "block"\ncategory = "fraud"\nterms = ["riches"]')
    text = "riches " * (MAX_PLACES + 50)
    *each, last = result_of(text, _Call(lists)).findings
    assert [finding.evidence.span for finding in each] == [(7 * at, 7 * at + 6) for at in range(MAX_PLACES)]
    assert {(finding.evidence.kind, finding.evidence.quote) for finding in each} == {("listed_term", "riches")}
    assert last.evidence.span == (7 * MAX_PLACES, len(text) - 1)
    assert (last.evidence.kind, last.evidence.quote) == ("listed_terms", None)


def test_all_that_is_listed_as_private_is_redacted_and_nothing_between(tmp_path: Path) -> None:
    lists = lists_of(tmp_path, own='kind = "block"\ncategory = "privacy/personal_information"\nterms = ["riches"]')
    count = MAX_PLACES + 50
    result = finish(asked("riches and " * count, redact=True), cast("Call", _Call(lists)), began=0.0)
    assert isinstance(result, ModerationResult)
    assert result.redacted == {"input[0]": "[listed_term] and " * count}


def test_what_is_excused_again_and_again_is_told_in_bounded_number(tmp_path: Path) -> None:
    lists = lists_of(
        tmp_path,
        own='kind = "block"\ncategory = "fraud"\nterms = ["riches"]',
        fine='kind = "allow"\ncategory = "fraud"\nterms = ["my riches"]',
    )
    text = "my riches " * (MAX_PLACES + 50)
    result = result_of(text, _Call(lists))
    assert result.decision is Decision.ALLOW
    assert len(result.allowed) == MAX_PLACES + 1
    assert result.allowed[-1].span == (10 * MAX_PLACES + 3, len(text) - 1)


def test_an_allow_list_for_a_parent_category_does_not_excuse_its_child(tmp_path: Path) -> None:
    lists = lists_of(tmp_path, fine='kind = "allow"\ncategory = "illicit"\nterms = ["poppy seed"]')
    child = result_of("Poppy seed!", _Call(lists, scored=[Scored({"illicit/drugs": 0.99})]))
    assert {finding.category for finding in child.findings} == {"illicit/drugs"}
    assert child.allowed == ()
    parent = result_of("Poppy seed!", _Call(lists, scored=[Scored({"illicit": 0.99})]))
    assert parent.findings == ()
    assert [(one.category, one.list) for one in parent.allowed] == [("illicit", "fine")]


def test_the_allow_list_that_is_named_is_one_for_the_category(tmp_path: Path) -> None:
    lists = lists_of(
        tmp_path,
        own='kind = "block"\ncategory = "fraud"\nterms = ["riches"]',
        another='kind = "allow"\ncategory = "spam"\nterms = ["rags to riches soon"]',
        fine='kind = "allow"\ncategory = "fraud"\nterms = ["rags to riches"]',
    )
    result = result_of("rags to riches soon", _Call(lists))
    assert [(one.category, one.list) for one in result.allowed] == [("fraud", "fine")]


def test_two_allowed_terms_that_meet_do_not_cover_a_listed_one_across(tmp_path: Path) -> None:
    lists = lists_of(
        tmp_path,
        own='kind = "block"\ncategory = "fraud"\nterms = ["quick riches"]',
        fine='kind = "allow"\ncategory = "fraud"\nterms = ["be quick", "riches of"]',
    )
    result = result_of("be quick riches of", _Call(lists))
    assert [finding.classifier for finding in result.findings] == ["list:own"]


def seen_under_disguise(text: str, lists: Lists, tenant: str | None = None) -> set[str]:
    (found,) = asyncio.run(forms_of([text], lexicon=lexicon_of(lists, tenant))).values()
    return {match.term for view in found.views for match in lists.match(view.text, tenant=tenant).matches}


@pytest.mark.parametrize("text", ["fl0rbix", "f l o r b i x", "f.l.o.r.b.i.x", "florbiiiix", "get fl0rbix now"])
def test_an_operators_own_term_is_seen_under_disguises(tmp_path: Path, text: str) -> None:
    lists = lists_of(tmp_path, own='kind = "block"\ncategory = "illicit/drugs"\nterms = ["florbix"]')
    assert seen_under_disguise(text, lists) == {"florbix"}


@pytest.mark.parametrize("text", ["m3th", "m e t h", "m.e.t.h", "METH"])
def test_a_short_term_of_an_operators_is_seen_under_disguises(tmp_path: Path, text: str) -> None:
    lists = lists_of(tmp_path, own='kind = "block"\ncategory = "illicit/drugs"\nterms = ["meth"]')
    direct = {match.term for match in lists.match(text).matches}
    assert seen_under_disguise(text, lists) | direct == {"meth"}


def test_the_words_of_a_tenants_lists_are_looked_for_in_its_texts_alone(tmp_path: Path) -> None:
    lists = lists_of(
        tmp_path,
        own='kind = "block"\ncategory = "fraud"\ntenant = "acme"\nterms = ["florbix"]',
        all='kind = "block"\ncategory = "fraud"\nterms = ["gribblo"]',
        fine='kind = "allow"\ncategory = "fraud"\nterms = ["zorbulan"]',
    )
    assert set(lexicon_of(lists, "acme").words) == {"florbix", "gribblo"}
    assert set(lexicon_of(lists, None).words) == set(lexicon_of(lists, "other").words) == {"gribblo"}
    assert lexicon_of(lists, "acme") is lexicon_of(lists, "acme")
    assert lexicon_of(lists, None) is lexicon_of(lists, "other")
    assert seen_under_disguise("fl0rbix", lists, "acme") == {"florbix"}
    assert asyncio.run(forms_of(["fl0rbix"], lexicon=lexicon_of(lists, "other"))) == {"fl0rbix": Forms()}


def test_terms_past_the_most_are_left_out_of_the_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "MAX_WORDS", 2)
    lists = lists_of(tmp_path, own='kind = "block"\ncategory = "fraud"\nterms = ["florbix", "gribblo", "zorbulan"]')
    assert len(lexicon_of(lists, None).words) == 2


@pytest.mark.parametrize("text", ["riches " * 400, "riches"])
def test_long_texts_are_matched_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    lists = lists_of(tmp_path, own='kind = "block"\ncategory = "fraud"\nterms = ["riches"]')
    threads: list[int] = []

    def watched(*given: Any, **more: Any) -> object:
        threads.append(threading.get_ident())
        return finish(*given, **more)

    monkeypatch.setattr(gather, "finish", watched)
    result = asyncio.run(finish_aside(asked(text), cast("Call", _Call(lists)), began=0.0))
    assert isinstance(result, ModerationResult)
    assert result.decision is Decision.BLOCK
    assert (threads != [threading.get_ident()]) is (len(text) > forms.SHORT_CHARS)
