"""Whether the org is reachable, lets us in, and is set up so that the flows can work. Writes nothing."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from services.adapterkit.connector import Finding, Page
from services.adapterkit.families import Family

from . import customers, opportunities
from .api import Api, FieldShape
from .options import AnnotationFields, Options

__all__ = ["check"]

AMOUNTS = {"currency", "double"}
TEXTS = {"string", "textarea", "picklist", "combobox", "encryptedstring"}

#: Reads a page of a feed from the beginning.
Poll = Callable[[str | None], Awaitable[Page]]
Fields = Mapping[str, FieldShape]


async def check(api: Api, options: Options, polls: Mapping[str, Poll]) -> list[Finding]:
    """Every finding, or the first alone where the org cannot be reached or does not let us in."""
    reached = await _found("reach and sign in", _reach(api))
    findings = list(reached)
    if not all(finding.ok for finding in reached):
        return findings
    for sobject, poll in polls.items():
        findings += await _found(f"read {sobject}", _read(sobject, poll))
    findings += await _found("describe Account", _account(api, options))
    findings += await _found("describe Opportunity", _opportunity(api, options))
    findings += await _found("count what has no number", _left_out(api, options))
    return findings


async def _found(name: str, look: Awaitable[list[Finding]]) -> list[Finding]:
    """What a look found, or the failure of the look itself."""
    try:
        return await look
    except Family as family:
        return [Finding(name=name, ok=False, detail=str(family))]


async def _reach(api: Api) -> list[Finding]:
    usage = await api.usage()
    left = f"{usage.remaining} of {usage.max} calls are left in these 24 hours"
    return [
        Finding(name="reach and sign in", ok=True),
        Finding(name="API calls", ok=usage.remaining > 0, detail=left),
    ]


async def _read(sobject: str, poll: Poll) -> list[Finding]:
    await poll(None)
    return [Finding(name=f"read {sobject}", ok=True)]


async def _account(api: Api, options: Options) -> list[Finding]:
    fields = await api.fields("Account")
    return [
        _visible("Account", fields, customers.columns(options).values()),
        _unique("client number", fields, options.account.client_number),
    ]


async def _opportunity(api: Api, options: Options) -> list[Finding]:
    fields = await api.fields("Opportunity")
    annotated = [name for name in options.annotation.model_dump().values() if name is not None]
    findings = [
        _visible("Opportunity", fields, [*opportunities.columns(options).values(), *annotated]),
        _writable(fields, options.annotation),
    ]
    number = options.opportunity.deal_number
    return findings if number is None else [*findings, _unique("deal number", fields, number)]


async def _left_out(api: Api, options: Options) -> list[Finding]:
    """What the feeds leave out, or take in under another name, so that people can see how much it is."""
    number = options.account.client_number
    accounts = await api.count("Account", f"{number} = null")
    findings = [_count("accounts without client number", accounts, "are no customers")]
    if (deal := options.opportunity.deal_number) is not None:
        deals = await api.count("Opportunity", f"{opportunities.won(options)} AND {deal} = null")
        findings.append(_count("won opportunities without deal number", deals, "go by their record id"))
    return findings


def _count(name: str, total: int, fate: str) -> Finding:
    return Finding(name=name, ok=True, detail=f"{total} {fate}" if total else "none")


def _visible(sobject: str, fields: Fields, paths: Iterable[str]) -> Finding:
    """Fields of parents are proven by the query."""
    hidden = [path for path in dict.fromkeys(paths) if "." not in path and path not in fields]
    return _finding(f"fields of {sobject}", hidden, "missing, hidden from this user, or written differently")


def _writable(fields: Fields, annotation: AnnotationFields) -> Finding:
    amounts = {annotation.invoiced, annotation.paid}
    wrong = [
        f"{name} ({shape.type})"
        for name in annotation.model_dump().values()
        if (shape := fields.get(name)) is not None
        and not (shape.updateable and shape.type in (AMOUNTS if name in amounts else TEXTS))
    ]
    return _finding("annotations can be written", wrong, "read-only for this user, or of another type")


def _unique(what: str, fields: Fields, name: str) -> Finding:
    shape = fields.get(name)
    proven = shape is not None and (shape.unique or shape.auto_number)
    return _finding(f"{what} is unique", [] if proven else [name], "not a unique field")


def _finding(name: str, wrong: Sequence[str], why: str) -> Finding:
    return Finding(name=name, ok=not wrong, detail=f"{why}: {', '.join(wrong)}" if wrong else "")
