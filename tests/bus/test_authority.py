"""A service with its key can do what it declared, and nothing else: every other attempt is refused by the server."""

import asyncio
import json
from collections.abc import Iterator
from itertools import product

import pytest
from nats.aio.client import Client

from bus.permissions import LOG_API, Grant
from tests.support.firm import DECLARATIONS, won
from tests.support.nats import Deployment, settle

SERVICES = [declaration.service for declaration in DECLARATIONS]
CONTRACTS = sorted(
    {contract for declaration in DECLARATIONS for contract in (*declaration.writes, *declaration.asks)},
    key=lambda contract: contract.__name__,
)


def _message_subjects() -> Iterator[str]:
    """Every contract under every owner, its own or a false one."""
    for contract, owner in product(CONTRACTS, SERVICES):
        yield f"{contract.subject.owned_by(owner)}.key"


def _api_subjects(deployment: Deployment) -> Iterator[str]:
    """Every request that reads, changes or removes a stream or a consumer, in both accounts' spelling."""
    for api in (LOG_API, "$JS.API"):
        yield from (
            f"{api}.INFO",
            f"{api}.STREAM.LIST",
            f"{api}.STREAM.NAMES",
            f"{api}.STREAM.CREATE.NEW_EVT",
        )
        for stream in deployment.topology.streams:
            for verb in ("INFO", "UPDATE", "PURGE", "DELETE", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE"):
                yield f"{api}.STREAM.{verb}.{stream.name}"
            yield f"{api}.DIRECT.GET.{stream.name}"
            yield f"{api}.CONSUMER.NAMES.{stream.name}"
            yield f"{api}.CONSUMER.CREATE.{stream.name}.thief"
        for consumer in deployment.topology.consumers:
            for verb in ("INFO", "RESET", "MSG.NEXT", "DELETE", "PAUSE", "UNPIN", "CREATE"):
                yield f"{api}.CONSUMER.{verb}.{consumer.stream}.{consumer.name}"
    for consumer in deployment.topology.consumers:
        yield f"$JS.ACK.{consumer.stream}.{consumer.name}.1.1.1.1.0"


def _listening_subjects(deployment: Deployment) -> Iterator[str]:
    yield from (">", "*.>", "_INBOX.>", "$JS.>", "$SYS.>", f"{LOG_API}.>", "*.evt.>", "*.qry.>")
    for service in [*SERVICES, "topology"]:
        yield from (f"_INBOX_{service}.>", f"{service}.evt.>", f"{service}.cmd.>", f"{service}.qry.>")
        yield f"{service}.qry.status.ask.v1.*"
    for stream in deployment.topology.streams:
        yield f"{stream.owner}.{stream.kind}.*.*.*.*"


async def _state(deployment: Deployment) -> list[object]:
    """What an attempt could have changed: the streams, their ends, and their consumers."""
    administration = await deployment.administration()
    state: list[object] = [(await administration.ask("STREAM.NAMES", {}))["streams"]]
    for stream in deployment.topology.streams:
        info = await administration.ask(f"STREAM.INFO.{stream.name}", {})
        consumers = (await administration.ask(f"CONSUMER.LIST.{stream.name}", {}))["consumers"] or []
        state += [info["config"], info["state"]["messages"], info["state"]["last_seq"]]
        state += [(consumer["name"], consumer["config"], consumer["delivered"]) for consumer in consumers]
    return state


async def _attempt(client: Client, grant: Grant, deployment: Deployment) -> tuple[int, int]:
    """Try everything outside the grant; says how many publishes and how many subscriptions that were."""
    published = listened = 0
    for subject in (*_message_subjects(), *_api_subjects(deployment)):
        if not grant.may_publish(subject):
            await client.publish(subject, b"{}", reply=f"_INBOX_{grant.name}.answer")
            published += 1
    for subject in _listening_subjects(deployment):
        if not grant.may_subscribe(subject):
            await client.subscribe(subject)
            listened += 1
    await settle(client)
    return published, listened


async def test_no_service_gets_anything_outside_its_grant(deployment: Deployment) -> None:
    crm = await deployment.bus("crm")
    await crm.publish("CRM_EVT", [won(1), won(2)])
    before, total = await _state(deployment), 0
    for service in SERVICES:
        async with deployment.raw(service) as (client, reproaches):
            answers = await client.subscribe(f"_INBOX_{service}.>")
            published, listened = await _attempt(client, deployment.grants[service], deployment)
            refused = [reproach for reproach in reproaches if "permissions violation" in reproach]
            assert sum("for publish" in reproach for reproach in refused) == published
            assert sum("for subscription" in reproach for reproach in refused) == listened
            assert answers.pending_msgs == 0
            total += published + listened
    assert await _state(deployment) == before
    assert total > 700


async def test_a_service_gets_everything_inside_its_grant(deployment: Deployment) -> None:
    for service in SERVICES:
        grant = deployment.grants[service]
        async with deployment.raw(service) as (client, reproaches):
            for subject in grant.publish:
                await client.publish(subject.replace("*", "crm"), b"{}")
            for subject in grant.subscribe:
                await client.subscribe(subject)
            await settle(client)
            assert reproaches == []


@pytest.mark.parametrize(
    "target",
    [
        "$JS.API.STREAM.PURGE.CRM_EVT", "$JS.API.STREAM.DELETE.CRM_EVT", "$JS.API.STREAM.DELETE.ERP_CMD",
        "$JS.API.CONSUMER.DELETE.CRM_EVT.orchestrator__CRM_EVT__0of1", "$JS.API.STREAM.CREATE.NEW_EVT",
        "LOG.API.STREAM.PURGE.CRM_EVT", "LOG.API.STREAM.DELETE.CRM_EVT",
        "LOG.API.CONSUMER.RESET.CRM_EVT.orchestrator__CRM_EVT__0of1",
        "erp.cmd.project.create.v1.key", "erp.evt.project.created.v1.key",
    ],
)  # fmt: skip
async def test_the_reply_address_gives_no_authority(deployment: Deployment, target: str) -> None:
    """The server answers a batch's first message with nothing, a publish with JSON, a pull with messages: under its
    own rights, to any address."""
    crm = await deployment.bus("crm")
    await crm.publish("CRM_EVT", [won(1), won(2)])
    before = await _state(deployment)
    async with deployment.raw("crm") as (client, _):
        opening = {"Nats-Batch-Id": "thief", "Nats-Batch-Sequence": "1", "Nats-Msg-Id": "stolen"}
        await client.publish(won(1).subject, b"", reply=target, headers=opening)
        await client.publish(won(1).subject, b"", reply=target, headers={"Nats-Msg-Id": "won-1"})
        consumer = "CRM_CMD.crm__CRM_CMD__0of1"
        for call in (f"CONSUMER.INFO.{consumer}", "STREAM.INFO.CRM_CMD", f"CONSUMER.MSG.NEXT.{consumer}"):
            await client.publish(f"{LOG_API}.{call}", json.dumps({"no_wait": True}).encode(), reply=target)
        await settle(client)
    # The administration's own requests come after all of the above on the server.
    assert await _state(deployment) == before


async def test_an_answer_goes_to_an_inbox_only(deployment: Deployment) -> None:
    """Else a question could make the service that answers it publish an event in its own name."""
    crm, heard = await deployment.bus("crm"), []

    async def status(question: bytes) -> bytes:
        heard.append(question)
        return b"{}"

    await crm.respond("crm.qry.status.ask.v1.*", status)
    async with deployment.raw("operator") as (client, reproaches):
        await client.publish("crm.qry.status.ask.v1.crm", b"false", reply="crm.evt.opportunity.won.v1.key")
        await settle(client)
        answer = await client.request("crm.qry.status.ask.v1.crm", b"true", timeout=2)
        assert (answer.data, reproaches) == (b"{}", [])
    assert heard == [b"true"]
    administration = await deployment.administration()
    assert (await administration.ask("STREAM.INFO.CRM_EVT", {}))["state"]["messages"] == 0


async def test_a_service_answers_each_question_once_and_nobody_unasked(deployment: Deployment) -> None:
    async with deployment.raw("crm") as (crm, reproaches), deployment.raw("operator") as (operator, _):
        inbox = operator.new_inbox()
        answers, questions = await operator.subscribe(inbox), await crm.subscribe("crm.qry.status.ask.v1.*")
        await settle(crm)
        await operator.publish("crm.qry.status.ask.v1.crm", b"", reply=inbox)
        question = await questions.next_msg(timeout=2)
        for address in (question.reply, question.reply, f"{inbox}.other"):
            await crm.publish(address, b"answer")
        await settle(crm)
        await settle(operator)
        assert answers.pending_msgs == 1
        assert len(reproaches) == 2


@pytest.mark.parametrize(
    "login", [{}, {"user": "crm", "pass": "crm"}, {"auth_token": "crm"}, {"nkey": "crm"}]
)
async def test_nobody_connects_without_a_key(deployment: Deployment, login: dict[str, str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", deployment.server.port)
    assert (await reader.readline()).startswith(b"INFO")
    writer.write(b"CONNECT " + json.dumps({"verbose": False, **login}).encode() + b"\r\nPING\r\n")
    assert b"Authorization Violation" in await reader.readline()
    writer.close()
    await writer.wait_closed()
