"""Up to 25 subrequests in one call, later ones using what earlier ones answered (`@{account.id}`)."""

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from ..wire import Headers, Request, Response
from .call import Call
from .errors import Refused

__all__ = ["compose"]

SUBREQUESTS = 25
SEARCHES = 5
REFERENCE = re.compile(r"@\{([^}]+)\}")
STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."

Answers = dict[str, Any]


def compose(call: Call) -> Response:
    """`POST /composite`: 200 with an answer for each; with `allOrNone` one failure undoes all."""
    body = call.body()
    steps = _steps(body.get("compositeRequest"))
    before, answers, results = call.ledger.savepoint(), Answers(), []
    failed: int | None = None
    for place, step in enumerate(steps):
        result = _carry_out(call, step, answers)
        results.append(result)
        if result["httpStatusCode"] >= 400:
            failed = place if failed is None else failed
            if body.get("allOrNone") is True:
                break
        else:
            answers[step["referenceId"]] = result["body"]
    if failed is not None and body.get("allOrNone") is True:
        call.ledger.rollback(before)
        results = [
            results[place] if place == failed else _result(step, _halted(HALTED).response())
            for place, step in enumerate(steps)
        ]
    return Response.of({"compositeResponse": results})


def _carry_out(call: Call, step: dict[str, Any], answers: Answers) -> dict[str, Any]:
    mark = call.ledger.savepoint()
    try:
        return _result(step, call.within(_request(call.request, step, answers)))
    except Refused as refusal:
        call.ledger.rollback(mark)
        return _result(step, refusal.response())


def _request(around: Request, step: dict[str, Any], answers: Answers) -> Request:
    url = urlsplit(_filled(step["url"], answers))
    return replace(
        around,
        method=step["method"].upper(),
        path=unquote(url.path),
        query=url.query.replace(" ", "%20"),
        headers=Headers({**around.headers, **step.get("httpHeaders", {})}),
        body=json.dumps(_filled(step.get("body", {}), answers)).encode(),
    )


def _result(step: dict[str, Any], answer: Response) -> dict[str, Any]:
    location = answer.headers.get("location")
    return {
        "body": json.loads(answer.body) if answer.body else None,
        "httpHeaders": {"Location": location} if location else {},
        "httpStatusCode": answer.status,
        "referenceId": step["referenceId"],
    }


def _filled(content: Any, answers: Answers) -> Any:
    """The content with every reference replaced; one that is a whole text keeps its type."""
    if isinstance(content, dict):
        return {name: _filled(value, answers) for name, value in content.items()}
    if isinstance(content, list):
        return [_filled(value, answers) for value in content]
    if not isinstance(content, str):
        return content
    if alone := REFERENCE.fullmatch(content):
        return _looked_up(alone[1], answers)
    return REFERENCE.sub(lambda reference: str(_looked_up(reference[1], answers)), content)


def _looked_up(reference: str, answers: Answers) -> Any:
    at: Any = answers
    for name, index in STEP.findall(reference):
        try:
            at = at[name] if name else at[int(index)]
        except (KeyError, IndexError, TypeError):
            message = (
                f"Invalid reference specified. No value for {reference} found in {reference.split('.')[0]}"
            )
            raise _halted(message) from None
    return at


def _steps(steps: Any) -> list[dict[str, Any]]:
    """The subrequests, once they are fit to be carried out."""
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise Refused(400, "JSON_PARSER_ERROR", "compositeRequest is not a list of objects")
    if len(steps) > SUBREQUESTS:
        raise Refused(400, "INVALID_INPUT", f"Limit of {SUBREQUESTS} reached for number of subrequests")
    if not all(isinstance(step.get(key), str) for step in steps for key in ("method", "url", "referenceId")):
        raise Refused(400, "INVALID_INPUT", "a subrequest needs method, url and referenceId")
    if len({step["referenceId"] for step in steps}) < len(steps):
        raise Refused(400, "INVALID_INPUT", "each referenceId may be given once")
    if any(re.search(r"/composite/?$", step["url"]) for step in steps):
        raise Refused(400, "INVALID_INPUT", "composite requests cannot be nested")
    searches = [step for step in steps if re.search(r"/(query|queryAll)/?\?|/composite/", step["url"])]
    if len(searches) > SEARCHES:
        raise Refused(400, "INVALID_INPUT", f"at most {SEARCHES} queries and collections in one call")
    return steps


def _halted(message: str) -> Refused:
    return Refused(400, "PROCESSING_HALTED", message)
