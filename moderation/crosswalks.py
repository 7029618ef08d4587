"""What other systems call our categories, as data, readable both ways.

A foreign code maps to one or more canonical keys; one that has no home here maps to `None` with its reason in
`NO_HOME`. Sources: OpenAI openapi.yaml (f85dbe2), Azure AI Content Safety 2024-09-01, MLCommons AILuminate
taxonomy S1-S14, GB/T 45654-2025 Annex A (names as TC260-003 gives them: secondary sources).
"""

from __future__ import annotations

from collections.abc import Mapping

OPENAI: Mapping[str, tuple[str, ...]] = {
    "harassment": ("harassment",),
    "harassment/threatening": ("harassment/threatening",),
    "hate": ("hate", "discrimination"),
    "hate/threatening": ("hate/threatening",),
    "illicit": ("illicit", "fraud", "cyber"),
    "illicit/violent": ("illicit/violent", "illicit/weapons", "terrorism"),
    "self-harm": ("self_harm",),
    "self-harm/intent": ("self_harm/intent",),
    "self-harm/instructions": ("self_harm/instructions",),
    "sexual": ("sexual",),
    "sexual/minors": ("sexual/minors",),
    "violence": ("violence",),
    "violence/graphic": ("violence/graphic",),
}

AZURE: Mapping[str, tuple[str, ...]] = {
    "Hate": ("hate", "discrimination", "harassment"),
    "SelfHarm": ("self_harm",),
    "Sexual": ("sexual",),
    "Violence": ("violence", "terrorism", "illicit/weapons", "illicit/violent"),
}

MLCOMMONS: Mapping[str, tuple[str, ...]] = {
    "S1": ("violence", "terrorism", "illicit/violent"),
    "S2": ("illicit", "fraud", "cyber"),
    "S3": ("sexual",),
    "S4": ("sexual/minors",),
    "S5": ("reputation",),
    "S6": (),
    "S7": ("privacy",),
    "S8": ("ip",),
    "S9": ("illicit/weapons",),
    "S10": ("hate", "discrimination"),
    "S11": ("self_harm",),
    "S12": ("sexual",),
    "S13": (),
    "S14": ("cyber",),
}

GB45654: Mapping[str, tuple[str, ...]] = {
    "A.1.a": ("subversion",),
    "A.1.b": ("national_security",),
    "A.1.c": ("separatism",),
    "A.1.d": ("terrorism",),
    "A.1.e": ("hate", "hate/threatening"),
    "A.1.f": ("violence", "violence/graphic", "sexual", "sexual/minors"),
    "A.1.g": ("misinformation",),
    "A.1.h": (
        "illicit",
        "illicit/violent",
        "illicit/drugs",
        "illicit/weapons",
        "illicit/gambling",
        "fraud",
        "cyber",
    ),
    "A.2.a": ("discrimination/ethnicity",),
    "A.2.b": ("discrimination/belief",),
    "A.2.c": ("discrimination/nationality",),
    "A.2.d": ("discrimination/region",),
    "A.2.e": ("discrimination/gender",),
    "A.2.f": ("discrimination/age",),
    "A.2.g": ("discrimination/occupation",),
    "A.2.h": ("discrimination/health",),
    "A.2.i": ("discrimination/other", "discrimination"),
    "A.3.a": ("ip",),
    "A.3.b": ("business_ethics", "spam"),
    "A.3.c": ("trade_secret",),
    "A.3.d": ("unfair_competition",),
    "A.3.e": ("business_ethics",),
    "A.4.a": (
        "harassment",
        "harassment/threatening",
        "self_harm",
        "self_harm/intent",
        "self_harm/instructions",
    ),
    "A.4.b": ("privacy/likeness",),
    "A.4.c": ("reputation",),
    "A.4.d": ("reputation",),
    "A.4.e": ("privacy",),
    "A.4.f": ("privacy/personal_information",),
    "A.4.g": (),
    "A.5.a": ("inaccurate",),
    "A.5.b": ("unreliable",),
}

NO_HOME: Mapping[str, str] = {
    "MLCommons S6": "specialised advice: about who may give advice, not about harm in the content itself",
    "MLCommons S13": "elections: no canonical category; an operator's own list may use misinformation",
    "GB A.4.g": "other lawful rights: a remainder without content of its own",
    "our jailbreak": "an attack on the model; OpenAI, Azure text:analyze, MLCommons and Annex A have no code",
    "our prompt_injection": "an attack on the model; OpenAI, Azure text:analyze, MLCommons and Annex A have no code",
    "our known_content": "a way of finding, not a kind of harm",
}

CROSSWALKS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "OpenAI": OPENAI,
    "Azure": AZURE,
    "MLCommons": MLCOMMONS,
    "GB": GB45654,
}


def foreign_codes(system: str, category: str) -> tuple[str, ...]:
    """The codes of `system` under which `category` (or its parent) is reported."""
    table = CROSSWALKS[system]
    found = tuple(code for code, keys in table.items() if category in keys)
    if found or "/" not in category:
        return found
    return foreign_codes(system, category.rpartition("/")[0])


def foreign_scores(system: str, scores: Mapping[str, float]) -> dict[str, float]:
    """Canonical scores as a foreign system names them: the maximum over the mapped keys; uncovered codes are absent."""
    return {
        code: max(scores[key] for key in keys if key in scores)
        for code, keys in CROSSWALKS[system].items()
        if any(key in scores for key in keys)
    }
