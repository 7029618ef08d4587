"""Disguised texts are drawn as the forms of the very texts that were drawn plain."""

from __future__ import annotations

from pathlib import Path

from support.labelled import write_set

from benchmarks.accuracy_pairs import paired
from moderation.datasets.evaluate import Opened, open_sets
from moderation.datasets.loader import Example, examples
from moderation.datasets.manifest_file import load_manifest

TEXTS, LIMIT = 40, 12
FORMS = ("first", "second")


def forms_of(pair: int) -> tuple[str, ...]:
    """Of four texts one has no form and one has one form."""
    return {1: (), 2: FORMS[:1]}.get(pair % 4, FORMS)


def opened(folder: Path) -> list[Opened]:
    """A plain set, its disguised one in another order with up to two forms of each text, and one that is neither."""
    plain = [{"text": f"plain {pair}", "label": pair % 2, "category": "hate", "pair": pair} for pair in range(TEXTS)]
    disguised = [
        {"text": f"{form} {pair}", "label": pair % 2, "category": "hate", "pair": pair}
        for form in FORMS
        for pair in reversed(range(TEXTS))
        if form in forms_of(pair)
    ]
    manifests = [
        load_manifest(write_set(folder / name, rows))
        for name, rows in (("plain", plain), ("disguised", disguised), ("other", plain))
    ]
    return [one for manifest in manifests for one in open_sets([manifest], folder / manifest.name, limit=LIMIT, seed=0)]


def texts(one: Opened) -> list[str]:
    return [example.text for example in examples(one.manifest, one.paths, one.survey)]


def numbers(one: Opened) -> list[int]:
    return sorted(int(text.split()[1]) for text in texts(one))


def test_the_same_texts_are_drawn(tmp_path: Path) -> None:
    plain, disguised, other = opened(tmp_path)
    assert numbers(disguised) != numbers(plain)
    drawn = paired([disguised, plain, other], "plain", ["disguised"])
    assert [one.manifest.name for one in drawn] == ["disguised", "plain", "other"]
    assert drawn[1:] == [plain, other]
    assert numbers(drawn[0]) == [number for number in numbers(plain) if forms_of(number)]
    assert LIMIT == len(numbers(plain)) > len(numbers(drawn[0])) > 0
    assert drawn[0].survey.used == len(texts(drawn[0]))
    labels = {example.violating == bool(int(example.text.split()[1]) % 2) for example in _examples(drawn[0])}
    assert labels == {True}


def _examples(one: Opened) -> list[Example]:
    return list(examples(one.manifest, one.paths, one.survey))


def test_forms_are_drawn_in_turns(tmp_path: Path) -> None:
    plain, disguised, _ = opened(tmp_path)
    drawn, _ = paired([disguised, plain], "plain", ["disguised"])
    turns = [(pair, forms_of(pair), turn) for turn, pair in enumerate(sorted(numbers(plain), key=str))]
    wanted = {f"{forms[turn % len(forms)]} {pair}" for pair, forms, turn in turns if forms}
    assert set(texts(drawn)) == wanted
    assert {text.split()[0] for text in wanted} == set(FORMS)


def test_without_the_plain_set_nothing_changes(tmp_path: Path) -> None:
    _, disguised, other = opened(tmp_path)
    assert paired([disguised, other], "plain", ["disguised"]) == [disguised, other]
    assert paired([], "plain", ["disguised"]) == []
