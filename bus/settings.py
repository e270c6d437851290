"""What a service's process is told about its surroundings, by environment variables that begin with FAIRLEAD_."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["ServiceSettings", "settings_or_exit"]

_PREFIX = "FAIRLEAD_"


class ServiceSettings(BaseSettings):
    """What every service needs. Unknown `FAIRLEAD_` variables are refused: a misspelt one must not pass silently."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)

    bus_url: Annotated[str, Field(description="where the bus listens, such as nats://127.0.0.1:4222")]
    key_file: Annotated[Path, Field(description="the service's NKey seed")]
    store: Annotated[Path, Field(description="the service's store; its folder is made")]
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"


S = TypeVar("S", bound=ServiceSettings)


def settings_or_exit(settings: type[S]) -> S:
    """Read the settings, or end the process with one line a mistake and exit code 78 (EX_CONFIG)."""
    known = {f"{_PREFIX}{name}".upper() for name in settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in known)
    if unknown:
        _exit([f"{name} is not a setting; legal are {', '.join(sorted(known))}" for name in unknown])
    try:
        return settings()
    except ValidationError as wrong:
        _exit(
            [
                f"{_PREFIX}{'_'.join(map(str, error['loc'])).upper()}: {error['msg']}"
                for error in wrong.errors()
            ]
        )


def _exit(mistakes: list[str]) -> NoReturn:
    print("\n".join(mistakes), file=sys.stderr)
    raise SystemExit(78)
