"""Attributes of accounts: the raw relation reads them from columns outside the contract."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.landing import Batch, ReadingPolicies
from orchestration.landing.delivery import check_delivery
from tests.unit.landing_case import Case, make_generic


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_generic(tmp_path)


def attributes(case: Case, *names: str) -> list[tuple[Any, ...]]:
    """The account and the attributes of each delivered row."""
    policies = ReadingPolicies(account_attributes=names)
    return case.rows(", ".join(["account_id", *names]), "generic__accounts", policies)


@pytest.mark.parametrize(
    "header", ["csm_owner", "CSM Owner", "csm-owner", "CsmOwner", "csmowner", " CSM_OWNER "]
)
def test_an_attribute_has_the_name_of_a_column_in_any_spelling(case: Case, header: str) -> None:
    case.deliver("accounts", f"account_id,{header}\na1,Team North\n")
    assert attributes(case, "csm_owner") == [("a1", "Team North")]


def test_an_attribute_is_the_trimmed_text_and_an_empty_cell_is_null(case: Case) -> None:
    lines = [{"account_id": "a1", "region": 7}, {"account_id": "a2", "region": None}, {"account_id": "a3"}]
    case.deliver("accounts", "account_id,region\na1,  EMEA \na2,\na3,  \na4,NA\na5,n/a\n")
    case.deliver("accounts", "\n".join(json.dumps(line) for line in lines), "b.jsonl")
    found = [
        ("a1", "EMEA"),
        ("a2", None),
        ("a3", None),
        ("a4", "NA"),
        ("a5", None),
        ("a1", "7"),
        ("a2", None),
        ("a3", None),
    ]
    assert attributes(case, "region") == found


def test_a_file_without_the_column_keeps_the_last_value_of_the_attribute(case: Case) -> None:
    case.deliver("accounts", "account_id,Region\na1,EMEA\na2,AMER\n", "1.csv")
    case.deliver("accounts", "account_id,segment\na1,smb\n", "2.csv")
    case.deliver("accounts", "account_id,region\na2,\n", "3.csv")
    case.deliver("accounts", "account_id,industry\na2,Retail\n", "4.csv")
    assert attributes(case, "region") == [
        ("a1", "EMEA"),
        ("a2", "AMER"),
        ("a1", "EMEA"),
        ("a2", None),
        ("a2", None),
    ]


def test_a_batch_from_before_the_policy_needs_no_new_delivery(case: Case) -> None:
    batch = case.deliver("accounts", "account_id,region\na1,EMEA\n")
    record = batch.path.with_suffix(".json")
    facts = json.loads(record.read_text(encoding="utf-8"))
    assert facts.pop("extra_columns") == ["region"]
    record.write_text(json.dumps(facts), encoding="utf-8")
    assert attributes(case, "region", "tier") == [("a1", "EMEA", None)]
    assert case.land().new == ()


def test_no_address_of_a_person_is_in_an_attribute(case: Case) -> None:
    case.deliver("accounts", "account_id,csm_owner,csm_id\na1,Jo <jo@x.example>,jo@x.example\n")
    ((_, owner, person),) = attributes(case, "csm_owner", "csm_id")
    assert owner == "Jo <[e-mail address]>"
    assert "@" not in person
    assert len(person) == 64


def notices(case: Case, batch: Batch, *names: str) -> list[str]:
    settings = replace(case.settings, policies={"account_attributes": list(names)})
    found = check_delivery(settings, load_contracts(), [batch])
    return [notice.sentence for notice in found if notice.level == "warn"]


def test_an_attribute_without_a_value_and_one_with_addresses_cause_warnings(case: Case) -> None:
    batch = case.deliver("accounts", "account_id,region,csm\na1,EMEA,jo@x.example\n")
    assert notices(case, batch, "region") == []
    assert notices(case, batch, "regions", "csm", "tier") == [
        "generic/accounts: no row has a value of regions, which account_attributes lists. Did you mean "
        "'region'? Deliver a column of this name, or correct the policy.",
        "generic/accounts: csm contains an e-mail address (rows: 1). The marts show a mask instead. Deliver "
        "a name without the address.",
        "generic/accounts: no row has a value of tier, which account_attributes lists. Deliver a column of "
        "this name, or correct the policy.",
    ]
