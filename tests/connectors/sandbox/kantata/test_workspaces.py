"""Projects, their people, tasks and milestones."""

from services.sandbox.kantata import Kantata
from services.sandbox.ledger import Ledger


def test_a_project_is_found_again_by_its_external_reference(office):
    for query in (
        {
            "external_reference_service_name": "fairlead",
            "external_reference_model": "engagement",
            "external_reference_model_ref": "E-1",
        },
        {
            "external_reference_service_name": "fairlead",
            "external_reference_service_model": "engagement",
            "external_reference_service_model_ref": "E-1",
        },
    ):
        assert office.integration.ids("workspaces", **query) == [office.project]
        last = list(query)[-1]
        assert office.integration.ids("workspaces", **{**query, last: "E-2"}) == []
    other = {"external_reference_service_name": "erp", "external_reference_model_ref": "E-1"}
    assert office.integration.ids("workspaces", **other) == []


def test_amounts_are_in_the_smallest_unit_of_the_currency(office):
    yen = office.integration.make(
        "workspaces", "workspace", title="Tokyo", creator_role="maven", currency="JPY", price="9000000"
    )
    shown = office.integration.one(f"workspaces/{yen}")
    assert (shown["price_in_cents"], shown["currency_base_unit"], shown["price"]) == (
        9_000_000,
        1,
        "¥9,000,000",
    )
    dollars = office.integration.one(f"workspaces/{office.project}")
    assert (dollars["price_in_cents"], dollars["currency_base_unit"]) == (12_000_000, 100)
    body = {"workspace": {"title": "x", "creator_role": "maven", "currency": "JPY", "price": "0.5"}}
    office.integration.ask("POST", "workspaces", body, 422)


def test_title_and_role_are_required_and_references_must_exist(office):
    answer = office.integration.ask("POST", "workspaces", {"workspace": {"title": ""}}, 422)
    assert {error["field"] for error in answer["errors"]} == {"title", "creator_role"}
    body = {"workspace": {"title": "x", "creator_role": "maven", "rate_card_id": "1"}}
    assert office.integration.ask("POST", "workspaces", body, 422)["errors"][0]["field"] == "rate_card_id"


def test_invoice_preferences_come_with_the_project_and_can_be_changed(office):
    body = office.integration.get(f"workspaces/{office.project}", include="workspace_invoice_preference")
    (preference,) = body["workspace_invoice_preferences"].values()
    assert preference["project_code"] == "P-2026-0117"
    change = {"workspace": {"invoice_preference": {"purchase_order": "PO-44"}}}
    office.integration.ask("PUT", f"workspaces/{office.project}", change)
    kept = office.integration.one("workspace_invoice_preferences", workspace_id=office.project)
    assert (kept["project_code"], kept["purchase_order"]) == ("P-2026-0117", "PO-44")


def test_archived_projects_vanish_with_their_time_unless_asked_for(office):
    entry = office.log()
    office.integration.ask("PUT", f"workspaces/{office.project}", {"workspace": {"archived": True}})
    assert office.integration.ids("workspaces") == []
    office.integration.get(f"workspaces/{office.project}", status=404)
    assert office.integration.ids("workspaces", only=office.project) == []
    office.integration.get(f"time_entries/{entry}", status=404)
    assert office.integration.ids("time_entries", only=entry) == []
    assert office.integration.ids("workspaces", include_archived="true") == [office.project]
    assert office.integration.ids("time_entries", from_archived_workspaces="true") == [entry]
    body = {
        "time_entry": {"workspace_id": office.project, "date_performed": "2026-11-10", "time_in_minutes": 1}
    }
    office.worker.ask("POST", "time_entries", body, 404)


def test_titles_are_searched_and_matched(office):
    assert office.integration.ids("workspaces", matching_title="acme") == [office.project]
    assert office.integration.ids("workspaces", search="ROLLOUT") == [office.project]
    assert office.integration.ids("workspaces", search="other") == []
    office.integration.get("time_entries", status=400, search="x")


def test_people_take_part_once_and_users_are_listed_by_project(office):
    body = {"participation": {"workspace_id": office.project, "user_id": office.users["EMP-0001"]}}
    office.integration.ask("POST", "participations", body, 422)
    members = office.integration.ids("users", participant_in=office.project)
    assert {office.users["EMP-0001"], office.users["EMP-0002"]} < set(members)
    assert len(members) == 3
    assert office.integration.get("users")["count"] == 3
    assert office.integration.get("users", on_my_account="true", per_page=200)["count"] == 14


def test_users_carry_their_employee_number_and_role(office):
    consultant = office.firm.consultants[0]
    body = office.integration.get(
        "users", on_my_account="true", by_email_address=consultant.email, include="role,external_references"
    )
    ((number, user),) = body["users"].items()
    (reference,) = body["external_references"].values()
    assert number == office.users["EMP-0001"]
    assert (reference["service_name"], reference["service_model"]) == ("hcm", "worker")
    assert reference["service_model_ref"] == consultant.number
    assert body["roles"][user["role_id"]]["name"] == consultant.labour_category


def test_rate_cards_show_a_rate_per_role(office):
    card = office.firm.rate_cards[0]
    cards = office.integration.get("rate_cards", include="rate_card_set,rate_card_versions")
    sets = {number: group["title"] for number, group in cards["rate_card_sets"].items()}
    found = next(one for one in cards["rate_cards"].values() if sets[one["rate_card_set_id"]] == card.code)
    (version,) = found["rate_card_version_ids"]
    cells = office.integration.get("rate_card_roles", rate_card_version_id=version, include="role")
    rates = {
        cells["roles"][cell["role_id"]]["name"]: cell["rate"] for cell in cells["rate_card_roles"].values()
    }
    assert rates == card.rates


def test_cost_rates_hang_on_memberships(office):
    body = office.integration.get("account_memberships", include="user,cost_rates,default_role", per_page=200)
    membership = next(
        one for one in body["account_memberships"].values() if one["user_id"] == office.users["EMP-0001"]
    )
    (cost,) = membership["cost_rate_ids"]
    assert body["cost_rates"][cost]["amount_in_subunits"] == office.firm.consultants[0].cost_rate


def test_stories_have_types_parents_and_assignees(office):
    milestone = office.integration.make(
        "stories",
        "story",
        workspace_id=office.project,
        title="Design signed off",
        story_type="milestone",
        assignee_ids=[office.users["EMP-0001"]],
    )
    child = office.integration.make(
        "stories", "story", workspace_id=office.project, title="Draft", story_type="task", parent_id=milestone
    )
    ask = office.integration.ids
    assert ask("stories", workspace_id=office.project, parents_only="true") == [office.task, milestone]
    assert ask("stories", with_parent_id=milestone) == [child]
    assert ask("stories", story_type="milestone") == [milestone]
    body = office.integration.get(f"stories/{milestone}", include="assignees,current_assignments")
    assert body["stories"][milestone]["assignee_ids"] == [office.users["EMP-0001"]]
    assert len(body["assignments"]) == 1
    stranger = {"story": {"assignee_ids": [office.users["EMP-0009"]]}}
    office.integration.ask("PUT", f"stories/{milestone}", stranger, 422)
    office.worker.ask("PUT", f"stories/{milestone}", {"story": {"state": "completed"}})
    office.worker.ask("PUT", f"stories/{milestone}", {"story": {"title": "Mine"}}, 403)


def test_a_story_of_another_project_is_no_parent_and_takes_no_time(office):
    elsewhere = office.integration.make("workspaces", "workspace", title="Other", creator_role="maven")
    story = office.integration.make(
        "stories", "story", workspace_id=elsewhere, title="Far", story_type="task"
    )
    body = {"story": {"workspace_id": office.project, "title": "x", "story_type": "task", "parent_id": story}}
    office.integration.ask("POST", "stories", body, 422)
    entry = {"workspace_id": office.project, "date_performed": "2026-11-10", "time_in_minutes": 5}
    office.worker.ask("POST", "time_entries", {"time_entry": {**entry, "story_id": story}}, 422)
    office.worker.ask("POST", "time_entries", {"time_entry": {**entry, "workspace_id": elsewhere}}, 422)


def test_billing_milestones_are_listed_by_project(office):
    made = office.integration.make(
        "billing_milestones",
        "billing_milestone",
        workspace_id=office.project,
        title="Go-live",
        amount_in_cents=3_600_000,
        date_to_invoice="2027-01-31",
    )
    shown = office.integration.one("billing_milestones", workspace_id=office.project)
    assert (shown["id"], shown["amount_in_cents"], shown["currency"]) == (made, 3_600_000, "USD")
    assert office.integration.ids("billing_milestones", workspace_id="1") == []


def test_posts_reach_only_people_in_the_project(office):
    post = {
        "workspace_id": office.project,
        "message": "Entry rejected",
        "recipient_ids": [office.users["EMP-0001"]],
    }
    office.integration.make("posts", "post", **post)
    assert office.integration.one("posts", workspace_id=office.project)["message"] == "Entry rejected"
    far = {"post": {**post, "recipient_ids": [office.users["EMP-0009"]]}}
    office.integration.ask("POST", "posts", far, 422)


def test_books_survive_a_restart(open_office, tmp_path):
    path = tmp_path / "kantata.sqlite"
    office = open_office(Ledger(path))
    entry = office.log()
    office.vendor.control("configure", {"time_zone": "UTC"})
    office.vendor.ledger.close()
    office.vendor = Kantata(ledger=Ledger(path), clock=office.clock, seed=7)
    office.vendor.settle(office.firm)
    assert office.integration.ids("time_entries") == [entry]
    assert office.integration.one(f"time_entries/{entry}")["created_at"].endswith("+00:00")
    assert office.log() == str(int(entry) + 1)
    office.vendor.ledger.close()
