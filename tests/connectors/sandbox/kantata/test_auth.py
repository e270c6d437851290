"""OAuth 2 and who a token speaks for."""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from services.sandbox.wire import Headers, Request

REDIRECT = "https://fairlead.example/callback"
CLIENT = {"client_id": "fairlead-sandbox", "client_secret": "fairlead-sandbox-secret"}


def authorize(office, **query):
    asked = {"client_id": "fairlead-sandbox", "response_type": "code", "redirect_uri": REDIRECT, **query}
    answer = office.vendor.answer(Request(method="GET", path="/oauth/authorize", query=urlencode(asked)))
    assert answer.status == 302
    return {
        key: values[0] for key, values in parse_qs(urlsplit(answer.headers.get("location")).query).items()
    }


def exchange(office, code, **form):
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **CLIENT, **form}
    headers = Headers({"content-type": "application/x-www-form-urlencoded"})
    request = Request(method="POST", path="/oauth/token", headers=headers, body=urlencode(sent).encode())
    answer = office.vendor.answer(request)
    return answer.status, json.loads(answer.body)


def test_the_code_flow_gives_a_bearer_token_that_does_not_expire(office):
    granted = authorize(office, state="s1", login_hint="EMP-0003")
    assert granted["state"] == "s1"
    status, token = exchange(office, granted["code"])
    assert (status, token["token_type"]) == (200, "bearer")
    assert set(token) == {"access_token", "token_type"}
    office.clock.pass_(days=4000)
    me = office.caller(token["access_token"]).one("users/me")
    assert me["full_name"] == office.firm.consultants[2].name


def test_a_code_works_once_for_ten_minutes_and_only_for_its_redirect(office):
    code = authorize(office)["code"]
    assert exchange(office, code, redirect_uri="https://elsewhere.example")[0] == 400
    assert exchange(office, code, client_secret="wrong") == (401, {"error": "invalid_client"})
    assert exchange(office, code)[0] == 200
    assert exchange(office, code) == (400, {"error": "invalid_grant"})
    late = authorize(office)["code"]
    office.clock.pass_(minutes=11)
    assert exchange(office, late) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic aW50ZWdyYXRpb24="])
def test_a_bad_token_is_401_in_the_vendors_words(office, header):
    answer = office.vendor.answer(
        Request(method="GET", path="/api/v1/workspaces.json", headers=Headers({"authorization": header}))
    )
    assert answer.status == 401
    assert json.loads(answer.body) == {"errors": [{"type": "oauth", "message": "Invalid OAuth 2 Request"}]}


def test_revoked_tokens_die_and_a_new_one_can_be_issued(office):
    office.integration.get("users/me")
    assert office.vendor.control("revoke", {"token": "integration-kantata"}) == {"revoked": 1}
    office.integration.get("users/me", status=401)
    issued = office.vendor.control("issue_token", {"user": "integration"})
    assert office.caller(issued["access_token"]).one("users/me")["full_name"] == "Fairlead Integration"
    assert office.vendor.control("revoke", {"user": "EMP-0001"}) == {"revoked": 1}
    office.worker.get("users/me", status=401)


def test_unknown_control_verbs_users_and_settings_are_refused(office):
    for verb, body in (("dance", {}), ("issue_token", {"user": "EMP-9999"}), ("configure", {"mood": "good"})):
        with pytest.raises(ValueError, match=r"unknown|no such"):
            office.vendor.control(verb, body)


def test_people_act_as_themselves(office):
    entry = office.log()
    body = office.approver.get(f"time_entries/{entry}", include="user")
    assert body["time_entries"][entry]["user_id"] == office.users["EMP-0001"]
    assert office.worker.one("users/me")["id"] == office.users["EMP-0001"]


def test_consultants_neither_read_the_feed_nor_make_projects(office):
    office.worker.get("subscribed_events", status=403)
    office.worker.get("rate_card_roles", status=403)
    body = {"workspace": {"title": "Mine", "creator_role": "maven"}}
    office.worker.ask("POST", "workspaces", body, 403)
    office.worker.ask("POST", "roles", {"role": {"name": "KING"}}, 403)
