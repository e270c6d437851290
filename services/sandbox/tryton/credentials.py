"""Who may log in: passwords from the environment, else made up once and kept in the data folder."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["Credentials"]


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Logins are `admin`, `fairlead` (the integration) and `receivables` (people); the key is for REST."""

    admin: str = field(repr=False)
    fairlead: str = field(repr=False)
    receivables: str = field(repr=False)
    rest_key: str = field(repr=False)

    @classmethod
    def settle(cls, path: Path, environment: Mapping[str, str] = os.environ) -> "Credentials":
        """Read the credentials file, or write it (for its owner only) when there is none.

        The environment variables TRYTON_ADMIN_PASSWORD, TRYTON_FAIRLEAD_PASSWORD, TRYTON_RECEIVABLES_PASSWORD
        and TRYTON_REST_KEY are read only then: Tryton wants eight characters at least.
        """
        if path.exists():
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        made = cls(
            admin=environment.get("TRYTON_ADMIN_PASSWORD") or secrets.token_urlsafe(18),
            fairlead=environment.get("TRYTON_FAIRLEAD_PASSWORD") or secrets.token_urlsafe(18),
            receivables=environment.get("TRYTON_RECEIVABLES_PASSWORD") or secrets.token_urlsafe(18),
            rest_key=environment.get("TRYTON_REST_KEY") or secrets.token_hex(32),
        )
        draft = path.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(made), indent=2), encoding="utf-8")
        draft.replace(path)
        return made
