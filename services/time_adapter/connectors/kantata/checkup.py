"""Whether the account is reachable, lets us in, and is set up so that the flows can work. Writes nothing."""

from collections.abc import Awaitable, Mapping

from services.adapterkit.connector import Finding
from services.adapterkit.families import Family, Rejected

from .api import Api
from .directory import person
from .options import Options
from .wire import Membership, Reference, Role, User

__all__ = ["check"]


async def check(api: Api, options: Options) -> list[Finding]:
    """Every finding, or the first alone where the account cannot be reached or does not let us in."""
    reached = await _found("reach and authenticate", _me(api))
    if not reached.ok:
        return [reached]
    findings = [
        await _found(f"read {path}", _list(api, path, params)) for path, params in _lists(options).items()
    ]
    staff = await _found("employee numbers on users", _employee_numbers(api, options))
    return [reached, *findings, staff, await _found("create and annotate", _may_write(api))]


def _lists(options: Options) -> dict[str, dict[str, str]]:
    """What the flows read, with the parameters that they read it with."""
    lists = {
        "users": {"on_my_account": "true", "order": "alphabetical:asc"},
        "workspaces": {"include_archived": "true", "order": "created_at:asc"},
        "stories": {"order": "updated_at:asc"},
        "time_entries": {"from_archived_workspaces": "true", "order": "updated_at:asc"},
        "timesheet_submissions": {"order": "date:asc"},
    }
    if options.rate_cards:
        lists["rate_card_sets"] = {"order": "created_at:asc"}
    if options.deletions:
        lists["subscribed_events"] = {"event_types": "time_entry:deleted", "order": "created_at:asc"}
    return lists


async def _found(name: str, trial: Awaitable[str]) -> Finding:
    try:
        return Finding(name=name, ok=True, detail=await trial)
    except Family as failure:
        return Finding(name=name, ok=False, detail=f"{type(failure).__name__}: {failure}")


async def _me(api: Api) -> str:
    page = await api.read("users/me")
    return ", ".join(user.full_name for user in page.rows("users", User))


async def _list(api: Api, path: str, params: Mapping[str, str]) -> str:
    page = await api.read(path, page="1", per_page="1", **params)
    return f"{page.count} visible"


async def _employee_numbers(api: Api, options: Options) -> str:
    """At least one of the first users on the account carries an employee number; `Rejected` otherwise."""
    page = await api.read(
        "users", on_my_account="true", include="external_references,role", order="alphabetical:asc",
        page="1", per_page="200",
    )  # fmt: skip
    references, roles = page.side("external_references", Reference), page.side("roles", Role)
    people = [person(user, references, roles, options) for user in page.rows("users", User)]
    known = sum(one.worker is not None for one in people)
    if not known:
        raise Rejected(
            f"none of {len(people)} users has an external reference {options.worker_service}/{options.worker_model}"
        )
    return f"{known} of {len(people)} users looked at"


async def _may_write(api: Api) -> str:
    """What the account membership allows; that is as much as can be known without writing."""
    page = await api.read("users/me", include="account_membership")
    memberships = page.side("account_memberships", Membership).values()
    if not any(one.can_create_workspace for one in memberships):
        raise Rejected("the integration's user may not create workspaces")
    if not any(one.is_administrator for one in memberships):
        raise Rejected(
            "the integration's user is not an administrator, so it cannot annotate everyone's time"
        )
    return "administrator who may create workspaces"
