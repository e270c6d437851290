"""One connection to a vendor's system, as the firm configures it."""

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, HttpUrl
from pydantic_core import CoreSchema, core_schema

__all__ = ["Connection", "MissingSecret", "Secret"]


class MissingSecret(LookupError):
    """A secret that is needed is not there. Names the reference, never a value."""


class Secret:
    """A reference to a secret, `env:NAME` or `file:PATH`. The secret itself is read when it is used.

    A relative path begins at `folder`, which is the configuration file's own.
    """

    def __init__(self, reference: str, folder: Path = Path()) -> None:
        kind, _, where = reference.partition(":")
        if kind not in ("env", "file") or not where:
            raise ValueError("secrets are not written here; legal is env:NAME or file:PATH")
        if kind == "env" and where.startswith("FAIRLEAD_"):
            raise ValueError(f"{where}: names that begin with FAIRLEAD_ are settings; choose another name")
        self.kind, self.where, self._folder = kind, where, folder

    def __repr__(self) -> str:
        return f"Secret({self.kind}:{self.where})"

    def reveal(self) -> str:
        """The secret; raises `MissingSecret`."""
        if self.kind == "env":
            value, place = os.environ.get(self.where), f"environment variable {self.where}"
            if value is None:
                raise MissingSecret(f"{place} is not set")
        else:
            path = self._folder / self.where
            place = f"secret file {path}"
            try:
                value = path.read_text(encoding="utf-8").strip()
            except OSError as wrong:
                raise MissingSecret(f"{place} cannot be read: {wrong.strerror}") from None
            except UnicodeDecodeError:
                raise MissingSecret(f"{place} is not UTF-8 text") from None
        if not value:
            raise MissingSecret(f"{place} is empty")
        return value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(reference: str, info: core_schema.ValidationInfo[Any]) -> Secret:
            return cls(reference, (info.context or {}).get("folder", Path()))

        written = core_schema.plain_serializer_function_ser_schema(
            lambda secret: f"{secret.kind}:{secret.where}"
        )
        return core_schema.with_info_after_validator_function(
            read, core_schema.str_schema(), serialization=written
        )


class Connection(BaseModel):
    """How to reach one system and what of it may be used."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    product: Annotated[str, Field(description="which connector speaks to it, such as netsuite")]
    url: Annotated[HttpUrl, Field(description="the vendor's base address")]
    user: Annotated[str, Field(description="client id or user name")] = ""
    key_id: Annotated[str, Field(description="the id under which the vendor keeps our public key")] = ""
    secrets: Annotated[dict[str, Secret], Field(description="what the connector signs in with")] = {}
    at_once: Annotated[int, Field(ge=1, le=500, description="calls at the same time")] = 10
    per_second: Annotated[float, Field(gt=0, description="calls a second")] = 100.0
    head_room: Annotated[float, Field(ge=0, lt=1, description="share left to the firm's other tools")] = 0.1
    options: Annotated[dict[str, Any], Field(description="the connector's own options")] = {}

    def secret(self, name: str) -> str:
        """One secret; raises `MissingSecret` that says which one and how to give it."""
        if name not in self.secrets:
            raise MissingSecret(
                f"{self.product} signs in with secrets.{name}; give it as env:NAME or file:PATH"
            )
        return self.secrets[name].reveal()

    @property
    def base_url(self) -> str:
        return str(self.url).rstrip("/")
