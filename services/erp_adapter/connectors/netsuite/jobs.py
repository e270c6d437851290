"""Asynchronous batches: up to a hundred upserts in one call, carried out by NetSuite in a job of its own."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID, uuid5

import httpx
import msgspec

from bus.clock import Clock
from services.adapterkit.families import Family, Throttled, Unauthorised, Unavailable, Unsure

from .options import Options
from .refusals import codes_in, family_of
from .suitetalk import RECORDS, Body, SuiteTalk, record_in

__all__ = ["Job", "Jobs"]

JOBS = "/services/rest/async/v1/job"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
#: The name space of our idempotency keys, which NetSuite wants as UUIDs.
KEYS = UUID("2c0f6f0e-6d0c-5a53-9d0e-5a2f3f0b7a11")
LONGEST_PAUSE = 2.0

T = TypeVar("T")


class _State(msgspec.Struct, frozen=True):
    completed: bool


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job of NetSuite's. `repeated` says that an earlier request of the same key started it."""

    id: str
    repeated: bool
    deadline: float


class Jobs:
    """Submits batches and waits for them: the one place of this connector that lets time pass."""

    def __init__(self, suitetalk: SuiteTalk, options: Options, clock: Clock) -> None:
        self._suitetalk, self._options, self._clock = suitetalk, options, clock

    async def upsert(self, record: str, items: Sequence[Body]) -> Job:
        """Hand in a batch of bodies that have an `externalId` each; gives the job once NetSuite accepted it."""
        names = "\n".join(sorted(str(item["externalId"]) for item in items))
        reply = await self._suitetalk.send(
            "PUT",
            f"{RECORDS}/{record}",
            {"items": list(items)},
            writes=True,
            accept=(400, 409),
            headers={
                "content-type": COLLECTION,
                "prefer": "respond-async",
                "x-netsuite-idempotency-key": str(uuid5(KEYS, f"{record}\n{names}")),
            },
        )
        repeated = "IDEMPOTENCY_ERROR" in codes_in(reply)
        if reply.status_code != 202 and not repeated:
            raise family_of(reply, writes=True)
        deadline = self._clock.monotonic() + self._options.job_wait_seconds
        return Job(id=record_in(reply), repeated=repeated, deadline=deadline)

    async def finished(self, job: Job) -> None:
        """Wait until NetSuite says that the job is complete; raises `Unsure` when it does not in time."""
        pause = self._options.job_poll_seconds
        while not (await self.patiently(job, lambda: self._state(job))).completed:
            await self._sleep(job, pause, f"job {job.id} is not finished")
            pause = min(pause * 1.5, LONGEST_PAUSE)

    async def result(self, job: Job, number: int) -> str | Family:
        """What became of item `number` (from 1): the record's id, or the family it was refused with."""
        reply = await self.patiently(
            job,
            lambda: self._suitetalk.send(
                "GET", f"{JOBS}/{job.id}/task/{number}/result", accept=(400, 404, 405, 409)
            ),
        )
        return _outcome(reply)

    async def patiently(self, job: Job, read: Callable[[], Awaitable[T]]) -> T:
        """Read about a job that was handed in. Nobody else knows it, so a busy NetSuite is waited for here.

        Raises `Unsure` when the job's time is over, and at once when the read is refused.
        """
        while True:
            try:
                return await read()
            except (Throttled, Unavailable) as busy:
                pause = getattr(busy, "retry_after", None) or 4 * self._options.job_poll_seconds
                await self._sleep(job, pause, f"job {job.id} cannot be read: {busy}")
            except Unauthorised:
                raise
            except Family as refused:
                raise Unsure(f"job {job.id} cannot be read: {refused}") from None

    async def _state(self, job: Job) -> _State:
        reply = await self._suitetalk.send("GET", f"{JOBS}/{job.id}")
        try:
            return msgspec.json.decode(reply.content, type=_State)
        except msgspec.DecodeError as unfit:
            raise Unavailable(f"{reply.status_code} with a body of another shape: {unfit}") from None

    async def _sleep(self, job: Job, seconds: float, why: str) -> None:
        left = job.deadline - self._clock.monotonic()
        if left <= 0:
            raise Unsure(f"{why} after {self._options.job_wait_seconds:g} seconds")
        await self._clock.sleep(min(seconds, left))


def _outcome(reply: httpx.Response) -> str | Family:
    """The family of a replayed answer; a failure inside NetSuite leaves that item unsure."""
    if not reply.is_success:
        return family_of(reply, writes=True)
    try:
        return record_in(reply)
    except Unsure as without:
        return without
