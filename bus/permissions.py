"""Who may do what on the bus, derived from what services declare; keys, and the server's configuration.

Allow-lists only: what is not listed is refused by the server itself. The streams live in an account of their own,
which the services' account reaches through imports alone. An allow-list does not cover the reply address of what
is published, and the server answers there with its own rights: in one account, a service that may publish a single
event could have the server send the empty answer of an atomic batch to `$JS.API.STREAM.DELETE.<any stream>`.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import nkeys

from contracts import Contract

from .declaration import Declaration
from .limits import MAX_MESSAGE_BYTES
from .ports import BatchBusy
from .subjects import stream_subjects
from .topology import Topology

__all__ = [
    "INBOX",
    "LOG_API",
    "TOPOLOGY_USER",
    "Forbidden",
    "Grant",
    "covers",
    "grants",
    "issue",
    "server_config",
]

TOPOLOGY_USER = "topology"

#: Under this the services' account imports the few JetStream requests that a follower needs. `$JS.API` itself stays
#: in the account of the streams, with the topology user as the only one who can send to it.
LOG_API = "LOG.API"

#: Each user has its own inbox prefix, `_INBOX_<name>`: under a shared one it could read the others' answers.
INBOX = "_INBOX_"


class Forbidden(BatchBusy):
    """The grant of this service does not cover the subject: nothing was stored, an operator has to look."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"this service's grant does not cover {subject}")
        self.subject = subject


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What one user may publish and subscribe. `answers` lets it reply once to each request it received."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    answers: bool = False

    def may_publish(self, subject: str) -> bool:
        return any(covers(pattern, subject) for pattern in self.publish)

    def may_subscribe(self, subject: str) -> bool:
        return any(covers(pattern, subject) for pattern in self.subscribe)


@lru_cache(maxsize=65_536)
def covers(pattern: str, subject: str) -> bool:
    """Whether every subject that `subject` (itself perhaps with wildcards) stands for matches `pattern`."""
    allowed, asked = pattern.split("."), subject.split(".")
    for place, wanted in enumerate(allowed):
        if wanted == ">":
            return len(asked) > place
        if place >= len(asked) or asked[place] == ">" or wanted not in ("*", asked[place]):
            return False
    return len(allowed) == len(asked)


def grants(
    declarations: Iterable[Declaration], *, shards: Mapping[str, int] | None = None
) -> tuple[Grant, ...]:
    """One grant a declared service (an operator's command line is one too) and one for the topology user."""
    made = [_grant(declaration, (shards or {}).get(declaration.service, 1)) for declaration in declarations]
    names = [grant.name for grant in made]
    if TOPOLOGY_USER in names or len(set(names)) != len(names):
        raise ValueError(f"services need distinct names, and none is {TOPOLOGY_USER}: {', '.join(names)}")
    return (
        *made,
        Grant(name=TOPOLOGY_USER, publish=("$JS.API.>",), subscribe=(f"{INBOX}{TOPOLOGY_USER}.>",)),
    )


def _grant(declaration: Declaration, shards: int) -> Grant:
    publish: set[str] = set()
    for contract in declaration.writes:
        publish |= {f"{contract.subject.owned_by(owner)}.*" for owner in declaration.write_owners(contract)}
    publish |= {_question(contract, "*") for contract in declaration.asks}
    for shard in range(shards):
        for consumer in declaration.consumers(shard, shards):
            durable = f"{consumer.stream}.{consumer.name}"
            publish |= {
                f"{LOG_API}.STREAM.INFO.{consumer.stream}",
                f"{LOG_API}.CONSUMER.INFO.{durable}",
                f"{LOG_API}.CONSUMER.RESET.{durable}",
                f"{LOG_API}.CONSUMER.MSG.NEXT.{durable}",
            }
    subscribe = {_question(contract, declaration.service) for contract in declaration.answers}
    return Grant(
        name=declaration.service,
        publish=tuple(sorted(publish)),
        subscribe=(f"{INBOX}{declaration.service}.>", *sorted(subscribe)),
        answers=bool(declaration.answers),
    )


def _question(contract: type[Contract], service: str) -> str:
    """The subject of a query, its last token free; `service` stands in where the contract leaves the owner open."""
    owner = contract.subject.owner
    return f"{contract.subject.owned_by(service if owner == '{service}' else owner)}.*"


def issue(
    directory: Path, names: Iterable[str], *, entropy: Callable[[int], bytes] = os.urandom
) -> dict[str, str]:
    """Give each name an Ed25519 key once: its seed in `<directory>/<name>.nk`, readable by the owner only.

    Returns the public keys by name. A seed that exists is kept.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    public = {}
    for name in names:
        path = directory / f"{name}.nk"
        if not path.exists():
            seed = nkeys.encode_seed(entropy(32), nkeys.PREFIX_BYTE_USER)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(seed)
        pair = nkeys.from_seed(bytearray(path.read_bytes().strip()))
        public[name] = pair.public_key.decode()
        pair.wipe()
    return public


def server_config(
    granted: Iterable[Grant],
    keys: Mapping[str, str],
    wanted: Topology,
    *,
    store: Path,
    port: int = 4222,
    host: str = "127.0.0.1",
    monitor_port: int | None = None,
    sync_always: bool = True,
) -> str:
    """The nats-server.conf: an account LOG for the streams and one SERVICES for the grants' users.

    There is no `authorization` block and no `no_auth_user`: either would let strangers in beside accounts.
    Without `sync_always` a power failure loses every acknowledged message of the last minutes; the fault suite
    proves it.
    """
    users = {grant.name: _user(grant, keys[grant.name]) for grant in granted}
    topology_user = users.pop(TOPOLOGY_USER)
    config: dict[str, Any] = {
        "server_name": "fairlead",
        "listen": f"{host}:{port}",
        "max_payload": MAX_MESSAGE_BYTES,
        "ping_interval": "5s",  # a half-open client holds its pull requests for two of these
        "ping_max": 2,
        "jetstream": {"store_dir": str(store), "max_file_store": wanted.max_file_store},
        "accounts": {
            "LOG": {"jetstream": "enabled", "users": [topology_user], "exports": _exports(wanted)},
            "SERVICES": {"users": list(users.values()), "imports": _imports(wanted)},
            "SYSTEM": {},
        },
        "system_account": "SYSTEM",
    }
    if sync_always:
        config["jetstream"]["sync_interval"] = "always"
    if monitor_port is not None:
        config["http"] = f"127.0.0.1:{monitor_port}"
    return "".join(f"{name}: {json.dumps(value, indent=2)}\n" for name, value in config.items())


_FOLLOWING = ("STREAM.INFO.*", "CONSUMER.INFO.*.*", "CONSUMER.RESET.*.*", "CONSUMER.MSG.NEXT.*.*")


def _exports(wanted: Topology) -> list[dict[str, Any]]:
    shared: dict[str, Any] = {"accounts": ["SERVICES"]}
    return [
        *({"service": stream_subjects(stream.owner, stream.kind), **shared} for stream in wanted.streams),
        # One pull request is answered by many messages.
        *({"service": f"$JS.API.{call}", "response_type": "stream", **shared} for call in _FOLLOWING),
    ]


def _imports(wanted: Topology) -> list[dict[str, Any]]:
    return [
        *(
            {"service": {"account": "LOG", "subject": stream_subjects(stream.owner, stream.kind)}}
            for stream in wanted.streams
        ),
        *(
            {"service": {"account": "LOG", "subject": f"$JS.API.{call}"}, "to": f"{LOG_API}.{call}"}
            for call in _FOLLOWING
        ),
    ]


def _user(grant: Grant, key: str) -> dict[str, Any]:
    permissions: dict[str, Any] = {
        "publish": {"allow": list(grant.publish)} if grant.publish else {"deny": [">"]},
        "subscribe": {"allow": list(grant.subscribe)},
    }
    if grant.answers:
        permissions["allow_responses"] = {"max": 1, "expires": "30s"}
    return {"nkey": key, "permissions": permissions}
