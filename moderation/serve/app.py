"""The Ray Serve application: wraps and binds the plain classes of `deployments`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray import serve

from moderation.config import Settings, load_settings
from moderation.pipelines.assemble import profile_of, registry_of
from moderation.serve.deployments import IngressDeployment, ModelDeployment

# Fractions, since the replicas of one machine share its cores; Ray counts them, it does not enforce them.
CPUS = 0.1
MAX_ONGOING = 256


def build(args: dict[str, Any]) -> serve.Application:
    """The application, for `serve run moderation.serve.app:build` and for config files (`serve/*.yaml`).

    Args:
        args: `config`, a settings file; any other key is a setting.
    """
    chosen = dict(args)
    file = chosen.pop("config", None)
    return bind(load_settings(Path(file) if file else None, **chosen))


def bind(settings: Settings) -> serve.Application:
    """One deployment per model of the profile, and the ingress in front."""
    profile = profile_of(settings, registry_of(settings))
    options: dict[str, Any] = {"ray_actor_options": {"num_cpus": CPUS}, "max_ongoing_requests": MAX_ONGOING}
    handles = {
        stage.key: serve.deployment(name=stage.key.replace(".", "-"), **options)(ModelDeployment).bind(
            settings, stage.key
        )
        for stage in profile.stages
    }
    ingress = serve.ingress()(IngressDeployment)
    application: serve.Application = serve.deployment(name="ingress", **options)(ingress).bind(settings, handles)
    return application
