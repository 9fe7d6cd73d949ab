"""`csw extract` reads each system by its documented ways, and lands what is new or changed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from orchestration.extract.extractor import LOADER_CLOCK
from tests.unit.extracting import Home, numbered
from tests.unit.vendor_api import Answer, HubSpot, Stripe, Typeform

DAY = 86400


@pytest.fixture
def stripe(tmp_path: Path) -> Home:
    return Home(tmp_path, Stripe())


@pytest.fixture
def hubspot(tmp_path: Path) -> Home:
    return Home(tmp_path, HubSpot())


@pytest.fixture
def typeform(tmp_path: Path) -> Home:
    return Home(tmp_path, Typeform())


def test_the_first_extract_of_stripe_lists_every_page(stripe: Home) -> None:
    vendor = stripe.vendor
    assert isinstance(vendor, Stripe)
    vendor.objects = {"customers": numbered("cus_", range(5)), "subscriptions": numbered("sub_", range(1))}
    started = time.time()
    done = {one.object: one for one in stripe.extract()}
    assert stripe.ids("customers") == ["cus_0", "cus_1", "cus_2", "cus_3", "cus_4"]
    assert [one.get("starting_after") for one in vendor.asked("/v1/customers")] == [
        None,
        ["cus_1"],
        ["cus_3"],
    ]
    assert (done["customers"].read, done["customers"].written, done["refunds"].file) == (5, 5, None)
    [asked] = vendor.asked("/v1/subscriptions")
    assert asked["status"] == ["all"]
    assert "data.discounts.coupon.applies_to" in asked["expand[]"]
    assert vendor.headers[0]["Stripe-Version"]
    assert started <= float(stripe.records("customers")[0][LOADER_CLOCK]) <= time.time()
    [file] = stripe.files("customers")
    assert file.name.endswith("Z.jsonl.gz")


def test_the_next_extract_of_stripe_lands_only_what_is_new_or_changed(stripe: Home) -> None:
    vendor = stripe.vendor
    assert isinstance(vendor, Stripe)
    old = numbered("cus_", range(4), created=int(time.time()) - 90 * DAY, name="old")
    vendor.objects = {"customers": old}
    stripe.extract("customers")
    now = int(time.time())
    vendor.objects["customers"] = [{"id": "cus_9", "created": now}, {**old[1], "name": "changed"}, old[2]]
    vendor.events = [
        event("updated", {"id": "cus_1"}),
        event("deleted", {**old[3], "email": "a"}),
        event("created", {"id": "cus_9"}),
        event("updated", {"id": "cus_1"}),
    ]
    vendor.requests.clear()
    [done] = stripe.extract("customers")
    assert done.file is not None
    landed = stripe.records("customers")[4:]
    assert [(one["id"], one.get("name"), one.get("deleted")) for one in landed] == [
        ("cus_9", None, None),
        ("cus_1", "changed", None),
        ("cus_3", "old", True),
    ]
    assert landed[2]["email"] == "a", "a deleted record keeps what the log knows of it"
    assert vendor.asked("/v1/customers/cus_9") == [], "it was in the list of the new ones"
    assert len(vendor.asked("/v1/customers/cus_1")) == 1
    [again] = stripe.extract("customers")
    assert (again.written, again.file) == (0, None)
    assert len(stripe.files("customers")) == 2


def test_stripe_lands_the_events_of_subscriptions_once(stripe: Home) -> None:
    vendor = stripe.vendor
    assert isinstance(vendor, Stripe)
    changed = {**event("updated", {"id": "sub_1"}), "type": "customer.subscription.updated"}
    vendor.events = [changed, event("updated", {"id": "cus_1"})]
    stripe.extract("events")
    vendor.events.insert(0, {**changed, "id": "evt_2"})
    stripe.extract("events")
    assert stripe.ids("events") == ["evt_updated_sub_1", "evt_2"]
    assert ["created[gte]" in query for query in vendor.asked("/v1/events")] == [False, True]


def event(kind: str, record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"evt_{kind}_{record['id']}",
        "type": f"customer.{kind}",
        "created": int(time.time()),
        "data": {"object": record},
    }


def test_stripe_is_listed_again_if_its_events_do_not_reach_back(
    stripe: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = stripe.vendor
    assert isinstance(vendor, Stripe)
    vendor.objects = {"prices": numbered("price_", range(3))}
    stripe.extract("prices")
    vendor.objects["prices"][2]["active"] = False
    vendor.requests.clear()
    later = time.time_ns() + 29 * DAY * 10**9
    monkeypatch.setattr("orchestration.extract.extractor.time.time_ns", lambda: later)
    monkeypatch.setattr("orchestration.extract.extractor.time.time", lambda: later / 1e9)
    [done] = stripe.extract("prices")
    assert (done.read, done.written) == (3, 1)
    assert vendor.asked("/v1/events") == []
    assert all("created[gte]" not in query for query in vendor.asked("/v1/prices"))


def test_the_lines_of_a_long_invoice_are_read_to_the_end(stripe: Home) -> None:
    vendor = stripe.vendor
    assert isinstance(vendor, Stripe)
    lines = numbered("il_", range(7))
    part = {"object": "list", "data": lines[:2], "has_more": True, "url": "/v1/invoices/in_1/lines"}
    vendor.objects = {
        "invoices": [{"id": "in_1", "lines": part, "_all": lines, "hosted_invoice_url": "https://pay"}]
    }
    stripe.extract("invoices")
    [invoice] = stripe.records("invoices")
    assert [line["id"] for line in invoice["lines"]["data"]] == [f"il_{number}" for number in range(7)]
    assert invoice["lines"]["has_more"] is False
    assert "hosted_invoice_url" not in invoice


def test_hubspot_lands_named_properties_associations_and_archived_records(hubspot: Home) -> None:
    vendor = hubspot.vendor
    assert isinstance(vendor, HubSpot)
    links = {"line items": {"results": [{"id": "1"}], "paging": {"next": {"after": "500"}}}}
    vendor.live = {
        "deals": numbered("", range(3), archived=False, associations=links),
        "owners": [{"id": "7"}],
    }
    vendor.archived = {"deals": numbered("", range(8, 9), archived=True)}
    hubspot.variables["CSW_HUBSPOT_PROPERTIES"] = "deals.contract_number companies.billing_id"
    hubspot.extract()
    assert hubspot.ids("deals") == ["0", "1", "2", "8"]
    linked = hubspot.records("deals")[0]["associations"]["line items"]["results"]
    assert [one["id"] for one in linked] == ["1", "999"]
    assert vendor.asked("/crm/v3/objects/deals/0/associations/line_items") == [
        {"limit": ["100"], "after": ["500"]}
    ]
    asked = vendor.asked("/crm/v3/objects/deals")
    assert [query["archived"] for query in asked] == [["false"], ["false"], ["true"]]
    assert "hs_merged_object_ids" in asked[0]["properties"][0].split(",")
    assert asked[0]["properties"][0].endswith(",contract_number")
    assert (asked[0]["associations"], asked[1]["after"]) == (["companies,contacts,line_items"], ["2"])
    assert "limit" not in vendor.asked("/crm/v3/pipelines/deals")[0]


def test_hubspot_lands_again_what_was_changed_archived_or_linked(hubspot: Home) -> None:
    vendor = hubspot.vendor
    assert isinstance(vendor, HubSpot)
    vendor.live = {"contacts": numbered("", range(6), updatedAt="2026-01-01", archived=False)}
    hubspot.extract("contacts")
    vendor.archived = {"contacts": [{**vendor.live["contacts"].pop(0), "archived": True}]}
    vendor.live["contacts"][1]["associations"] = {"companies": {"results": [{"id": "5"}]}}
    vendor.live["contacts"][2]["updatedAt"] = "2026-01-02"
    [done] = hubspot.extract("contacts")
    assert (done.read, done.written) == (6, 3)
    assert [(one["id"], one["archived"]) for one in hubspot.records("contacts")[6:]] == [
        ("2", False),
        ("3", False),
        ("0", True),
    ]


def test_typeform_lands_whole_forms_and_the_responses_of_each_form(typeform: Home) -> None:
    vendor = typeform.vendor
    assert isinstance(vendor, Typeform)
    vendor.forms = [{"id": f"f{number}", "title": "NPS", "fields": [{"type": "nps"}]} for number in range(3)]
    vendor.responses = {
        "f0": [{"token": f"t{number}", "submitted_at": "2026-01-01T00:00:00Z"} for number in range(5)],
        "f2": [{"token": "t0", "submitted_at": "2026-01-01T00:00:00Z"}],
    }
    typeform.extract()
    assert [form["fields"] for form in typeform.records("forms")] == [[{"type": "nps"}]] * 3
    assert [(one["form_id"], one["token"]) for one in typeform.records("responses")] == [
        *(("f0", f"t{number}") for number in range(5)),
        ("f2", "t0"),
    ]
    assert [query.get("before") for query in vendor.asked("/forms/f0/responses")] == [
        None,
        ["t1"],
        ["t3"],
        ["t4"],
    ]


def test_typeform_asks_a_known_form_only_for_recent_responses(typeform: Home) -> None:
    vendor = typeform.vendor
    assert isinstance(vendor, Typeform)
    vendor.forms = [{"id": "f0", "title": "a"}]
    old = {"token": "old", "submitted_at": "2020-01-01T00:00:00Z"}
    today = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    vendor.responses = {"f0": [{"token": "t1", "submitted_at": today}, old]}
    typeform.extract("responses")
    vendor.forms.append({"id": "f1", "title": "shared later"})
    vendor.responses = {
        "f0": [{"token": "t2", "submitted_at": today}, *vendor.responses["f0"]],
        "f1": [{**old, "token": "old_too"}],
    }
    vendor.requests.clear()
    [done] = typeform.extract("responses")
    assert (done.read, typeform.ids("responses", "token")) == (3, ["t1", "old", "t2", "old_too"])
    assert "since" in vendor.asked("/forms/f0/responses")[0]
    assert "since" not in vendor.asked("/forms/f1/responses")[0]


def test_full_lands_everything_again(stripe: Home) -> None:
    vendor = stripe.vendor
    assert isinstance(vendor, Stripe)
    vendor.objects = {"coupons": numbered("c", range(3))}
    stripe.extract("coupons")
    [done] = stripe.extract("coupons", full=True)
    assert done.written == 3
    assert stripe.ids("coupons") == ["c0", "c1", "c2"] * 2


def test_numbers_keep_every_digit(stripe: Home) -> None:
    vendor = stripe.vendor
    assert isinstance(vendor, Stripe)
    record = (
        '{"id": "p", "unit_amount_decimal": "0.000000000001", "rate": 0.1000, "small": 1e-7, '
        '"cents": 9223372036854775807, "beyond": 18446744073709551616, "price": 12345678901234567890.10, '
        f'"text": "caf\\u00e9 \\ud800", "nested": [{{"n": {"9" * 5000}}}]}}'
    )
    vendor.faults.append(Answer(f'{{"data": [{record}], "has_more": false}}'))
    stripe.extract("prices")
    [line] = stripe.lines("prices")
    for part in (
        '"unit_amount_decimal":"0.000000000001"',
        '"rate":0.1000,',
        '"small":1e-7,',
        '"cents":9223372036854775807,',
        '"beyond":"18446744073709551616",',
        '"price":12345678901234567890.10,',
        '"text":"café ?"',
        f'"nested":[{{"n":"{"9" * 5000}"}}]',
    ):
        assert part in line
