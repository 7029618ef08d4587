"""Settings: one frozen object, from defaults, a TOML file and the environment, in that order.

The only module that reads the environment. Nothing is read at import.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any

import platformdirs

from moderation.errors import SettingsError
from moderation.fetch.settings import FetchSettings
from moderation.limits import Limits
from moderation.operator_files import at_line, bytes_of, failing, table_of, text_of
from moderation.toml_lines import line_of

PREFIX = "MODERATION_"
# What a number must be between, where more than "at least 0" is needed.
BOUNDS = {"port": (0, 65_535), "threads": (1, 1_024), "decoder_processes": (1, 256), "max_queue_size": (1, 10**9)}


@dataclass(frozen=True, slots=True)
class KnownSettings:
    """Where banks of known content lie. Media are looked up as soon as there is one, and not before.

    Attributes:
        banks: a folder of banks, beside `pipelines/banks` of the rooms; its files come after theirs.
        reload_s: seconds between looks at the files of banks; 0 for never.
    """

    banks: Path | None = None
    reload_s: float = 5.0


# Settings that are tables of their own in the file, with a prefix of their own in the environment.
TABLES: dict[str, type[Limits | FetchSettings | KnownSettings]] = {
    "limits": Limits,
    "fetch": FetchSettings,
    "known": KnownSettings,
}


def _available_cores() -> int:
    """Cores this process may use: its affinity, and the quota of its control group where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass  # no control groups of version 2: the affinity is all there is to know
    return cores


@dataclass(frozen=True, slots=True)
class Settings:
    """How a process of this service runs.

    Attributes:
        profile: which models run; a file of `pipelines/profiles/`. Change it to use other models.
        policy: the policy used when a request names none.
        home: the model store: joined and converted weights. Change it when the default disk is small or read-only.
        rooms: a folder whose `models/`, `pipelines/` … override the shipped ones, file by file.
        threads: threads of each model engine. Lower it when other work shares the machine.
        decoder_processes: processes that decode media. Raise it when much media comes at once.
        max_queue_size: items that may wait per model; over it requests get 429.
        stall_s: seconds after which a model that does not return is called stalled.
        host: address to listen on; other than loopback only with `api_key_file`.
        port: port to listen on; 0 takes a free one.
        api_key_file: file of accepted keys, one a line; `#` starts a comment.
        tenant: whose lists and cache apply where no API key says so.
        cache_entries: windows and passages of texts whose scores are kept, so that a conversation's earlier turns are
            not judged again; 0 keeps none. Lower it when memory is short: each takes about 2 kB.
        lists_reload_s: seconds between looks at the list files; 0 for never.
        limits: bounds on input.
        fetch: whether and how media that is given as a URL is fetched.
        known: where banks of known content lie.
    """

    profile: str = "embedded"
    policy: str = "default"
    home: Path = field(default_factory=lambda: Path(platformdirs.user_data_dir("moderation")))
    rooms: Path | None = None
    threads: int = field(default_factory=_available_cores)
    decoder_processes: int = 2
    max_queue_size: int = 4_096
    stall_s: float = 300.0
    host: str = "127.0.0.1"
    port: int = 8080
    api_key_file: Path | None = None
    tenant: str | None = None
    cache_entries: int = 20_000
    lists_reload_s: float = 5.0
    limits: Limits = field(default_factory=Limits)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    known: KnownSettings = field(default_factory=KnownSettings)


def load_settings(
    file: Path | None = None, *, environment: Mapping[str, str] | None = None, **overrides: Any
) -> Settings:
    """Settings from a TOML file, then `MODERATION_*`, then `overrides` that are not `None`.

    A table is overridden as a whole, or some keys of it: `known={"banks": "my-banks"}`.

    `MODERATION_CONFIG` names the file where `file` is not given; limits are `[limits]` in the file and
    `MODERATION_LIMITS_MAX_PARTS` … in the environment, likewise `[fetch]` and `MODERATION_FETCH_ENABLED` …,
    `[known]` and `MODERATION_KNOWN_BANKS` ….

    Raises:
        SettingsError: naming the key and the place, for an unknown key, a wrong type or an unreadable file.
    """
    environment = os.environ if environment is None else environment
    settings = Settings()
    file = file or (Path(environment["MODERATION_CONFIG"]) if environment.get("MODERATION_CONFIG") else None)
    if file is not None:
        settings = _from_file(settings, file)
    settings = _from_environment(settings, environment)
    given = {key: value for key, value in overrides.items() if value is not None}
    for name in TABLES:
        if isinstance(given.get(name), Mapping):
            given[name] = _apply(getattr(settings, name), given[name], f"argument `{name}`")
    chosen: Settings = _apply(settings, given, "argument")
    for key, (least, most) in BOUNDS.items():
        if not least <= getattr(chosen, key) <= most:
            raise SettingsError(f"`{key}` must be between {least} and {most}, not {getattr(chosen, key)}")
    for key in ("max_urls", "max_at_once", "max_call_at_once"):
        if not getattr(chosen.fetch, key):
            raise SettingsError(f"[fetch] `{key}` must be at least 1; to fetch nothing, set `enabled` to false")
    return chosen


def _from_file(settings: Settings, file: Path) -> Settings:
    fail = failing(SettingsError, file)
    text = text_of(bytes_of(file, fail), fail)
    table = table_of(text, fail)
    inner = {name: table.pop(name, {}) for name in TABLES}
    settings = _apply(settings, table, lambda key: at_line(file, line_of(text, [key])))
    for name, values in inner.items():
        if not isinstance(values, dict):
            raise SettingsError(f"{at_line(file, line_of(text, [name]))}: [{name}] must be a table")
        changed = _apply(getattr(settings, name), values, partial(_place, file, text, name))
        settings = replace(settings, **{name: changed})
    return settings


def _place(file: Path, text: str, table: str, key: str) -> str:
    return at_line(file, line_of(text, [table, key]))


def _from_environment(settings: Settings, environment: Mapping[str, str]) -> Settings:
    known = {f"{PREFIX}{item.name.upper()}": item.name for item in fields(Settings) if item.name not in TABLES}
    inner = {
        f"{PREFIX}{name.upper()}_{item.name.upper()}": (name, item.name)
        for name, kind in TABLES.items()
        for item in fields(kind)
    }
    for name in environment:
        if name.startswith(PREFIX) and name not in known.keys() | inner.keys() and name != "MODERATION_CONFIG":
            raise SettingsError(f"unknown environment variable {name}; known: {', '.join(sorted(known))}")
    chosen = {known[name]: value for name, value in environment.items() if name in known}
    settings = _apply(settings, chosen, lambda key: f"{PREFIX}{key.upper()}")
    for variable, (table, key) in inner.items():
        if variable in environment:
            changed = _apply(getattr(settings, table), {key: environment[variable]}, variable)
            settings = replace(settings, **{table: changed})
    return settings


def _apply(target: Any, values: Mapping[str, Any], place: Any) -> Any:
    """A copy of a dataclass with `values` converted to its field types."""
    types = typing.get_type_hints(type(target))
    changed = {}
    for key, value in values.items():
        where = place(key) if callable(place) else place
        if key not in types:
            raise SettingsError(f"{where}: unknown key `{key}`; known: {', '.join(sorted(types))}")
        changed[key] = _convert(value, types[key], where, key)
    return replace(target, **changed)


def _convert(value: Any, kind: Any, where: str, key: str) -> Any:
    if kind == Path | None or kind is Path:
        if isinstance(value, str | Path) and str(value):
            return Path(value).expanduser()
        raise SettingsError(f"{where}: `{key}` must be a path, not {value!r}")
    if kind in (int, float):
        number = -1 if isinstance(value, bool) else _number(value, kind)
        if number >= 0:
            return number
        raise SettingsError(f"{where}: `{key}` must be a number of at least 0, not {value!r}")
    if kind is bool and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if kind == tuple[int, ...]:
        return _ports(value, where, key)
    if kind == str | None and isinstance(value, str) and value:
        return value
    if not isinstance(kind, UnionType) and isinstance(value, kind):
        return value
    raise SettingsError(f"{where}: `{key}` must be {getattr(kind, '__name__', kind)}, not {value!r}")


def _ports(value: Any, where: str, key: str) -> tuple[int, ...]:
    """Ports from a list in the file, or from numbers between commas in the environment."""
    given = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else [-1]
    ports = tuple(-1 if isinstance(one, bool) else int(_number(one, int)) for one in given)
    if not ports or not all(0 < port < 65_536 for port in ports):
        raise SettingsError(f"{where}: `{key}` must be ports between 1 and 65535, not {value!r}")
    return ports


def _number(value: Any, kind: type[int] | type[float]) -> float:
    """The number a setting spells; -1 for what is none, or is no whole number where one is wanted."""
    if kind is int and isinstance(value, float):
        return -1
    try:
        return kind(value)
    except (TypeError, ValueError):
        return -1
