"""The same stand-in behind the real server."""

import httpx

from services.sandbox.server import Server, serving


async def test_the_stand_in_speaks_http(office):
    entry = office.log(45)
    headers = {"Authorization": "Bearer integration-kantata"}
    async with (
        serving(Server(office.vendor, clock=office.clock)) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        listed = await client.get(
            "/api/v1/time_entries.json",
            params={
                "updated_after": "2026-11-16T08:00:00-08:00",
                "order": "updated_at:asc",
                "include": "user",
            },
            headers=headers,
        )
        refused = await client.get("/api/v1/time_entries", headers={"Authorization": "Bearer no"})
        created = await client.post("/api/v1/roles", json={"role": {"name": "ARCHITECT"}}, headers=headers)
        deleted = await client.delete(f"/api/v1/time_entries/{entry}", headers=headers)
        token = await client.post("/_sandbox/control/issue_token", json={"user": "EMP-0003"})
        answer = await client.get(
            "/api/v1/users/me", headers={"Authorization": f"Bearer {token.json()['result']['access_token']}"}
        )
    assert listed.status_code == 200
    assert listed.json()["time_entries"][entry]["time_in_minutes"] == 45
    assert len(listed.headers["x-request-id"]) == 32
    assert refused.status_code == 401
    assert created.status_code == 200
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert answer.json()["results"][0]["id"] == office.users["EMP-0003"]
