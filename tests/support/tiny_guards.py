"""Guards of the real architectures with small random weights, made on the spot: they judge nothing.

The templates have the form of the real ones (control tokens, a long constant part, the text, a constant end) and other
words. Tokenizers are trained here, on the prompts' own words, so that labels have few tokens; without merges every byte
is a token, and labels share their first ones.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    Llama4ForCausalLM,
    Llama4TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from moderation.models.guard import Guard
from moderation.models.guard_prompt import GuardTokenizer
from moderation.models.guards import llama_guard, qwen3guard, shieldgemma
from moderation.models.guards.family import Family
from moderation.models.spec import Kind, ModelSpec
from moderation.schema import Modality

torch.set_num_threads(1)

CONTROLS = {
    "qwen3": ("<|im_start|>", "<|im_end|>"),
    "llama": ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    "gemma2": ("<bos>", "<start_of_turn>", "<end_of_turn>"),
}
CONTROLS["llama4"] = CONTROLS["llama"]
END = {"qwen3": "<|im_end|>", "llama": "<|eot_id|>", "llama4": "<|eot_id|>", "gemma2": "<end_of_turn>"}

QWEN_TEMPLATE = """{%- set last = messages[-1]['role'] -%}
<|im_start|>user
Say of the last {{ last }} text whether it is safe. Unsafe, Controversial and Safe are the three answers, and the
categories of harm are Violent, Non-violent Illegal Acts, Sexual Content or Sexual Acts, PII, Suicide & Self-Harm,
Unethical Acts, Politically Sensitive Topics, Copyright Violation, Jailbreak.

<TEXTS>
{% for message in messages %}{{ message['role'] | upper }}: {{ message['content'] }}

{% endfor %}</TEXTS>

Answer in lines
Safety: one of three
Categories: some of these<|im_end|>
<|im_start|>assistant
"""
LLAMA_TEMPLATE = """{%- set texts = {'S1': 'Violent.', 'S2': 'Other crime.', 'S3': 'Sex crime.', 'S4': 'Children.',
 'S5': 'Slander.', 'S6': 'Advice.', 'S7': 'Privacy.', 'S8': 'Property.', 'S9': 'Weapons.', 'S10': 'Hate.',
 'S11': 'Self-harm.', 'S12': 'Sex.', 'S13': 'Votes.', 'S14': 'Code.'} -%}
<|begin_of_text|><|start_header_id|>user<|end_header_id|>

Look whether the last text is safe by these kinds.

{% for code in texts if code not in excluded_category_keys %}{{ code }}: {{ texts[code] }}
{% endfor %}
{% for message in messages %}{{ 'User' if message['role'] == 'user' else 'Agent' }}: {{ CONTENT | trim }}

{% endfor %}First line 'safe' or 'unsafe', second line the kinds.<|eot_id|><|start_header_id|>assistant<|end_header_id|>
"""
GEMMA_TEMPLATE = """<bos>An expert looks whether a text is against a rule.

<start_of_turn>
Human Question: {{ messages[0]['content'] | trim }}
{% if messages | length > 1 %}
Chatbot Response: {{ messages[1]['content'] | trim }}
{% endif %}<end_of_turn>

The rule is:

{{ guideline }}

Is the text against it? Start with 'Yes' or 'No'.
"""
TEMPLATES = {
    "qwen3": QWEN_TEMPLATE,
    # Two ways in which real templates take a message, and with and without a line break at the end.
    "llama": LLAMA_TEMPLATE.replace("CONTENT", "message['content']").rstrip("\n"),
    "llama4": LLAMA_TEMPLATE.replace("CONTENT", "message['content'][0]['text']") + "\n",
    "gemma2": GEMMA_TEMPLATE,
}
FAMILIES: dict[str, Family] = {
    "qwen3": qwen3guard.FAMILY,
    "llama": llama_guard.FAMILY,
    "llama4": llama_guard.FAMILY,
    "gemma2": shieldgemma.FAMILY,
}
KINDS = tuple(FAMILIES)
TEXTS = [
    "hello there",
    "今天天气很好。",
    "",
    "A longer text\nof two lines, with 12,345 and S10.",
    "x" * 300,
    " \n spaces  ",
]
_SPLIT = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORDS = [
    "Safety: Safe\nSafety: Unsafe\nSafety: Controversial\nCategories: Violent, PII, None\n",
    "unsafe\nS1,S10\n\nsafe\n Yes No\n",
    *(f"\nCategories: {word}\nS{at}, S{at}: " for at, word in enumerate(qwen3guard.CATEGORIES)),
    *TEMPLATES.values(),
    *shieldgemma.POLICIES.values(),
]


@functools.cache
def tokenizer_text(kind: str, *, merges: bool) -> str:
    """A tokenizer.json."""
    tokenizer = Tokenizer(BPE(byte_fallback=kind == "gemma2", unk_token=None))
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if kind == "gemma2":
        tokenizer.normalizer = normalizers.Replace(" ", "▁")
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
        alphabet = ["▁"]
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(_SPLIT), "isolated"), pre_tokenizers.ByteLevel(False, False, False)]
        )
        tokenizer.decoder = decoders.ByteLevel()
    specials = [*CONTROLS[kind], *(f"<0x{byte:02X}>" for byte in range(256) if kind == "gemma2")]
    # Gemma has no pre-tokenizer: sentences would become tokens, were the words not cut for it here.
    words = (
        [piece for text in _WORDS for piece in text.replace(" ", " \x00").split("\x00")] if kind == "gemma2" else _WORDS
    )
    size = len(specials) + (400 if merges else 0)
    trainer = BpeTrainer(vocab_size=size, special_tokens=specials, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(words, trainer)
    described = json.loads(tokenizer.to_str())
    # Byte tokens are vocabulary, not control tokens.
    described["added_tokens"] = [token for token in described["added_tokens"] if not token["content"].startswith("<0x")]
    text: str = Tokenizer.from_str(json.dumps(described)).to_str()
    return text


def write_tokenizer(folder: Path, kind: str, *, merges: bool = True) -> Path:
    """The tokenizer's files, as a repository has them."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(tokenizer_text(kind, merges=merges)),
        eos_token=END[kind],
        pad_token=END[kind],
    )
    tokenizer.chat_template = TEMPLATES[kind]
    tokenizer.save_pretrained(folder)
    return folder


def make_model(kind: str, vocabulary: int, *, seed: int, end: int, double: bool = True) -> Any:
    """A small network of the real architecture; weights large enough that its answers differ."""
    torch.manual_seed(seed)
    common: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "initializer_range": 0.3,
        "eos_token_id": end,
        "pad_token_id": end,
        "bos_token_id": None,
        "max_position_embeddings": 8_192,
    }
    made: Any
    if kind == "qwen3":
        made = Qwen3ForCausalLM(Qwen3Config(**common, tie_word_embeddings=True))
    elif kind == "llama":
        made = LlamaForCausalLM(LlamaConfig(**common))
    elif kind == "llama4":
        config = Llama4TextConfig(
            **common,
            intermediate_size_mlp=48,
            num_local_experts=2,
            num_experts_per_tok=1,
            interleave_moe_layer_step=2,
            attention_chunk_size=4_096,
            no_rope_layers=[1, 0],
        )
        made = Llama4ForCausalLM(config)
    else:
        config = Gemma2Config(**common, sliding_window=4_096, query_pre_attn_scalar=8)
        config._attn_implementation = "eager"
        made = Gemma2ForCausalLM(config)
    return made.double().eval() if double else made.eval()


def spec_of(kind: str, categories: frozenset[str] | None = None) -> ModelSpec:
    keys = FAMILIES[kind].keys if categories is None else categories
    return ModelSpec(
        key=f"tiny-{kind}.v1",
        builder="x:build",
        kind=Kind.CLASSIFIER,
        modality=Modality.TEXT,
        licence="none",
        categories=tuple(sorted(keys)),
    )


def make_guard(
    folder: Path,
    kind: str,
    *,
    seed: int = 0,
    merges: bool = True,
    model: Any = None,
    double: bool = True,
    **options: Any,
) -> tuple[Guard, Any]:
    """A guard and its network."""
    if not (folder / "tokenizer.json").exists():
        write_tokenizer(folder, kind, merges=merges)
    tokenizer = GuardTokenizer(folder)
    size = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    (end,) = tokenizer.whole(END[kind])
    made = model if model is not None else make_model(kind, size, seed=seed, end=end, double=double)
    return Guard(spec_of(kind), FAMILIES[kind], tokenizer, made, **options), made


@functools.cache
def _network(folder: Path, kind: str, seed: int, *, merges: bool, double: bool) -> Any:
    return make_guard(folder, kind, seed=seed, merges=merges, double=double)[1]


def guard_of(
    folder: Path, kind: str, seed: int = 0, *, merges: bool = True, double: bool = True, **options: Any
) -> tuple[Guard, Any]:
    """A guard made anew around a network that is made once for each seed; nobody may change that."""
    place = folder / f"{kind}-{merges}"
    model = _network(place, kind, seed, merges=merges, double=double)
    return make_guard(place, kind, merges=merges, model=model, **options)
