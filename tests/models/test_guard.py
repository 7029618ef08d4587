"""Guards on the real architectures with small random weights: numerics alone, nothing of how well they judge."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.contracts import ClassifierContract
from support.tiny_guards import (
    CONTROLS,
    END,
    FAMILIES,
    KINDS,
    TEXTS,
    guard_of,
    make_guard,
    make_model,
    spec_of,
    write_tokenizer,
)
from transformers import Llama4Config, Llama4ForConditionalGeneration, Llama4VisionConfig

from moderation.errors import ModelError, WeightsMissingError
from moderation.models import guard as guard_module
from moderation.models.base import Gap
from moderation.models.guard import (
    CATEGORY_FLOOR,
    MAX_WINDOWS,
    Guard,
    build_llama_guard,
    build_qwen3guard,
    build_shieldgemma,
)
from moderation.models.guard_prompt import GuardTokenizer
from moderation.models.registry import Registry
from moderation.models.spec import load_spec
from moderation.models.store import ModelStore
from moderation.rooms import room

pytestmark = pytest.mark.torch

BUILDERS = {
    "qwen3": build_qwen3guard,
    "llama": build_llama_guard,
    "llama4": build_llama_guard,
    "gemma2": build_shieldgemma,
}
# Gemma 2's softmax and Llama 4's rotation are of single precision, whatever the weights are.
TOLERANCE = {"qwen3": 1e-9, "llama": 1e-9, "llama4": 1e-6, "gemma2": 1e-6}
texts = st.lists(st.text(max_size=40) | st.sampled_from(TEXTS), min_size=1, max_size=4)
quick = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guards")


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_those_of_the_library(folder: Path, kind: str) -> None:
    """Read off one plain forward pass over prompt and answer, without cache, tree or padding."""
    guard, model = guard_of(folder, kind, padding="left")
    for text in TEXTS:
        (judged,) = guard.judge([[text]])
        for place, asked in enumerate(guard._asked):
            prompt = asked.prompt.tokens([text])
            for labels, answer in [
                (asked.verdicts, judged.verdicts[place]),
                *((asked.categories[word], found) for word, found in judged.categories[place].items()),
            ]:
                expected = dict.fromkeys(answer.probabilities, 0.0)
                for leaf, label in labels.leaves.items():
                    with torch.inference_mode():
                        logits = model(torch.tensor([prompt + leaf])).logits[0]
                    product = 1.0
                    for at in range(len(leaf)):
                        allowed = list(labels.branches[leaf[:at]])
                        shares = logits[len(prompt) + at - 1, allowed].softmax(-1)
                        product *= shares[allowed.index(leaf[at])].item()
                    expected[label] += product
                assert answer.probabilities == pytest.approx(expected, abs=TOLERANCE[kind])


@pytest.mark.parametrize("kind", KINDS)
@quick
@given(items=texts, seed=st.integers(0, 2))
def test_neither_company_nor_padding_nor_the_resident_beginning_changes_an_answer(
    folder: Path, kind: str, items: list[str], seed: int
) -> None:
    items = items[:2] if kind == "gemma2" else items  # four policies make long rows
    plain, _ = guard_of(folder, kind, seed, resident=False)
    alone = [plain.judge([[item]])[0].scores for item in items]
    for padding in ("left", "right"):
        for resident in (False, True):
            guard, _ = guard_of(folder, kind, seed, resident=resident, padding=padding)
            assert bool(guard._scorer.beginning) is resident
            together = guard.judge([[item] for item in items])
            for judged, scores in zip(together, alone, strict=True):
                assert judged.scores == pytest.approx(scores, abs=TOLERANCE[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_the_kept_beginning_is_never_changed(folder: Path, kind: str) -> None:
    guard, _ = guard_of(folder, kind)
    kept = guard._scorer._kept
    assert kept is not None
    before = [(layer.keys.clone(), layer.values.clone()) for layer in kept.layers]
    guard.run(TEXTS)
    assert kept.get_seq_length() == len(guard._scorer.beginning)
    for layer, (keys, values) in zip(kept.layers, before, strict=True):
        assert torch.equal(layer.keys, keys)
        assert torch.equal(layer.values, values)


@pytest.mark.parametrize("kind", ["qwen3", "llama"])
def test_the_beginning_is_most_of_the_prompt(folder: Path, kind: str) -> None:
    guard, _ = guard_of(folder, kind)
    assert len(guard._scorer.beginning) > 0.7 * guard._constant


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_of_texts_with_another_beginning_is_judged_alike(folder: Path, kind: str) -> None:
    """Rows that do not have the kept beginning run without it, beside others that do."""
    guard, _ = guard_of(folder, kind)
    rows = [guard._row([text]) for text in TEXTS]
    expected = [judged.scores for judged in guard._judge(rows)]
    guard._scorer.beginning = (*guard._scorer.beginning[:-1], 0)
    for judged, scores in zip(guard._judge(rows), expected, strict=True):
        assert judged.scores == pytest.approx(scores, abs=TOLERANCE[kind])


def calls(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of each forward pass from now on."""
    seen: list[int] = []
    forward = guard._scorer._forward

    def counted(ids: Any, *rest: Any) -> Any:
        seen.append(len(ids))
        return forward(ids, *rest)

    monkeypatch.setattr(guard._scorer, "_forward", counted)
    return seen


def test_a_safe_text_takes_one_pass_and_an_unsafe_one_two(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard, _ = guard_of(folder, "llama", 1)
    seen = calls(guard, monkeypatch)
    for floor, passes in ((1.1, [4]), (0.0, [4, 4])):
        monkeypatch.setattr(guard_module, "CATEGORY_FLOOR", floor)
        seen.clear()
        judged = guard.judge([[text] for text in TEXTS[:4]])
        assert seen == passes
        assert all(bool(item.categories[0]) is (floor == 0) for item in judged)


def test_only_those_above_the_floor_take_the_second_pass(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard, _ = guard_of(folder, "llama", 2)
    items = [[f"text {at}"] for at in range(24)]
    risks = [item.verdicts[0].probabilities["unsafe"] for item in guard.judge(items)]
    floor = sorted(risks)[12]
    monkeypatch.setattr(guard_module, "CATEGORY_FLOOR", floor)
    seen = calls(guard, monkeypatch)
    judged = guard.judge(items)
    assert sum(seen) == 24 + sum(risk >= floor for risk in risks)
    for item, risk in zip(judged, risks, strict=True):
        assert max(item.scores.values()) == pytest.approx(risk)
        assert set(item.scores.values()) == {max(item.scores.values())} or risk >= floor


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_text_cannot_write_control_tokens(folder: Path, kind: str, *, wrapped: bool) -> None:
    guard, _ = guard_of(folder, kind)
    controls = {token for content in CONTROLS[kind] for token in guard._tokenizer.whole(content)}
    assert len(controls) == len(CONTROLS[kind])
    plain = [token for token in guard._asked[0].prompt.tokens(["hello"]) if token in controls]
    for content in CONTROLS[kind]:
        text = f"a{content}b" if wrapped else content
        tokens = guard._asked[0].prompt.tokens([text])
        assert [token for token in tokens if token in controls] == plain
        assert (
            guard._tokenizer._whole.decode(list(tokens), skip_special_tokens=False).count(content)
            == plain.count(guard._tokenizer.whole(content)[0]) + 1
        )


class GuardContract(ClassifierContract):
    kind = ""
    tolerance = 1e-4

    @pytest.fixture
    def model(self, folder: Path) -> Guard:
        return make_guard(folder / f"{self.kind}-True", self.kind, double=False)[0]

    @pytest.fixture
    def items(self) -> Sequence[str]:
        return [*TEXTS, "\ud800 lone", "\x00 nul", "🥳" * 20]


class TestQwen3Guard(GuardContract):
    kind = "qwen3"


class TestLlamaGuard3(GuardContract):
    kind = "llama"


class TestLlamaGuard4(GuardContract):
    kind = "llama4"


class TestShieldGemma(GuardContract):
    kind = "gemma2"


def test_a_long_text_is_judged_in_windows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard, _ = guard_of(folder, "llama")
    text = "".join(random.Random(1).choice(["word ", "其他", "12 ", "é\n"]) for _ in range(1_000))
    (result,) = guard.run([text])
    spans = [scored.span for scored in result.scored]
    assert len(spans) > 2
    assert spans[0] is not None
    assert spans[0][0] == 0
    for before, after in itertools.pairwise(spans):
        assert before is not None
        assert after is not None
        assert before[0] < after[0] < before[1] < after[1]
    assert spans[-1] is not None
    assert spans[-1][1] == len(text)
    assert result.gaps == ()
    monkeypatch.setattr(guard_module, "MAX_WINDOWS", 2)
    (result,) = guard.run([text])
    assert len(result.scored) == 2
    assert result.scored[1].span is not None
    assert result.gaps == (Gap("text_past_window", (result.scored[1].span[1], len(text))),)
    assert MAX_WINDOWS > 2


def test_a_window_says_what_the_same_text_says_alone(folder: Path) -> None:
    guard, _ = guard_of(folder, "qwen3")
    text = "a b c " * 1_500
    (result,) = guard.run([text])
    for scored in result.scored:
        assert scored.span is not None
        (alone,) = guard.judge([[text[slice(*scored.span)]]])
        assert scored.scores == pytest.approx(alone.scores, abs=1e-9)


def test_what_is_no_number_is_an_error_and_no_clean_pass(folder: Path) -> None:
    guard, model = make_guard(folder / "llama-True", "llama", seed=7)
    with torch.inference_mode():
        model.model.norm.weight[0] = float("nan")
    with pytest.raises(ModelError, match="no number"):
        guard.run(TEXTS)


def test_what_is_longer_than_the_model_sees_is_an_error_and_no_guess(folder: Path) -> None:
    guard, _ = guard_of(folder, "qwen3")
    with pytest.raises(ModelError, match="over the model's"):
        guard.judge([["a b " * 20_000]])


def saved(folder: Path, kind: str) -> dict[str, Path]:
    """A guard's files as they are after pulling."""
    write_tokenizer(folder, kind)
    size = len(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])
    make_model(kind, size, seed=3, end=GuardTokenizer(folder).whole(END[kind])[0], double=False).save_pretrained(folder)
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_guard_is_built_from_files(tmp_path: Path, kind: str) -> None:
    files = saved(tmp_path, kind)
    built = BUILDERS[kind](spec_of(kind), files, threads=1)
    made, _ = make_guard(tmp_path, kind, seed=3, double=False)
    for one, other in zip(built.run(TEXTS), made.run(TEXTS), strict=True):
        assert one.scored[0].scores == pytest.approx(other.scored[0].scores, abs=1e-4)
    with pytest.raises(ModelError, match="none of"):
        BUILDERS["gemma2" if kind != "gemma2" else "llama"](spec_of(kind), files, threads=1)


def test_attention_is_capped_where_the_model_was_trained_so(tmp_path: Path) -> None:
    built = build_shieldgemma(spec_of("gemma2"), saved(tmp_path, "gemma2"), threads=1)
    assert built._scorer._decoder.config._attn_implementation == "eager"


def test_missing_weights_are_no_noise(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    files = saved(tmp_path, "qwen3")
    weights = load_file(files["model.safetensors"])
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, files["model.safetensors"], metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"1 weights are missing.*up_proj"):
        build_qwen3guard(spec_of("qwen3"), files, threads=1)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_broken_file_is_an_error_of_ours(tmp_path: Path, name: str) -> None:
    files = saved(tmp_path, "qwen3")
    files[name].write_bytes(b"{}" if name != "model.safetensors" else b"\x00" * 100)
    with pytest.raises(ModelError):
        build_qwen3guard(spec_of("qwen3"), files, threads=1)


def test_the_text_part_of_a_multimodal_checkpoint_is_taken(tmp_path: Path) -> None:
    """Llama Guard 4's checkpoint holds a vision tower, too."""
    files = saved(tmp_path, "llama4")
    text = make_model("llama4", 1_000, seed=4, end=0).config
    size = len(json.loads(files["tokenizer.json"].read_text())["model"]["vocab"])
    text.vocab_size = size
    vision = Llama4VisionConfig(
        hidden_size=16,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        vision_output_dim=16,
        projector_input_dim=16,
        projector_output_dim=16,
    )
    torch.manual_seed(5)
    whole = Llama4ForConditionalGeneration(Llama4Config(text_config=text, vision_config=vision)).float().eval()
    files["model.safetensors"].unlink()
    whole.save_pretrained(tmp_path)
    built = build_llama_guard(spec_of("llama4"), {path.name: path for path in tmp_path.iterdir()}, threads=1)
    made, _ = make_guard(tmp_path, "llama4", model=whole.language_model)
    for one, other in zip(built.run(TEXTS), made.run(TEXTS), strict=True):
        assert one.scored[0].scores == pytest.approx(other.scored[0].scores, abs=1e-4)


def test_what_the_prompt_does_not_ask_for_is_not_claimed(folder: Path) -> None:
    guard, model = guard_of(folder, "llama")
    spec = spec_of("llama", frozenset({"hate", "misinformation"}))
    with pytest.raises(ModelError, match="does not ask for misinformation"):
        Guard(spec, FAMILIES["llama"], guard._tokenizer, model)
    words = {word for labels in guard._asked[0].categories.values() for word in labels.leaves.values()}
    assert words == {f"S{at}" for at in range(1, 15)} - {"S6", "S13"}


def test_a_template_that_does_not_show_the_text_is_refused(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, "qwen3")
    template = tmp_path / "chat_template.jinja"
    assert template.exists()
    twice = "{{ messages[0]['content'] }} {{ messages[0]['content'] }}"
    for broken in ("nothing", twice, "{{ no.such.thing }}", "{% if"):
        template.write_text(broken)
        with pytest.raises(ModelError, match="template"):
            make_guard(tmp_path, "qwen3")


@pytest.mark.parametrize("name", ["qwen3guard", "llama-guard", "shieldgemma"])
def test_a_shipped_room_fits_its_adapter_and_says_how_to_pull(tmp_path: Path, name: str) -> None:
    spec = load_spec(room("models") / name / "model.toml")
    family = next(family for family in FAMILIES.values() if family.name == name)
    missing = {"cyber"} if name == "llama-guard" else set()
    assert set(spec.categories) == family.keys - missing
    assert spec.folder
    assert {"config.json", "tokenizer.json", "tokenizer_config.json"} <= {file.name for file in spec.files}
    with pytest.raises(WeightsMissingError, match=rf"moderation models pull {spec.key} --trust-first-use"):
        Registry([room("models")]).load(spec.key, store=ModelStore(tmp_path), threads=1)


def test_without_torch_the_extra_is_named() -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from moderation.errors import MissingExtraError\n"
        "try:\n    import moderation.models.guard\n"
        "except MissingExtraError as error:\n    print(error.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert "pip install 'moderation[gpu]'" in done.stdout


def test_the_floor_is_below_any_threshold_of_use() -> None:
    assert 0 < CATEGORY_FLOOR <= 0.1
    assert replace(spec_of("qwen3"), version=2).revision != spec_of("qwen3").revision
