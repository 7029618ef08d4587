"""The pages on policies, models and dependencies, and the links of all pages."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from support.pages import ROOT, TREES, blocks, page, rows, sections, word

from moderation.config import Settings
from moderation.errors import PolicyError
from moderation.models.registry import Registry
from moderation.models.spec import load_spec
from moderation.pipelines.assemble import profile_of, registry_of
from moderation.pipelines.pacing import SLICE_CHARS, SLICE_ITEMS
from moderation.pipelines.profile import Stage, load_profile
from moderation.policy import TRIGGERS, Privacy, parse_policy
from moderation.rooms import room

# ---- policies and models


def test_the_policies_that_are_shown() -> None:
    good, broken = blocks(page("policies.md"), "toml")
    assert parse_policy(good.encode(), file="strict.toml").name == "strict"
    (complaint,) = blocks(page("policies.md"), "text")
    with pytest.raises(PolicyError) as refused:
        parse_policy(broken.encode(), file="broken.toml")
    assert refused.value.message == complaint.strip()


def test_the_toml_of_models_is_read(tmp_path: Path) -> None:
    profile, entry_point, model = blocks(page("models.md"), "toml")
    (tmp_path / "profile.toml").write_text(profile)
    load_profile(tmp_path / "profile.toml", Registry([room("models")]).spec)
    assert set(tomllib.loads(entry_point)["project"]["entry-points"]) == {"moderation.models"}
    (tmp_path / "model.toml").write_text(model)
    assert load_spec(tmp_path / "model.toml").key == "shouting.v1"


def test_every_key_of_model_toml_is_in_the_docs() -> None:
    section = sections(page("models.md"))["`model.toml`"]
    named = set(re.findall(r"`([a-z0-9_]+)`", " ".join(cell for row in rows(section) for cell in row)))
    reads = ("text", "choice", "words", "integer", "flag", "tables")
    known = {
        node.args[0].value
        for node in ast.walk(TREES[ROOT / "moderation" / "models" / "spec.py"])
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") in reads
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert "sha256" in known
    assert known <= named


def test_the_slices_are_as_said() -> None:
    text = page("models.md").replace(",", "")
    assert f"{SLICE_ITEMS} texts" in text
    assert f"{SLICE_CHARS} characters" in text


def test_every_key_of_a_stage_and_of_a_policy_is_in_the_docs() -> None:
    stage = {field.name for field in fields(Stage)} - {"spec"} | {"model"}
    assert {word(row[0]) for row in rows(sections(page("models.md"))["Profiles"])} >= stage
    text = sections(page("policies.md"))
    privacy = {word(row[0]) for row in rows(text["Personal information"])}
    assert privacy == {field.name for field in fields(Privacy)}
    assert set(TRIGGERS) <= set(re.findall(r"`(\w+)`", text["Triggers"]))
    triggers = {word(row[0]) for row in rows(sections(page("api.md"))["Patterns over turns"])}
    assert triggers == set(TRIGGERS)


def test_what_is_shipped_is_what_is_said() -> None:
    text = sections(page("models.md"))
    profiles = {word(row[0]): set(re.findall(r"`([a-z0-9-]+\.v\d+)`", row[1])) for row in rows(text["Profiles"])}
    for name in (path.stem for path in (ROOT / "pipelines" / "profiles").glob("*.toml")):
        settings = Settings(profile=name)
        registry = registry_of(settings)
        profile = profile_of(settings, registry)
        assert profiles[name] == {stage.key for stage in profile.stages}
    shipped = {word(row[0]): row for row in rows(text["What is shipped"])}
    for folder in sorted((ROOT / "models").glob("*/model.toml")):
        spec = load_spec(folder)
        for category in spec.categories:
            parent, _, child = category.partition("/")
            assert f"`{category}`" in shipped[spec.key][2] or (f"`{parent}` (" in shipped[spec.key][2] and child), (
                category
            )


# ---- dependencies


def test_every_dependency_is_in_the_docs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    table = [(word(row[1]), row) for row in rows(page("dependencies.md"))]
    assert sorted(requirement for requirement, _ in table) == sorted(asked)  # as often as they are asked for
    for requirement, row in table:
        assert word(row[0]) == re.split(r"[\[<>=]", requirement)[0]
        assert all(row)


# ---- links

PAGES = sorted(
    path
    for pattern in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "models/*/README.md")
    for path in ROOT.glob(pattern)
)


def anchors(path: Path) -> set[str]:
    """The places of a page that a link may name, as GitHub makes them."""
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(file), target
