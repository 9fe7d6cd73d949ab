"""A policy turns columns of the accounts file into attributes. No model, contract or suite changes."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest

from orchestration.core.errors import AuditError
from orchestration.core.settings import Settings, load_settings
from orchestration.refresh import refresh
from orchestration.releases import publish
from orchestration.releases.query import query_current
from orchestration.releases.reaudit import audit_release

pytestmark = pytest.mark.integration

ADDITIVE = {
    "mrr_monthly": ("month", "closing_mrr", "closing_customers"),
    "churn_monthly": ("month", "churned_mrr", "churned_customers"),
    "unit_economics_monthly": ("month", "new_customers"),
    "retention_monthly": ("month, window_months", "starting_mrr", "retained_customers"),
    "retention_cohorts": ("cohort_month, months_since", "retained_mrr", "retained_customers"),
    "survival_curve": ("tenure_months", "at_risk", "churned"),
    "renewals_quarterly": ("quarter", "due + open_due", "due_contracts + open_contracts"),
    "satisfaction_periods": (
        "period_type, period_start, survey_type, survey_kind, scale_max, touchpoint",
        "invited",
        "satisfied",
    ),
    "nps_periods": ("period_type, period_start, survey_kind, weighting", "invited", "promoters"),
}
"""Every sliced mart: its key besides the slice, and figures that add up over the values of a dimension."""


def deliver_attributes(settings: Settings) -> dict[str, tuple[str | None, str]]:
    """Add two columns to the accounts file; returns the attributes by account."""
    (path,) = (settings.landing / "generic" / "accounts").iterdir()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        # The names of customer success managers are personal, wherever they are.
        row |= {"Region": ("AMER", "EMEA", "")[number % 3], "CSM Owner": row["owner_name"] or "nobody"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return {row["account_id"]: (row["Region"] or None, row["CSM Owner"]) for row in rows}


def test_two_columns_become_attributes_and_one_of_them_a_slice_dimension(
    small_company: Settings, copy_of: Callable[[Settings], Settings]
) -> None:
    settings = copy_of(small_company)
    delivered = deliver_attributes(settings)
    dimensions = [*settings.policies_in_force["slice_dimensions"], "region"]
    lists = ["account_attributes=[csm_owner, region]", f"slice_dimensions=[{', '.join(dimensions)}]"]
    asked = load_settings(settings.home, as_of=settings.as_of.isoformat(), policies=lists)
    made = refresh(asked, landing_is_given=False).experiment_id
    assert made

    # Without the policies of the experiment, as `csw publish` and `csw audit` run.
    assert audit_release(settings, made).report.passed
    with pytest.raises(AuditError, match=r"personal\.dim_accounts\.csm_owner"):
        publish(settings, made)
    assert publish(settings, made, accept={"personal": "names of our managers"}).changed

    accounts = query_current(settings, "select account_id, region, csm_owner from dim_accounts").rows
    assert len(accounts) > 40
    assert {row[0]: row[1:] for row in accounts} == {row[0]: delivered[row[0]] for row in accounts}
    for mart, (key, *figures) in ADDITIVE.items():
        sums = ", ".join(f"sum({figure})" for figure in figures)
        totals, slices = (
            query_current(
                settings,
                f"select {key}, {sums} from {mart} where dimension = '{dimension}' "
                f"group by all having greatest({sums}) > 0 order by all",
                limit=None,
            ).rows
            for dimension in ("all", "region")
        )
        assert totals, mart
        assert slices == totals, mart
        values = query_current(
            settings, f"select distinct dimension_value from {mart} where dimension = 'region' order by 1"
        ).rows
        assert set(values) <= {("AMER",), ("EMEA",), ("unknown",)}, mart
        assert len(values) > 1, mart
