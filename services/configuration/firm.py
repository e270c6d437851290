"""The firm's configuration file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .connections import Connection
from .source import ConfigurationError, Source

__all__ = ["Domain", "FirmConfiguration", "load_firm", "mistakes_of"]

Domain = Literal["crm", "erp", "time"]


class FirmConfiguration(BaseModel):
    """Which systems the firm connects. `policy` is a path beside this file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    firm: Annotated[str, Field(min_length=1, description="the firm's name")]
    bus_port: Annotated[int, Field(ge=1024, le=65535, description="where the embedded bus listens")] = 4222
    connections: Annotated[dict[Domain, Connection], Field(description="one system a domain")]
    policy: Annotated[Path, Field(description="the policy file, beside this one")] = Path("policy.yaml")


def load_firm(path: Path) -> FirmConfiguration:
    """Read and check the file; raises `ConfigurationError` with every mistake."""
    source = Source(path)
    try:
        return FirmConfiguration.model_validate(source.content, context={"folder": path.parent})
    except ValidationError as wrong:
        raise ConfigurationError(mistakes_of(wrong, source, legal=_keys)) from None


def _keys(location: Sequence[str | int]) -> Sequence[str]:
    """The legal keys beside the one at a location."""
    return list(FirmConfiguration.model_fields if len(location) == 1 else Connection.model_fields)


def mistakes_of(
    wrong: ValidationError, source: Source, *, legal: Any, under: Sequence[str | int] = ()
) -> list[str]:
    """One line a mistake. `legal(location)` names the keys that may stand at a location, `under` is where the
    checked values stand in the file."""
    found = []
    for error in wrong.errors():
        location = [*under, *(part for part in error["loc"] if part != "[key]")]
        if error["type"] == "extra_forbidden":
            what = f"unknown key; legal are {', '.join(legal(error['loc']))}"
        else:
            what = error["msg"].removeprefix("Value error, ")
        found.append(source.mistake(location, what))
    return found
