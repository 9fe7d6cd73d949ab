"""A small company whose marts satisfy every suite, made with SQL; the other audit tests corrupt copies of it.

Its rows are made up so that each rule has something to bite on: churn and return, growth and shrinking in
one month, an account that joins and leaves at once, currency gains, a change of plan, surveys.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.quality import audit_marts, load_suites

FLOWS = ("new", "expansion", "contraction", "churn", "reactivation")
KINDS = ("voluntary", "involuntary", "dispute", "planned_end", "pause", "internal", "unknown")


def build_company(path: Path, accounts: int = 60, months: int = 18) -> Path:
    """Write a marts file of `accounts` accounts over `months` months, the last of them open."""
    # Made under another name: in a database called marts, the schema marts has to be written marts.marts.
    draft = path.with_name("draft.duckdb")
    with duckdb.connect(str(draft)) as connection:
        connection.execute("create schema marts")
        connection.execute("set variable accounts = ?", [accounts])
        connection.execute("set variable months = ?", [months])
        for statement in (_CORE, _movements(), _monthly(), _RETENTION, _RENEWALS, _SENTIMENT, _ABOUT):
            connection.execute(statement)
    return draft.rename(path)


_CORE = """
create table marts.dim_months as
select
    month,
    last_day(month) as month_end_on,
    date_trunc('quarter', month)::date as quarter,
    year(month)::integer as year,
    i < getvariable('months') - 1 as is_complete
from (
    select i, (date '2023-01-01' + to_months(i::integer))::date as month
    from range(getvariable('months')) as t (i)
);

create temp table balances as
select
    'acc-' || lpad(a::varchar, 6, '0') as account_id,
    a,
    month,
    k,
    case
        when a % 13 = 12 then 0
        when a % 10 = 0 and k between 3 and 5 then 0
        when a % 7 = 1 and k >= 8 then 0
        else 100 * (1 + a % 3) + 10 * (k // 4) - case when k % 6 = 5 then 15 else 0 end
            + case when a % 5 = 0 then 0.5 * ((k + 1) // 2) else 0 end
    end::decimal(18, 4) as closing_mrr,
    case when a % 4 = 0 and k >= 6 then 'pro' else 'basic' end as plan_id
from (
    select a, month, datediff('month', date '2023-01-01', month) - a % 9 as k
    from range(getvariable('accounts')) as t (a)
    cross join marts.dim_months
)
where k >= 0;

create table marts.fct_account_months as
with opened as (
    select
        *,
        coalesce(lag(closing_mrr) over account_in_time, 0)::decimal(18, 4) as opening_mrr,
        coalesce(lag(plan_id) over account_in_time, plan_id) as opening_plan_id,
        min(closing_mrr) over (account_in_time rows unbounded preceding) as lowest_mrr
    from balances
    window account_in_time as (partition by account_id order by month)
), netted as (
    select
        *,
        case
            when a % 5 = 0 and k % 2 = 1 and opening_mrr > 0 and closing_mrr > 0 then 0.5 else 0
        end::decimal(18, 4) as fx_impact_mrr,
        case when a % 11 = 3 and k % 3 = 0 and opening_mrr > 0 and closing_mrr > 0 then 20 else 0 end
            as swing,
        a % 13 = 12 and k = 0 as is_new_and_churned
    from opened
), typed as (
    select
        *,
        closing_mrr - opening_mrr - fx_impact_mrr as net_mrr,
        case
            when opening_mrr = 0 and closing_mrr > 0 and k = 0 then 'new'
            when opening_mrr = 0 and closing_mrr > 0 then 'reactivation'
            when opening_mrr > 0 and closing_mrr = 0 then 'churn'
            when closing_mrr - opening_mrr - fx_impact_mrr > 0 then 'expansion'
            when closing_mrr - opening_mrr - fx_impact_mrr < 0 then 'contraction'
        end as net_movement_type
    from netted
)
select
    account_id,
    month,
    month < (select max(month) from marts.dim_months) as is_complete,
    (month - to_months(k::integer))::date as cohort_month,
    k::bigint as months_since_cohort,
    opening_plan_id,
    plan_id,
    opening_mrr,
    (case when net_movement_type = 'new' then net_mrr else 0 end
        + case when is_new_and_churned then 50 else 0 end)::decimal(18, 4) as new_mrr,
    (case when net_movement_type = 'expansion' then net_mrr else 0 end + swing)::decimal(18, 4)
        as expansion_mrr,
    (case when net_movement_type = 'contraction' then net_mrr else 0 end - swing)::decimal(18, 4)
        as contraction_mrr,
    (case when net_movement_type = 'churn' then net_mrr else 0 end
        - case when is_new_and_churned then 50 else 0 end)::decimal(18, 4) as churn_mrr,
    (case when net_movement_type = 'reactivation' then net_mrr else 0 end)::decimal(18, 4)
        as reactivation_mrr,
    0::decimal(18, 4) as transfer_mrr,
    fx_impact_mrr,
    closing_mrr,
    (case when net_movement_type = 'new' then net_mrr else 0 end)::decimal(18, 4) as net_new_mrr,
    (case when net_movement_type = 'expansion' then net_mrr else 0 end)::decimal(18, 4) as net_expansion_mrr,
    (case when net_movement_type = 'contraction' then net_mrr else 0 end)::decimal(18, 4)
        as net_contraction_mrr,
    (case when net_movement_type = 'churn' then net_mrr else 0 end)::decimal(18, 4) as net_churn_mrr,
    (case when net_movement_type = 'reactivation' then net_mrr else 0 end)::decimal(18, 4)
        as net_reactivation_mrr,
    closing_mrr as committed_mrr,
    0::decimal(18, 4) as at_risk_mrr,
    (a % 3)::decimal(18, 4) as usage_mrr,
    (2 * opening_mrr)::decimal(18, 4) as opening_mrr_constant,
    (2 * closing_mrr)::decimal(18, 4) as closing_mrr_constant,
    lowest_mrr,
    net_movement_type,
    case when net_movement_type = 'churn' then case when k < 5 then 'pause' else 'voluntary' end end
        as churn_kind,
    case when net_movement_type = 'churn' then 'price' end as churn_reason,
    opening_mrr > 0 as is_customer_at_open,
    closing_mrr > 0 as is_customer_at_close,
    is_new_and_churned
from typed
order by account_id, month;

create table marts.dim_accounts as
select
    'acc-' || lpad(a::varchar, 6, '0') as account_id,
    'Company ' || a as account_name,
    'company' || a || '.example' as domain,
    null::varchar as parent_account_id,
    case when a % 2 = 0 then 'smb' else 'enterprise' end as segment,
    'software' as industry,
    'DE' as country,
    'ads' as acquisition_channel,
    'Ada Example' as owner_name,
    latest.cohort_month as created_on,
    latest.cohort_month as first_paid_on,
    latest.cohort_month,
    case
        when latest.account_id is null then 'prospect'
        when latest.closing_mrr > 0 then 'active'
        else 'churned'
    end as status,
    case when latest.closing_mrr > 0 then latest.plan_id end as current_plan,
    coalesce(latest.closing_mrr, 0)::decimal(18, 4) as current_mrr,
    (12 * coalesce(latest.closing_mrr, 0))::decimal(18, 4) as current_arr,
    case when latest.closing_mrr = 0 then latest.month end as churned_on,
    latest.months_since_cohort as tenure_months,
    'crm:' || a as source_keys
from range(getvariable('accounts') + 2) as t (a)
left join (
    from marts.fct_account_months where month = (select max(month) from marts.dim_months)
) as latest on latest.account_id = 'acc-' || lpad(a::varchar, 6, '0');
"""


def _movements() -> str:
    """One movement per non-zero event amount of an account-month, revaluation first, and its one item."""
    order = ("fx_impact", "new", "reactivation", "expansion", "contraction", "churn")
    events = " union all ".join(
        f"select account_id, month, {rank} as rank, '{flow}' as movement_type, {flow}_mrr as mrr_change,"
        " opening_mrr, churn_kind, churn_reason, plan_id"
        f" from marts.fct_account_months where {flow}_mrr <> 0"
        for rank, flow in enumerate(order)
    )
    return f"""
create table marts.fct_mrr_movements as
select
    account_id || '-' || month || '-' || rank as movement_id,
    account_id,
    (month + to_days((3 + 3 * rank)::integer))::timestamp as occurred_at,
    (month + to_days((3 + 3 * rank)::integer))::date as occurred_on,
    month,
    movement_type,
    null::varchar as movement_subtype,
    case when movement_type = 'churn' then coalesce(churn_kind, 'unknown') end as churn_kind,
    case when movement_type = 'churn' then coalesce(churn_reason, 'unknown') end as churn_reason,
    (sum(mrr_change) over account_in_time - mrr_change)::decimal(18, 4) as mrr_before,
    mrr_change,
    (sum(mrr_change) over account_in_time)::decimal(18, 4) as mrr_after,
    1::bigint as change_count
from ({events})
window account_in_time as (partition by account_id order by month, rank rows unbounded preceding);

create table marts.fct_mrr_movement_items as
select
    movement_id,
    account_id,
    account_id || '-sub' as subscription_id,
    account_id || '-item' as item_id,
    'basic' as plan_id,
    'USD' as currency,
    month,
    mrr_change,
    (mrr_change / 2)::decimal(18, 4) as volume_mrr,
    (mrr_change - (mrr_change / 2)::decimal(18, 4))::decimal(18, 4) as price_mrr,
    0::decimal(18, 4) as discount_mrr,
    0::decimal(18, 4) as other_mrr,
    'batch-1' as source_batch_id
from marts.fct_mrr_movements
union all
-- Two items that change hands at one instant: no movement of the account, and they cancel out.
select null, account_id, 'swap', item, 'basic', 'USD', month, amount, amount, 0, 0, 0, 'batch-1'
from (select account_id, month from marts.fct_account_months order by all limit 1)
cross join (values ('old', -5::decimal(18, 4)), ('new', 5::decimal(18, 4))) as swap (item, amount);
"""


def _monthly() -> str:
    """mrr_monthly and the churn marts, with slices by segment and by plan (which accounts change)."""
    sums = ",\n".join(
        f"sum({flow}_mrr)::decimal(18, 4) as {flow}_mrr" for flow in (*FLOWS, "transfer", "fx_impact")
    )
    nets = ",\n".join(f"sum(net_{flow}_mrr)::decimal(18, 4) as net_{flow}_mrr" for flow in FLOWS)
    zeros = ", ".join(f"0 as {flow}_mrr" for flow in (*FLOWS, "fx_impact"))
    zero_nets = ", ".join(f"0 as net_{flow}_mrr" for flow in FLOWS)
    flows = ", ".join(
        [f"{flow}_mrr" for flow in (*FLOWS, "fx_impact")] + [f"net_{flow}_mrr" for flow in FLOWS]
    )
    by_kind = ",\n".join(
        f"(sum(churned) filter (churn_kind = '{kind}'))::bigint as {kind}_customers,"
        f" (sum(net_churn_mrr) filter (churn_kind = '{kind}'))::decimal(18, 4) as {kind}_mrr"
        for kind in KINDS
    )
    kinds = ",\n".join(
        f"coalesce({kind}_customers, 0) as {kind}_customers, coalesce({kind}_mrr, 0) as {kind}_mrr"
        for kind in KINDS
    )
    return f"""
create temp table slice_rows as
with account_months as (
    select f.*, d.segment, f.opening_mrr > 0 and f.opening_plan_id <> f.plan_id as has_moved
    from marts.fct_account_months as f
    join marts.dim_accounts as d using (account_id)
), sided as (
    select
        month, segment, plan_id as plan, {flows}, closing_mrr, usage_mrr, churn_kind,
        net_movement_type,
        case when has_moved then 0 else opening_mrr end as opening_mrr,
        case when has_moved then opening_mrr else 0 end as transfer_mrr,
        (opening_mrr > 0 and not has_moved)::integer as opening_customers,
        has_moved::integer as transferred_customers,
        (closing_mrr > 0)::integer as closing_customers
    from account_months
    union all by name
    select
        month, segment, opening_plan_id as plan, {zeros}, {zero_nets}, 0 as closing_mrr,
        0 as usage_mrr, opening_mrr,
        -opening_mrr as transfer_mrr, 1 as opening_customers, -1 as transferred_customers,
        0 as closing_customers
    from account_months
    where has_moved
)
select
    *,
    coalesce(net_movement_type = 'new', false)::integer as new,
    coalesce(net_movement_type = 'reactivation', false)::integer as reactivated,
    coalesce(net_movement_type = 'churn', false)::integer as churned
from sided;

create temp table sliced as
select
    month,
    case when grouping(segment) = 0 then 'segment' when grouping(plan) = 0 then 'plan' else 'all' end
        as dimension,
    case when grouping(segment) = 0 then segment when grouping(plan) = 0 then plan else 'all' end
        as dimension_value,
    sum(opening_mrr)::decimal(18, 4) as opening_mrr,
    {sums},
    sum(closing_mrr)::decimal(18, 4) as closing_mrr,
    sum(usage_mrr)::decimal(18, 4) as usage_mrr,
    (2 * sum(opening_mrr))::decimal(18, 4) as opening_mrr_constant,
    (2 * sum(closing_mrr))::decimal(18, 4) as closing_mrr_constant,
    {nets},
    sum(opening_customers)::bigint as opening_customers,
    sum(new)::bigint as new_customers,
    sum(reactivated)::bigint as reactivated_customers,
    sum(churned)::bigint as churned_customers,
    sum(transferred_customers)::bigint as transferred_customers,
    sum(closing_customers)::bigint as closing_customers,
    {by_kind}
from slice_rows
group by grouping sets ((month), (month, segment), (month, plan));

create table marts.mrr_monthly as
select
    month < (select max(month) from marts.dim_months) as is_complete,
    * exclude ({", ".join(f"{kind}_customers, {kind}_mrr" for kind in KINDS)}),
    (12 * closing_mrr)::decimal(18, 4) as closing_arr,
    closing_mrr as committed_mrr,
    0::decimal(18, 4) as at_risk_mrr,
    (closing_mrr::double / nullif(closing_customers, 0))::decimal(18, 4) as arpa,
    (net_new_mrr::double / nullif(new_customers, 0))::decimal(18, 4) as average_sale_price,
    (net_new_mrr + net_expansion_mrr)::double / nullif(-(net_contraction_mrr + net_churn_mrr)::double, 0)
        as quick_ratio
from sliced;

create table marts.churn_monthly as
select
    month,
    dimension,
    dimension_value,
    opening_customers,
    churned_customers,
    opening_customers as base_customers,
    opening_mrr as base_mrr,
    churned_customers / nullif(opening_customers, 0) as customer_churn_rate,
    opening_mrr,
    net_churn_mrr as churned_mrr,
    net_contraction_mrr as contraction_mrr,
    -(net_churn_mrr + net_contraction_mrr)::double / nullif(opening_mrr, 0) as gross_mrr_churn_rate,
    -(churn_mrr + contraction_mrr)::double / nullif(opening_mrr, 0) as gross_mrr_churn_rate_events,
    -(net_churn_mrr + net_contraction_mrr + net_expansion_mrr + net_reactivation_mrr)::double
        / nullif(opening_mrr, 0) as net_mrr_churn_rate,
    {kinds}
from sliced;

create table marts.churn_reasons_monthly as
select month, churn_kind, churn_reason, count(*) as customers, sum(net_churn_mrr)::decimal(18, 4) as mrr
from marts.fct_account_months
where net_movement_type = 'churn'
group by month, churn_kind, churn_reason;
"""


_RETENTION = """
create table marts.retention_monthly as
with compared as (
    select now.month, w.window_months, d.segment, coalesce(past.closing_mrr, 0) as past_mrr, now.closing_mrr
    from marts.fct_account_months as now
    join marts.dim_accounts as d using (account_id)
    cross join (values (1), (3), (12)) as w (window_months)
    left join marts.fct_account_months as past
        on past.account_id = now.account_id and past.month = (now.month - to_months(w.window_months))::date
)
select
    month,
    if(grouping(segment) = 0, 'segment', 'all') as dimension,
    if(grouping(segment) = 0, segment, 'all') as dimension_value,
    window_months::bigint as window_months,
    count(*) filter (past_mrr > 0) as starting_customers,
    count(*) filter (past_mrr > 0 and closing_mrr > 0) as retained_customers,
    retained_customers / nullif(starting_customers, 0) as customer_retention_rate,
    sum(past_mrr)::decimal(18, 4) as starting_mrr,
    coalesce(sum(closing_mrr) filter (past_mrr = 0), 0)::decimal(18, 4) as returned_mrr,
    (sum(closing_mrr) filter (past_mrr > 0))::double / nullif(starting_mrr, 0) as nrr,
    (sum(least(closing_mrr, past_mrr)) filter (past_mrr > 0))::double / nullif(starting_mrr, 0) as grr
from compared
group by grouping sets ((month, window_months), (month, window_months, segment));

create table marts.retention_cohorts as
with sliced as (
    select
        cohort_month,
        months_since_cohort as months_since,
        is_complete,
        if(grouping(segment) = 0, 'segment', 'all') as dimension,
        if(grouping(segment) = 0, segment, 'all') as dimension_value,
        count(*) as cohort_customers,
        count(*) filter (closing_mrr > 0) as retained_customers,
        sum(closing_mrr)::decimal(18, 4) as retained_mrr,
        sum(lowest_mrr)::decimal(18, 4) as lowest_mrr
    from marts.fct_account_months
    join marts.dim_accounts using (account_id, cohort_month)
    group by grouping sets ((1, 2, 3), (1, 2, 3, segment))
), based as (
    select
        *,
        first(retained_mrr) over (partition by cohort_month, dimension, dimension_value order by months_since)
            as cohort_mrr
    from sliced
)
select
    *,
    case when is_complete then retained_customers / cohort_customers end as customer_retention_rate,
    case when is_complete then retained_mrr::double / nullif(cohort_mrr, 0) end as net_mrr_retention_rate,
    case when is_complete then lowest_mrr::double / nullif(cohort_mrr, 0) end as gross_mrr_retention_rate
from based;

-- Of 20 one leaves at every month of tenure: survival falls by 0.05, and reaches one half at 9.
create table marts.survival_curve as
select
    'all' as dimension,
    'all' as dimension_value,
    tenure_months,
    20 - tenure_months as at_risk,
    1::bigint as churned,
    0::bigint as censored,
    (19 - tenure_months) / 20 as survival_rate,
    if(survival_rate > 0, survival_rate / 2, null) as ci_low,
    if(survival_rate > 0, (1 + survival_rate) / 2, null) as ci_high,
    9::bigint as median_tenure_months
from range(20) as t (tenure_months);

-- One of twenty left in the window, and each new customer cost 10.
create table marts.unit_economics_monthly as
select
    month,
    dimension,
    dimension_value,
    is_complete,
    arpa,
    1::bigint as trailing_churned_customers,
    20::bigint as trailing_base_customers,
    0.05::double as trailing_customer_churn_rate,
    20::double as average_lifetime_months,
    20 * arpa as ltv_revenue,
    10 * arpa as ltv_margin,
    new_customers,
    average_sale_price,
    (10 * new_customers)::decimal(18, 4) as acquisition_cost,
    if(new_customers > 0, 10, null)::double as cac,
    null::double as cac_payback_months,
    if(new_customers > 0, arpa, null)::double as ltv_to_cac
from marts.mrr_monthly;
"""


_RENEWALS = """
create table marts.renewals as
select
    contract_id,
    contract_id as contract_ids,
    1::bigint as contracts,
    account_id,
    (due_on - interval 1 year)::date as starts_on,
    due_on,
    a % 2 = 0 as auto_renew,
    due_amount::decimal(18, 4) as due_amount,
    case
        when outcome = 'lost' then 0
        when outcome <> 'open' then
            due_amount + case outcome when 'upsold' then 100 when 'downsold' then -50 else 0 end
    end::decimal(18, 4) as renewed_amount,
    case when outcome not in ('lost', 'open') then due_on end as renewed_on,
    outcome,
    case when outcome = 'open' then due_on - as_of_on end as days_to_renewal
from (
    select
        *,
        'c-' || a || '-' || year(due_on) as contract_id,
        case
            when due_on > as_of_on then 'open'
            else ['renewed', 'upsold', 'downsold', 'lost'][a % 4 + 1]
        end as outcome
    from (
        select
            'acc-' || lpad(a::varchar, 6, '0') as account_id,
            a,
            (date '2024-01-15' + to_months((a % 9)::integer))::date as due_on,
            1200 + a as due_amount
        from range(getvariable('accounts')) as t (a)
        where a % 3 = 0
    ) as terms
    cross join (select max(month) + 1 as as_of_on from marts.dim_months) as release
) as decided;

create table marts.renewals_quarterly as
select
    *,
    kept::double / nullif(due::double, 0) as gross_renewal_rate,
    renewed::double / nullif(due::double, 0) as net_renewal_rate,
    renewed_contracts / nullif(due_contracts, 0) as customer_renewal_rate
from (
    select
        date_trunc('quarter', due_on)::date as quarter,
        dimension,
        case dimension when 'all' then 'all' else coalesce(segment, 'unknown') end as dimension_value,
        bool_and(outcome <> 'open') as is_complete,
        coalesce(sum(due_amount) filter (outcome <> 'open'), 0)::decimal(18, 4) as due,
        coalesce(sum(renewed_amount) filter (outcome <> 'open'), 0)::decimal(18, 4) as renewed,
        coalesce(sum(least(renewed_amount, due_amount)) filter (outcome <> 'open'), 0)::decimal(18, 4)
            as kept,
        coalesce(sum(due_amount) filter (outcome = 'open'), 0)::decimal(18, 4) as open_due,
        count_if(outcome <> 'open') as due_contracts,
        count_if(outcome not in ('open', 'lost')) as renewed_contracts,
        count_if(outcome = 'upsold') as upsold_contracts,
        count_if(outcome = 'downsold') as downsold_contracts,
        count_if(outcome = 'lost') as lost_contracts,
        count_if(outcome = 'open') as open_contracts
    from marts.renewals
    join marts.dim_accounts using (account_id)
    cross join (select unnest(['all', 'segment']) as dimension) as dimensions
    group by all
) as sums;
"""

_SENTIMENT = """
create table marts.fct_survey_responses as
select
    'r-' || account_id || '-' || f.month as response_id,
    account_id,
    sha256(account_id) as respondent_id,
    'nps' as survey_type,
    'relational' as survey_kind,
    'periodic' as touchpoint,
    case when a % 4 <> 3 then (a + k) % 11 end::decimal(18, 4) as score,
    10 as scale_max,
    case
        when a % 4 = 3 then null
        when (a + k) % 11 >= 9 then 'promoter'
        when (a + k) % 11 >= 7 then 'passive'
        else 'detractor'
    end as nps_category,
    null::boolean as is_satisfied,
    true as is_delivered,
    f.month::timestamp + interval 36 hours as sent_at,
    case when a % 4 <> 3 then f.month::timestamp + interval 60 hours end as responded_at,
    a % 4 <> 3 as is_counted,
    f.cohort_month,
    f.months_since_cohort as tenure_months,
    f.plan_id as plan,
    d.segment,
    f.closing_mrr as mrr
from marts.fct_account_months as f
join balances as b using (account_id, month)
join marts.dim_accounts as d using (account_id)
where month(f.month) % 3 = 1;

create table marts.nps_periods as
with periods as (
    select
        period_type,
        date_trunc(period_type, sent_at)::date as period_start,
        survey_kind,
        weighting,
        segment,
        nps_category,
        if(weighting = 'mrr', mrr::double + 1, 1) as weight
    from marts.fct_survey_responses
    cross join (values ('month'), ('quarter')) as p (period_type)
    cross join (values ('respondent'), ('account'), ('mrr')) as w (weighting)
)
select
    period_type,
    period_start,
    survey_kind,
    weighting,
    if(grouping(segment) = 0, 'segment', 'all') as dimension,
    if(grouping(segment) = 0, segment, 'all') as dimension_value,
    true as is_mature,
    count(*) as invited,
    count(nps_category) as responses,
    responses / invited as response_rate,
    count(*) filter (nps_category = 'promoter') as promoters,
    count(*) filter (nps_category = 'passive') as passives,
    count(*) filter (nps_category = 'detractor') as detractors,
    100 * (
        coalesce(sum(weight) filter (nps_category = 'promoter'), 0)
        - coalesce(sum(weight) filter (nps_category = 'detractor'), 0)
    ) / sum(weight) filter (nps_category is not null) as nps,
    greatest(-100, nps - 10) as nps_ci_low,
    least(100, nps + 10) as nps_ci_high
from periods
group by grouping sets ((1, 2, 3, 4), (1, 2, 3, 4, segment));

create table marts.nps_cohorts as
select
    cohort_month,
    tenure_months // 3 as tenure_quarter,
    survey_kind,
    count(*) as responses,
    count(*) filter (nps_category = 'promoter') as promoters,
    count(*) filter (nps_category = 'passive') as passives,
    count(*) filter (nps_category = 'detractor') as detractors,
    responses < 5 as is_suppressed,
    case when not is_suppressed then 100 * (promoters - detractors) / responses end as nps,
    greatest(-100, nps - 10) as nps_ci_low,
    least(100, nps + 10) as nps_ci_high
from marts.fct_survey_responses
where is_counted
group by cohort_month, tenure_quarter, survey_kind;
"""


_ABOUT = """
create table marts._release as
select
    'release-1' as release_id,
    null::timestamp as published_at,
    max(month)::timestamp + interval 40 hours as as_of,
    null::timestamp as known_at,
    'abc' as code_version,
    null::bigint as checks_passed,
    7::bigint as raw_batches
from marts.dim_months;

create table marts._policies as
select
    'discount_policy' as policy,
    'all' as value_in_force,
    'default' as set_by,
    'Which discounts lower MRR.' as meaning;

create table marts._overrides as
select * from (
    values
        ('account:a', 'account', 'acc-000001', null, 'is_internal = true', 'applied', 1),
        ('churn_reason:s', 'churn_reason', null, 's', 'churn_kind = pause', 'no effect', 0)
) as overrides (override_id, override_kind, account_id, subscription_id, sets, status, rows_changed)
cross join (select null as item_id, 'Ada' as author, 'wrong' as reason, null::date as expires_on) as said;

create table marts._data_quality as
select
    'check ' || i as "check",
    'subscription_periods' as "table",
    null::varchar as detail,
    if(i = 3, 'warn', 'pass') as status,
    if(i = 3, 2, 0)::bigint as observed,
    if(i > 1, 0, null)::bigint as expected,
    0::decimal(18, 4) as mrr,
    'What is odd.' as description
from range(12) as t (i);

create table marts._restatements as
select
    month,
    'mrr_monthly.closing_mrr' as measure,
    dimension,
    dimension_value,
    closing_mrr - 1 as value_before,
    closing_mrr as value_now,
    'data' as cause,
    'release-1' as first_seen_in_release
from marts.mrr_monthly
where month = date '2023-05-01' and dimension = 'all';
"""


def test_a_consistent_company_passes_every_check(tmp_path: Path) -> None:
    suites = load_suites()
    report = audit_marts(build_company(tmp_path / "marts.duckdb"), suites)
    assert [result.message for result in report.results if result.outcome != "passed"] == []
    assert report.evaluated == report.declared == sum(len(suite.expectations) for suite in suites.values())
    assert report.passed
