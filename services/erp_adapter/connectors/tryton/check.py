"""What an operator is told before going live: may this login do what the flows need? Nothing is written."""

from collections.abc import Awaitable, Sequence
from typing import Final

import msgspec

from services.adapterkit.connector import Finding
from services.adapterkit.families import Family

from .directory import Directory
from .options import Options
from .rpc import Row, Rpc
from .tasks import Tasks

__all__ = ["OLDEST", "findings", "is_new_enough"]

#: The oldest series that answers at the addresses used here.
OLDEST: Final = (8, 2)
#: What the flows do with each model.
NEEDED: Final = {
    "party.party": ("read", "write", "create"),
    "project.work": ("read", "write", "create"),
    "timesheet.line": ("read", "write", "create", "delete"),
    "account.invoice": ("read", "write", "create", "delete"),
    "account.period": ("read",),
    "company.employee": ("read",),
    "product.product": ("read",),
    "account.configuration": ("read",),
}


class _Preferences(msgspec.Struct, frozen=True):
    groups: tuple[int, ...] = ()


class _Button(Row, frozen=True, kw_only=True):
    model = "ir.model.button"
    fields = ("model", "name", "groups")

    groups: tuple[int, ...]


class _Item(Row, frozen=True, kw_only=True):
    model = "product.product"


class _Status(Row, frozen=True, kw_only=True):
    model = "project.work.status"
    fields = ("name",)

    name: str


async def findings(rpc: Rpc, directory: Directory, tasks: Tasks, options: Options) -> Sequence[Finding]:
    """Log in first; where that fails there is nothing more to learn."""
    login = await _finding("login", _login(rpc))
    if not login.ok:
        return [login]
    return [
        login,
        await _finding("version", _version(rpc)),
        await _finding("companies", _companies(directory, options)),
        await _finding("permissions", _permissions(rpc)),
        await _finding("billing button", _billing(rpc)),
        await _finding("products", _products(rpc, directory, tasks, options)),
        await _finding("rate cards", _rate_cards(directory, options)),
        await _finding("project statuses", _statuses(rpc, options)),
    ]


async def _finding(name: str, check: Awaitable[str]) -> Finding:
    """A check gives the problem in words, or none."""
    try:
        problem = await check
    except Family as failure:
        return Finding(name=name, ok=False, detail=f"{type(failure).__name__}: {failure}")
    return Finding(name=name, ok=not problem, detail=problem)


async def _login(rpc: Rpc) -> str:
    await rpc.ask("model.res.user.get_preferences", True, shape=_Preferences)
    return ""


async def _version(rpc: Rpc) -> str:
    series = await rpc.version()
    return "" if is_new_enough(series) else f"Tryton {series} is older than {'.'.join(map(str, OLDEST))}"


def is_new_enough(series: str) -> bool:
    """Whether a series such as `8.2` is one that this connector speaks with."""
    parts = series.split(".")[:2]
    return all(part.isdecimal() for part in parts) and tuple(map(int, parts)) >= OLDEST


async def _companies(directory: Directory, options: Options) -> str:
    held = await directory.companies()
    if missing := [code for code in options.legal_entities if code not in held]:
        return f"no company that this login sees has the party code {', '.join(missing)}"
    return "" if held else "this login sees no company whose party has a code"


async def _permissions(rpc: Rpc) -> str:
    names = sorted(NEEDED)
    access = await rpc.ask("model.ir.model.access.get_access", names, shape=dict[str, dict[str, bool | int]])
    lacking = [
        f"{right} {name}" for name in names for right in NEEDED[name] if not access.get(name, {}).get(right)
    ]
    return f"this login may not {', '.join(lacking)}" if lacking else ""


async def _billing(rpc: Rpc) -> str:
    mine = await rpc.ask("model.res.user.get_preferences", True, shape=_Preferences)
    domain = [["model", "=", "project.work"], ["name", "=", "invoice"]]
    for button in await rpc.rows(_Button, domain):
        if button.groups and not set(button.groups) & set(mine.groups):
            return "this login is not in the group Project Invoice"
    return ""


async def _products(rpc: Rpc, directory: Directory, tasks: Tasks, options: Options) -> str:
    if not await rpc.rows(_Item, [["code", "=", options.fixed_fee_item]]):
        return f"no product has the code {options.fixed_fee_item}"
    without = [one.entity for one in (await directory.companies()).values() if not await tasks.services(one)]
    return f"no hourly products for {', '.join(without)}" if without else ""


async def _rate_cards(directory: Directory, options: Options) -> str:
    unnamed = [entity for entity in await directory.companies() if entity not in options.rate_cards]
    return f"the option rate_cards names none for {', '.join(unnamed)}" if unnamed else ""


async def _statuses(rpc: Rpc, options: Options) -> str:
    names = [row.name for row in await rpc.rows(_Status, [])]
    unknown = [name for name in names if name not in options.project_states]
    return f"the option project_states does not name {', '.join(unknown)}" if unknown else ""
