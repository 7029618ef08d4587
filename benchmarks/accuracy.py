"""How right are the text classifiers, beside what else one could take?

    python -m benchmarks accuracy --data ../shared/data --frozen FOLDER [--limit N] [--write docs/accuracy.md]

FOLDER is what `python -m moderation.training.text_risk --share 0 --out FOLDER` made: the baseline that the project has
to beat; one that was measured on other rows is refused. Every set of `--sets` is judged by a word list, by an existing
package, by frozen embeddings with logistic regression, by `text-risk.v1` alone, and by the whole service, which adds
attack forms and takes disguises off. The score of a text is the highest over the categories its set is about. Rates and
counts only; no text is shown or kept.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.accuracy_pairs import paired
from benchmarks.accuracy_peers import WordList, check_rows, frozen, profanity_check, scores_of, shipped
from benchmarks.machine import Report
from moderation.cli.judges import own_judge, progress
from moderation.config import load_settings
from moderation.datasets.evaluate import evaluate, open_sets
from moderation.datasets.judging import Judge, from_function
from moderation.datasets.loader import find_manifest
from moderation.datasets.manifest_file import load_manifest
from moderation.datasets.measures import Judged, measure_run
from moderation.datasets.metrics import average_precision
from moderation.pipelines.assemble import policies_of
from moderation.rooms import room
from moderation.schema import Decision

PLAIN = "toxicloakcn-zh"
BOTH = (
    "ethos-en",
    "prompt-injection-mixed-en",
    "safety-tuned-llamas-en",
    "telecom-fraud-zh",
    PLAIN,
    "wiki-toxicity-en",
)
DISGUISED = ("toxicloakcn-homophone-zh", "toxicloakcn-emoji-zh")
VIOLATING = (
    "harmbench-en",
    "harmful-behaviours-misc-en",
    "s-eval-dev-en",
    "s-eval-dev-zh",
    "cyberseceval-prompt-injection",
)
BENIGN = ("benign-prompts-en", "benign-prompts-zh", "benign-text-zh", "cvalues-responsibility-zh")
WORDS, PACKAGE, FROZEN, MODEL, SERVICE = "word list", "alt-profanity-check", "frozen + LR", "text-risk", "service"
POOLED = ("wiki-toxicity-en", "ethos-en")
_MARKS = re.compile(r"(?s)(<!-- accuracy -->\n).*?(<!-- /accuracy -->)")

Found = Mapping[str, Mapping[str, Judged]]


def run(options: argparse.Namespace, rest: Sequence[str]) -> Report:
    parser = argparse.ArgumentParser(prog="python -m benchmarks accuracy")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--frozen", type=Path, required=True, help="folder of the frozen baseline")
    parser.add_argument("--limit", type=int, default=1_000, help="rows of each set")
    parser.add_argument("--sets", nargs="*", default=[*BOTH, *DISGUISED, *VIOLATING, *BENIGN])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", type=Path, help="a page with the marks <!-- accuracy --> and <!-- /accuracy -->")
    own = parser.parse_args(rest)
    limit = 60 if options.quick else own.limit
    check_rows(own.frozen)
    found = _judged(own, limit, options.seed)
    values = _values(found)
    table = _page(found, values, limit, own.frozen)
    if own.write is not None:
        text, count = _MARKS.subn(lambda match: f"{match[1]}{table}\n{match[2]}", own.write.read_text(encoding="utf-8"))
        if count != 1:
            raise SystemExit(f"{own.write}: it has no place for the tables")
        own.write.write_text(text, encoding="utf-8")
    return Report(values, table, _misses(values))


def _judged(own: argparse.Namespace, limit: int, seed: int) -> Found:
    """set -> classifier -> what was measured."""
    settings = load_settings(cache_entries=0, threads=own.threads)
    manifests = [load_manifest(find_manifest(name, [room("datasets")])) for name in own.sets]
    sets = paired(open_sets(manifests, own.data, limit=limit, seed=seed), PLAIN, DISGUISED)
    with contextlib.ExitStack() as stack:
        words = WordList(own.data)
        judges: dict[str, Judge] = {WORDS: from_function(words, WORDS)}
        if importlib.util.find_spec("profanity_check") is not None:
            judges[PACKAGE] = from_function(profanity_check, PACKAGE)
        for name, opened in ((FROZEN, frozen(own.frozen, own.threads)), (MODEL, shipped(own.threads))):
            judges[name] = from_function(partial(scores_of, stack.enter_context(opened)), name)
        judges[SERVICE] = stack.enter_context(own_judge(settings, settings.policy))
        policy = policies_of(settings)[settings.policy]
        done = evaluate(sets, judges, policy=policy, seed=seed, limit=limit, progress=progress())
    return {
        scored.head.name: {judged.classifier: judged for judged in judgements}
        for scored, judgements in measure_run(done)
    }


def macro_f1(judged: Judged, threshold: float = 0.5) -> float:
    """Mean of the F1 of violating and that of allowed texts."""
    said, truths = judged.group.scores >= threshold, judged.group.truths
    both = []
    for truth in (True, False):
        hits = int(((said == truth) & (truths == truth)).sum())
        both.append(2 * hits / max(int((said == truth).sum() + (truths == truth).sum()), 1))
    return sum(both) / 2


def _values(found: Found) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, judgements in found.items():
        for classifier, judged in judgements.items():
            key = f"{name}.{classifier}"
            if judged.group.positives and judged.group.negatives:
                values[f"{key}.macro_f1"] = macro_f1(judged)
                values[f"{key}.average_precision"] = judged.group.average_precision.value or 0.0
                values[f"{key}.auroc"] = judged.group.auroc.value or 0.0
            for what, rate in (("recall", judged.group.recall), ("false_alarms", judged.group.false_positive_rate)):
                if rate.value is not None:
                    values[f"{key}.{what}"] = rate.value
    both = _both(found)
    for classifier in (FROZEN, MODEL, SERVICE):
        if both:
            figures = [values[f"{name}.{classifier}.macro_f1"] for name in both]
            values[f"{_over('mean_macro_f1', both, BOTH)}.{classifier}"] = sum(figures) / len(figures)
        if all(name in found for name in POOLED):
            groups = [found[name][classifier].group for name in POOLED]
            pooled = average_precision(
                np.concatenate([group.scores for group in groups]), np.concatenate([group.truths for group in groups])
            )
            values[f"pooled_average_precision.{classifier}"] = pooled or 0.0
    values |= _blocked(found)
    for name in DISGUISED:
        if name in found and PLAIN in found:
            values |= _dropped(name, values)
    return values


def _blocked(found: Found) -> dict[str, float]:
    """Of each harmless set the share that the service blocks."""
    values = {}
    for name in BENIGN:
        if name in found:
            values[f"{name}.{SERVICE}.blocked"] = found[name][SERVICE].decisions[False, Decision.BLOCK].value or 0.0
    return values


def _dropped(name: str, values: Mapping[str, float]) -> dict[str, float]:
    """What a disguise costs of macro-F1, as it is and as a share of the plain set's."""
    dropped = {}
    for classifier in (MODEL, SERVICE):
        plain = values[f"{PLAIN}.{classifier}.macro_f1"]
        drop = dropped[f"{name}.{classifier}.drop"] = plain - values[f"{name}.{classifier}.macro_f1"]
        dropped[f"{name}.{classifier}.relative_drop"] = drop / max(plain, 1e-9)
    return dropped


def _both(found: Found) -> list[str]:
    return [name for name in BOTH if name in found]


def _over(figure: str, names: Sequence[str], wanted: Sequence[str]) -> str:
    """A figure's name, another one over fewer sets than its aim is about: it is never held against the aim."""
    return figure if len(names) == len(wanted) else f"{figure}_of_{len(names)}"


def _aims(values: Mapping[str, float]) -> list[tuple[str, float, float, bool]]:
    """Of each aim that could be measured: its name, what was measured, the bound, and whether that is the least."""
    wanted = [
        ("mean macro-F1 over frozen + LR", _gain(values), 0.04, True),
        ("pooled AU-PRC", values.get(f"pooled_average_precision.{SERVICE}"), 0.80, True),
        *((f"{name}: share blocked", values.get(f"{name}.{SERVICE}.blocked"), 0.01, False) for name in BENIGN),
        *((f"{name}: drop of macro-F1", values.get(f"{name}.{SERVICE}.drop"), 0.03, False) for name in DISGUISED),
        *(
            (f"{name}: the same, of the plain text's", values.get(f"{name}.{SERVICE}.relative_drop"), 0.03, False)
            for name in DISGUISED
        ),
    ]
    return [(name, value, bound, least) for name, value, bound, least in wanted if value is not None]


def _is_missed(value: float, bound: float, least: bool) -> bool:
    return value < bound if least else value > bound


def _misses(values: Mapping[str, float]) -> list[str]:
    return [
        f"{name} = {value:.3f}, wanted {'at least' if least else 'at most'} {bound}"
        for name, value, bound, least in _aims(values)
        if _is_missed(value, bound, least)
    ]


def _gain(values: Mapping[str, float]) -> float | None:
    ours, theirs = values.get(f"mean_macro_f1.{SERVICE}"), values.get(f"mean_macro_f1.{FROZEN}")
    return None if ours is None or theirs is None else ours - theirs


def _page(found: Found, values: Mapping[str, float], limit: int, frozen_folder: Path) -> str:
    lines = [f"At most {limit} rows of each set.", *_fewer(found, values), "", "### Aims, of the service", ""]
    lines += ["| aim | measured | wanted | |", "| --- | --- | --- | --- |"]
    for name, value, bound, least in _aims(values):
        said = "missed" if _is_missed(value, bound, least) else "reached"
        lines.append(f"| {name} | {value:.3f} | {'at least' if least else 'at most'} {bound} | {said} |")
    lines += ["", "### Sets with both labels", ""]
    lines += [
        "| set (violating / allowed) | classifier | macro-F1 | AU-PRC | AUROC | recall | false alarms |",
        "|" + " --- |" * 7,
    ]
    for name in (*BOTH, *DISGUISED):
        for classifier, judged in found.get(name, {}).items():
            key = f"{name}.{classifier}"
            figures = [
                values[f"{key}.{what}"] for what in ("macro_f1", "average_precision", "auroc", "recall", "false_alarms")
            ]
            counts = f"{name} ({judged.group.positives} / {judged.group.negatives})" if classifier == WORDS else ""
            lines.append(f"| {counts} | {classifier} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |")
    lines += [
        "",
        "### Sets with one label, at 0.5",
        "",
        "| set | " + " | ".join((WORDS, PACKAGE, FROZEN, MODEL, SERVICE)) + " |",
    ]
    lines.append("|" + " --- |" * 6)
    for name, what in (*((name, "recall") for name in VIOLATING), *((name, "false_alarms") for name in BENIGN)):
        if name in found:
            cells = [
                values.get(f"{name}.{classifier}.{what}") for classifier in (WORDS, PACKAGE, FROZEN, MODEL, SERVICE)
            ]
            shown = " | ".join("–" if cell is None else f"{cell:.3f}" for cell in cells)
            lines.append(f"| {name}: {what.replace('_', ' ')} | {shown} |")
    lines += ["", "### Decisions of the service under the default policy", ""]
    lines += ["| set | texts | BLOCK (95 % interval) | REVIEW | ALLOW |", "| --- | --- | --- | --- | --- |"]
    for name, judgements in found.items():
        for violating in (True, False):
            rates = {decision: judgements[SERVICE].decisions.get((violating, decision)) for decision in Decision}
            block = rates[Decision.BLOCK]
            if block is not None and block.total and block.interval is not None:
                shares = [f"{rate.value or 0:.3f}" for rate in (rates[Decision.REVIEW], rates[Decision.ALLOW]) if rate]
                kind = "violating" if violating else "allowed"
                low, high = block.interval
                lines.append(
                    f"| {name}, {kind} | {block.total} | {block.value:.3f} ({low:.3f} to {high:.3f}) | "
                    + " | ".join(shares)
                    + " |"
                )
    lines += ["", "### Held-out part of the training sets", "", _held_out(frozen_folder)]
    return "\n".join(lines)


def _fewer(found: Found, values: Mapping[str, float]) -> list[str]:
    """Which sets the mean macro-F1 is over, where they are fewer than the aim is about."""
    both = _both(found)
    if not both or len(both) == len(BOTH):
        return []
    figures = ", ".join(
        f"{classifier} {values[f'mean_macro_f1_of_{len(both)}.{classifier}']:.3f}"
        for classifier in (FROZEN, MODEL, SERVICE)
    )
    return [
        "",
        f"Mean macro-F1 over {len(both)} of the {len(BOTH)} sets ({', '.join(both)}): {figures}. The aim is over all "
        f"{len(BOTH)}: by this it is neither reached nor missed.",
    ]


def _held_out(frozen_folder: Path) -> str:
    """Average precision of each category on texts that neither was trained on."""
    ours = json.loads((room("models") / "text-risk" / "metrics.json").read_text())["categories"]
    theirs = json.loads((frozen_folder / "metrics.json").read_text())["categories"]
    rows = [
        "| category | positives | AP, frozen + LR | AP, text-risk | ECE, text-risk |",
        "| --- | --- | --- | --- | --- |",
    ]
    for category, numbers in ours.items():
        cells = [theirs[category]["average_precision"], numbers["average_precision"], numbers["calibration_error"]]
        shown = " | ".join("–" if cell is None else f"{cell:.3f}" for cell in cells)
        rows.append(f"| `{category}` | {numbers['positives']} | {shown} |")
    mean = [sum(one[category]["average_precision"] or 0.0 for category in ours) / len(ours) for one in (theirs, ours)]
    rows.append(f"| mean | | {mean[0]:.3f} | {mean[1]:.3f} | |")
    return "\n".join(rows)
