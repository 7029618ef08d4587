"""Puts an engine together from settings: registry, store, profile, policies, models, decoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from moderation.config import Settings
from moderation.errors import PolicyError, SettingsError, WeightsMissingError
from moderation.fetch.fetcher import Fetcher
from moderation.known.store import BankStore
from moderation.lists.store import ListStore
from moderation.lists.terms import ORIGINAL
from moderation.media.decoder import Decoder
from moderation.media.origins import WORDS
from moderation.models.registry import Registry
from moderation.models.store import ModelStore
from moderation.normalise import STEPS
from moderation.pipelines.engine import Engine, Options
from moderation.pipelines.profile import Profile, load_profile
from moderation.pipelines.runner import LocalRunner, Runner
from moderation.policy import Policy, load_policy
from moderation.rooms import room


def rooms_of(settings: Settings, name: str) -> list[Path]:
    """The shipped room and, after it, the operator's of the same name, if there is one."""
    own = settings.rooms / name if settings.rooms is not None else None
    if settings.rooms is not None and not settings.rooms.is_dir():
        raise SettingsError(f"`rooms`: {settings.rooms} is no folder")
    return [room(name), own] if own is not None and own.is_dir() else [room(name)]


def registry_of(settings: Settings) -> Registry:
    """All models these settings can name."""
    return Registry(rooms_of(settings, "models"), home=settings.home)


def profile_of(settings: Settings, registry: Registry) -> Profile:
    """The profile the settings name; an operator's file of the same name replaces the shipped one."""
    files = [folder / "profiles" / f"{settings.profile}.toml" for folder in rooms_of(settings, "pipelines")]
    return load_profile(next((file for file in reversed(files) if file.is_file()), files[0]), registry.spec)


def policies_of(settings: Settings) -> dict[str, Policy]:
    """All policies by name, checked.

    Raises:
        PolicyError: naming file and line; also where two files give one name.
    """
    files: dict[str, Path] = {}
    for folder in rooms_of(settings, "pipelines"):
        files |= {file.name: file for file in sorted((folder / "policies").glob("*.toml"))}
    policies: dict[str, Policy] = {}
    for file in files.values():
        policy = load_policy(file)
        if policy.name in policies:
            raise PolicyError(f"the name `{policy.name}` is taken by another policy", file=str(file))
        policies[policy.name] = policy
    if settings.policy not in policies:
        raise SettingsError(f"`policy`: there is no policy `{settings.policy}`; there are: {', '.join(policies)}")
    return policies


def _folders(settings: Settings, name: str) -> list[Path]:
    """The shipped folder of this name and the operator's, which may come to be there later."""
    own = [settings.rooms / "pipelines" / name] if settings.rooms is not None else []
    return [folder for folder in (room("pipelines") / name,) if folder.is_dir()] + own


def _banks_of(settings: Settings) -> BankStore:
    """The banks of the rooms and, over them, those of the settings' own folder, which must be there."""
    own = settings.known.banks
    if own is not None and not own.is_dir():
        raise SettingsError(f"[known] `banks`: {own} is no folder")
    return BankStore([*_folders(settings, "banks"), *([] if own is None else [own])])


def _fetcher_of(settings: Settings) -> Fetcher:
    """Fetches nothing larger than would be decoded."""
    most = min(settings.fetch.max_bytes, settings.limits.max_media_bytes)
    return Fetcher(replace(settings.fetch, max_bytes=most))


def _origins(registry: Registry) -> frozenset[str]:
    """What a list's `scope.origins` may name: a text as sent, what was read in a medium, what a disguise hid."""
    return frozenset({ORIGINAL, *registry.origins(), *WORDS, *STEPS})


def local_runner(
    settings: Settings,
    registry: Registry,
    profile: Profile,
    *,
    observe: Callable[[str, int, float], None] | None = None,
    report: Callable[[str], None] | None = None,
) -> LocalRunner:
    """Loads the profile's models into this process.

    A model whose weights no package carries is left out: its stage answers `weights_missing`, and `report` is told
    what to install.

    Raises:
        WeightsError: weights are there and not the pinned ones, or the store cannot be written.
    """
    store = ModelStore(settings.home)
    models, missing = [], {}
    for stage in profile.stages:
        try:
            models.append(registry.load(stage.key, store=store, threads=settings.threads))
        except WeightsMissingError as error:
            missing[stage.key] = error.code
            if report is not None:
                report(error.message)
    return LocalRunner(
        models,
        missing=missing,
        max_queue_size=settings.max_queue_size,
        stall_s=settings.stall_s,
        observe=observe,
    )


def assemble(
    settings: Settings,
    *,
    make_runner: Callable[[Settings, Registry, Profile], Runner] | None = None,
    observe: Callable[[str, int, float], None] | None = None,
    report: Callable[[str], None] | None = None,
) -> Engine:
    """An engine that is loaded and not yet started.

    Args:
        make_runner: another seam to the models than threads of this process.
        observe, report: as in `local_runner`.

    Raises:
        ConfigurationError: settings, profile, policy, a list, a bank or model.toml are wrong.
        WeightsError: weights are wrong, or the store cannot be written.
    """
    registry = registry_of(settings)
    profile = profile_of(settings, registry)
    policies: Mapping[str, Policy] = policies_of(settings)
    # Before the models, which take longer: a wrong file ends it at once.
    lists = ListStore(_folders(settings, "lists"), origins=_origins(registry))
    banks = _banks_of(settings)
    runner = (
        local_runner(settings, registry, profile, observe=observe, report=report)
        if make_runner is None
        else make_runner(settings, registry, profile)
    )
    return Engine(
        profile=profile,
        policies=policies,
        default_policy=settings.policy,
        runner=runner,
        decoder=Decoder(settings.limits, processes=settings.decoder_processes),
        fetcher=_fetcher_of(settings),
        limits=settings.limits,
        lists=lists,
        banks=banks,
        options=Options(settings.cache_entries, settings.lists_reload_s, settings.known.reload_s, report),
    )
