"""Settings: three sources, one object, and complaints that say where."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation.config import KnownSettings, Settings, load_settings
from moderation.errors import SettingsError
from moderation.fetch.settings import FetchSettings


def test_file_then_environment_then_arguments(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('profile = "a"\nport = 1\nhost = "::1"\n[limits]\nmax_parts = 3\n')
    environment = {"MODERATION_PORT": "2", "MODERATION_PROFILE": "b", "MODERATION_LIMITS_MAX_PIXELS": "9"}
    settings = load_settings(file, environment=environment, profile="c", home=None)
    assert (settings.host, settings.port, settings.profile) == ("::1", 2, "c")
    assert (settings.limits.max_parts, settings.limits.max_pixels) == (3, 9)
    assert settings.home == Settings().home


def test_how_urls_are_fetched_is_a_table_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[fetch]\nenabled = true\nports = [443]\ntimeout_s = 3\n")
    assert load_settings(file, environment={}).fetch == FetchSettings(enabled=True, ports=(443,), timeout_s=3.0)
    environment = {"MODERATION_FETCH_ENABLED": "False", "MODERATION_FETCH_PORTS": "80, 8443"}
    settings = load_settings(file, environment=environment)
    assert settings.fetch == FetchSettings(enabled=False, ports=(80, 8_443), timeout_s=3.0)
    assert load_settings(environment={}).fetch == FetchSettings()


def test_banks_have_a_table_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[known]\nbanks = "mine"\nreload_s = 60\n')
    assert load_settings(file, environment={}).known == KnownSettings(Path("mine"), 60.0)
    environment = {"MODERATION_KNOWN_BANKS": "theirs"}
    assert load_settings(file, environment=environment).known == KnownSettings(Path("theirs"), 60.0)
    argued = load_settings(file, environment=environment, known={"reload_s": 0})
    assert argued.known == KnownSettings(Path("theirs"), 0.0)
    assert load_settings(file, environment={}, known=KnownSettings()).known == KnownSettings()


def test_a_wrong_table_as_an_argument_is_named() -> None:
    with pytest.raises(SettingsError, match="argument `limits`: unknown key `max_part`"):
        load_settings(environment={}, limits={"max_part": 1})
    with pytest.raises(SettingsError, match="argument: `known` must be KnownSettings"):
        load_settings(environment={}, known="mine")


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("port = 7\n")
    assert load_settings(environment={"MODERATION_CONFIG": str(file)}).port == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", r":1: unknown key `prot`"),
        ('\nport = "x"', r":2: `port` must be a number"),
        ("port = -1", r":1: `port` must be a number"),
        ("port = true", r":1: `port` must be a number"),
        ("profile = 3", r":1: `profile` must be str"),
        ("[limits]\nmax_part = 1", r":2: unknown key `max_part`"),
        ("limits = 3", r":1: \[limits\] must be a table"),
        ("fetch = true", r":1: \[fetch\] must be a table"),
        ("[fetch]\n\nenable = true", r":3: unknown key `enable`"),
        ("[fetch]\nenabled = 1", r":2: `enabled` must be bool"),
        ('[fetch]\nenabled = "yes"', r":2: `enabled` must be bool"),
        ("[fetch]\nports = 80", r":2: `ports` must be ports"),
        ("[fetch]\nports = []", r":2: `ports` must be ports"),
        ("[fetch]\nports = [80, 70000]", r":2: `ports` must be ports"),
        ("[fetch]\nports = [true]", r":2: `ports` must be ports"),
        ("[fetch]\nmax_at_once = 0", r"`max_at_once` must be at least 1"),
        ("[known]\nbanks = 3", r":2: `banks` must be a path"),
        ("[known]\nreload_s = -1", r":2: `reload_s` must be a number"),
        ("port = ", "is not TOML"),
        ("home = 5", ":1: `home` must be a path"),
        ('home = ""', ":1: `home` must be a path"),
        ("port = 70000", "`port` must be between 0 and 65535"),
        ("decoder_processes = 0", "`decoder_processes` must be between 1"),
        ("threads = 0", "`threads` must be between 1"),
        ("max_queue_size = 0", "`max_queue_size` must be between 1"),
    ],
)
def test_a_wrong_file_is_named_by_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words):
        load_settings(file, environment={})


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"MODERATION_PROT": "1"}, "unknown environment variable MODERATION_PROT"),
        ({"MODERATION_PORT": "eighty"}, "MODERATION_PORT: `port` must be a number"),
        ({"MODERATION_LIMITS_MAX_PARTS": "-3"}, "MODERATION_LIMITS_MAX_PARTS"),
        ({"MODERATION_FETCH_ENABLED": "1"}, "MODERATION_FETCH_ENABLED: `enabled` must be bool"),
        ({"MODERATION_FETCH_PORTS": "80;443"}, "MODERATION_FETCH_PORTS: `ports` must be ports"),
        ({"MODERATION_FETCH_HOSTS": "x"}, "unknown environment variable MODERATION_FETCH_HOSTS"),
        ({"MODERATION_CONFIG": "/nonexistent.toml"}, "cannot be read"),
    ],
)
def test_a_wrong_environment_is_named(environment: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(environment=environment)


def test_other_variables_are_nobodys_business() -> None:
    assert load_settings(environment={"HOME": "/x", "PORT": "3"}).port == Settings().port
