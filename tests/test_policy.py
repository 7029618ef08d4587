"""Policies: thresholds, roles, and complaints that name the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import PolicyError
from moderation.policy import Policy, Threshold, load_policy, parse_policy, worst
from moderation.rooms import room
from moderation.schema import SEVERITY, Decision, Role
from moderation.taxonomy import CATEGORIES, PARENTS

HEAD = 'name = "p"\n[thresholds]\n"*" = { review = 0.5, block = 0.9 }\n'


def parse(text: str) -> Policy:
    return parse_policy(text.encode(), file="p.toml")


def test_the_default_policy_is_whole() -> None:
    policy = load_policy(room("pipelines") / "policies" / "default.toml")
    assert policy.name == "default"
    assert policy.unjudged is Decision.REVIEW
    assert set(policy.tables) == set(Role)
    assert all(set(table) == set(CATEGORIES) for table in policy.tables.values())
    assert policy.tables[Role.TOOL]["prompt_injection"].floor < policy.tables[Role.USER]["prompt_injection"].floor


@pytest.mark.parametrize(
    ("score", "decision"),
    [(0.0, "allow"), (0.49, "allow"), (0.5, "review"), (0.89, "review"), (0.9, "block"), (1.0, "block")],
)
def test_a_threshold_is_reached_from_its_number_on(score: float, decision: str) -> None:
    assert Threshold(0.5, 0.9).decide(score) == decision


@given(score=st.floats(0, 1), review=st.floats(0.01, 1), block=st.floats(0.01, 1))
def test_a_higher_score_never_decides_milder(score: float, review: float, block: float) -> None:
    threshold = Threshold(min(review, block), block)
    assert SEVERITY[threshold.decide(score)] <= SEVERITY[threshold.decide(min(1.0, score + 0.1))]
    assert (threshold.decide(score) is Decision.ALLOW) == (score < threshold.floor)


def test_never_is_never() -> None:
    assert Threshold(None, None).decide(1.0) is Decision.ALLOW
    policy = parse(HEAD + '"hate" = { review = "never", block = 0.99 }\n')
    assert policy.tables[Role.USER]["hate"].decide(0.98) is Decision.ALLOW
    assert policy.tables[Role.USER]["hate"].decide(0.99) is Decision.BLOCK


def test_the_most_exact_entry_counts() -> None:
    policy = parse(
        HEAD
        + '"illicit" = { review = 0.4 }\n"illicit/drugs" = { review = 0.3 }\n'
        + '[roles.tool]\n"illicit" = { review = 0.2 }\n"*" = { review = 0.1 }\n'
    )
    user, tool = policy.tables[Role.USER], policy.tables[Role.TOOL]
    assert (user["hate"].review, user["illicit/weapons"].review, user["illicit/drugs"].review) == (0.5, 0.4, 0.3)
    assert (tool["hate"].review, tool["illicit/drugs"].review) == (0.1, 0.2)


def test_the_revision_follows_the_content() -> None:
    assert parse(HEAD).revision == parse(HEAD).revision
    assert parse(HEAD).revision != parse(HEAD + "\n").revision


def test_worst() -> None:
    assert worst([]) is Decision.ALLOW
    assert worst([Decision.REVIEW, Decision.BLOCK, Decision.ALLOW]) is Decision.BLOCK


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name = \n", 1, "not TOML"),
        ('name = "p"\nnam = 3\n', 2, "unknown key `nam`"),
        ('[thresholds]\n"*" = { review = 0.5 }\n', None, "`name` is missing"),
        ('name = "p"\n', None, "[thresholds] is missing"),
        ('name = "p"\n\n[thresholds]\n"hate" = { review = 0.5 }\n', 3, "a fallback is missing"),
        (HEAD + '"hat" = { review = 0.5 }\n', 4, "unknown category `hat`"),
        (HEAD + '\n\n"hate" = { review = 1.5 }\n', 6, "`review` must be a number"),
        (HEAD + '"hate" = { review = 0 }\n', 4, "`review` must be a number"),
        (HEAD + '"hate" = { review = true }\n', 4, "`review` must be a number"),
        (HEAD + '"hate" = { review = nan }\n', 4, "`review` must be a number"),
        (HEAD + '"hate" = 0.5\n', 4, "a threshold is written"),
        (HEAD + '"hate" = { review = 0.9, block = 0.5 }\n', 4, "is above block"),
        (HEAD + '"hate" = { reveiw = 0.9 }\n', 4, "unknown key `reveiw`"),
        (HEAD + "[roles.boss]\n", 4, "unknown role `boss`"),
        (HEAD + '[roles.user]\n"hate" = { review = 0.3 }\n"violense" = { review = 0.3 }\n', 6, "violense"),
        ('unjudged = "allow"\n' + HEAD, 1, "never passes"),
        ('name = " "\n[thresholds]\n"*" = { review = 0.5 }\n', 1, "not empty"),
        ('thresholds = 3\nname = "p"\n', 1, "[thresholds] is missing or no table"),
    ],
)
def test_a_complaint_names_the_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse(text)
    assert caught.value.line == line
    assert words in str(caught.value)
    assert str(caught.value).startswith("p.toml:")


def test_a_file_that_is_not_utf8_or_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(b'name = "p"\n# caf\xe9\n')
    with pytest.raises(PolicyError, match=r"bad\.toml:2: is not UTF-8"):
        load_policy(file)
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.toml")


def test_a_parent_that_nobody_named_is_no_stricter_than_the_child_that_raised_it() -> None:
    policy = parse(HEAD + '"privacy/personal_information" = { review = 0.8, block = "never" }\n')
    child = "privacy/personal_information"
    assert policy.threshold(Role.USER, "privacy", child).decide(0.95) is Decision.REVIEW
    assert policy.threshold(Role.USER, "privacy", "privacy").decide(0.95) is Decision.BLOCK
    named = parse(HEAD + f'"privacy" = {{ block = 0.9 }}\n"{child}" = {{ review = 0.8, block = "never" }}\n')
    assert named.threshold(Role.USER, "privacy", child).decide(0.95) is Decision.BLOCK


def test_the_default_policy_blocks_no_child_by_its_parent_that_the_child_itself_never_blocks() -> None:
    policy = load_policy(room("pipelines") / "policies" / "default.toml")
    for role in Role:
        for child, parent in PARENTS.items():
            if policy.tables[role][child].block is None:
                assert policy.threshold(role, parent, child).block is None, (role, child)
