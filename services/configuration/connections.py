"""One connection to a vendor's system, as the firm configures it."""

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, HttpUrl
from pydantic_core import CoreSchema, core_schema

__all__ = ["Connection", "Secret"]


class Secret:
    """A reference to a secret, `env:NAME` or `file:PATH`. The secret itself is read when it is used."""

    def __init__(self, reference: str) -> None:
        kind, _, where = reference.partition(":")
        if kind not in ("env", "file") or not where:
            raise ValueError("secrets are not written here; legal is env:NAME or file:PATH")
        self.kind, self.where = kind, where

    def __repr__(self) -> str:
        return f"Secret({self.kind}:{self.where})"

    def reveal(self) -> str:
        """The secret; raises `LookupError` that names the reference and never the value."""
        if self.kind == "env":
            if (value := os.environ.get(self.where)) is None:
                raise LookupError(f"environment variable {self.where} is not set")
            return value
        try:
            return Path(self.where).read_text(encoding="utf-8").strip()
        except OSError as wrong:
            raise LookupError(f"secret file {self.where} cannot be read: {wrong.strerror}") from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


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
        """One secret; raises `LookupError` that says which one is missing and how to give it."""
        if name not in self.secrets:
            raise LookupError(
                f"{self.product} signs in with secrets.{name}; give it as env:NAME or file:PATH"
            )
        return self.secrets[name].reveal()

    @property
    def base_url(self) -> str:
        return str(self.url).rstrip("/")
