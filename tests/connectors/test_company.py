"""One company, landed as plain exports and as the objects of vendors' APIs, gives the same marts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors import hubspot, stripe
from tests.connectors.facts import the_company
from tests.connectors.groups import GROUPS, changed, delivered, objects_of, plain_files
from tests.connectors.shapes import Files
from tests.connectors.warehouses import built, differences, shown

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", GROUPS)
def test_the_systems_of_a_group_give_the_marts_of_plain_exports(tmp_path: Path, name: str) -> None:
    group, company = GROUPS[name], the_company()
    plain = built(tmp_path / "plain", plain_files(group.known(company), group))
    files: Files = {}
    for module in group.systems:
        objects = objects_of(module, group.expressed(company), group.ids(company))
        if module is stripe:
            objects = stripe.of_two_generations(company, group.ids(company))
        files |= delivered(module, objects, "api")
    connected = built(tmp_path / "connected", files, systems=name)
    found = differences(plain, connected)
    assert found == {}, shown(found)


def test_the_csv_exports_of_hubspot_give_the_marts_of_plain_exports(tmp_path: Path) -> None:
    group, company = GROUPS["hubspot"], the_company()
    known = changed(group.known(company), hubspot.EXPORT_LOSSES)
    plain = built(tmp_path / "plain", plain_files(known, group))
    files: Files = {}
    for module in group.systems:
        objects = objects_of(module, group.expressed(company), group.ids(company))
        files |= delivered(module, objects, "export" if module is hubspot else "api")
    exported = built(tmp_path / "exported", files, systems="hubspot")
    found = differences(plain, exported)
    assert found == {}, shown(found)
