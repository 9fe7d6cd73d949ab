-- one row per account and month in which its MRR moves, with the one net movement of the month
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
with months as (
    select * from {{ ref('int_mrr__account_month_events') }}
),

payers_before_history as (
    select * from {{ ref('int_mrr__payers_before_history') }}
),

-- Churn is attributed to the plan held at the start of the month, so churned MRR and churned customers fall into the
-- same slice.
plans as (
    select
        *,
        case
            when not was_customer or is_customer then moved_to_plan_id
            else opening_balance_plan_id
        end as attributed_plan_id
    from months
),

running_months as (
    select
        *,
        closing_mrr - opening_mrr - fx_impact_mrr - transfer_mrr as net_mrr,
        case when is_customer then 1 else 0 end - case when was_customer then 1 else 0 end as more_customers,
        -- An account joins or leaves at most once a month, even if it does so repeatedly.
        greatest(-1, least(1, case when is_customer then 1 else 0 end - case when was_customer then 1 else 0 end
        - transferred_customers)) as joined_customers,
        min(month_number) over account_so_far as first_month_number,
        min(closing_mrr) over account_so_far as lowest_mrr,
        sum(mrr_change_constant) over account_so_far as closing_mrr_constant,
        coalesce(lead(month_number) over account_in_time, {{ as_of_month() }} + 1) as next_month_number,
        coalesce({{ last_known('attributed_plan_id') }} over account_so_far, moved_to_plan_id) as latest_plan_id,
        coalesce(opening_balance_plan_id, {{ last_known('attributed_plan_id') }} over account_before)
            as earlier_plan_id
    from plans
    window account_in_time as (partition by account_id order by month_number),
    account_so_far as (
        partition by account_id
        order by month_number
        rows between unbounded preceding and current row
    ),
    account_before as (
        partition by account_id
        order by month_number
        rows between unbounded preceding and 1 preceding
    )
),

-- A policy decides whether an account that joins and leaves within the month counts as both.
same_month_churn as (
    select
        *,
        not was_customer
        and not is_customer
        and joined_customers = 0
        and churn_kind is not null
        and {{ policy_is('same_period_new_and_churn', 'count_both') }} as counts_both
    from running_months
),

net_movements as (
    select
        *,
        joined_customers = 1 or counts_both as has_net_join,
        joined_customers = -1 or counts_both as has_net_churn,
        case
            when joined_customers = 1 then joining_type
            when joined_customers = -1 then 'churn'
            when net_mrr > 0 then 'expansion'
            when net_mrr < 0 then 'contraction'
        end as net_movement_type
    from same_month_churn
)

select
    net.account_id,
    net.month_number,
    cast(net.next_month_number as integer) as next_month_number,
    coalesce({{ local_month('payers.first_paid_at') }}, net.first_month_number) as cohort_month_number,
    cast(net.opening_mrr as decimal(18, 4)) as opening_mrr,
    {%- for flow in flows + ['fx_impact', 'transfer'] %}
    cast(net.{{ flow }}_mrr as decimal(18, 4)) as {{ flow }}_mrr,
    {%- endfor %}
    cast(net.closing_mrr as decimal(18, 4)) as closing_mrr,
    cast(
        net.closing_mrr_constant - net.mrr_change_constant + net.opening_balance_constant as decimal(18, 4)
    ) as opening_mrr_constant,
    cast(net.closing_mrr_constant as decimal(18, 4)) as closing_mrr_constant,
    net.was_customer,
    net.is_customer,
    cast(net.more_customers - net.joined_customers as integer) as transferred_customers,
    net.net_movement_type,
    net.has_net_join and net.joining_type = 'new' as is_new_customer,
    net.has_net_join and net.joining_type = 'reactivation' as is_returned_customer,
    net.has_net_churn as is_lost_customer,
    {%- for flow in ['new', 'reactivation'] %}
    cast(
        case
            when not net.has_net_join or net.joining_type <> '{{ flow }}' then 0
            when net.counts_both then net.churned_mrr
            else greatest(net.net_mrr, 0)
        end as decimal(18, 4)
    ) as net_{{ flow }}_mrr,
    {%- endfor %}
    cast(
        case
            when not net.has_net_churn then 0
            when net.counts_both then -net.churned_mrr
            else least(net.net_mrr, 0)
        end as decimal(18, 4)
    ) as net_churn_mrr,
    -- If a merge separates a loss from a return, the month can lose MRR although the account joins.
    cast(
        case when net.joined_customers = 1 then 0 else greatest(net.net_mrr, 0) end as decimal(18, 4)
    ) as net_expansion_mrr,
    cast(
        case when net.joined_customers = -1 then 0 else least(net.net_mrr, 0) end as decimal(18, 4)
    ) as net_contraction_mrr,
    cast(net.lowest_mrr as decimal(18, 4)) as lowest_mrr,
    nullif(coalesce(net.earlier_plan_id, net.latest_plan_id), '') as opening_plan_id,
    nullif(net.latest_plan_id, '') as plan_id,
    case when net.has_net_churn then net.churn_kind end as churn_kind,
    case when net.has_net_churn then net.churn_reason end as churn_reason,
    net.has_joined
    and net.churn_kind is not null
    and not net.was_customer
    and not net.is_customer as is_new_and_churned
from net_movements as net
left join payers_before_history as payers on net.account_id = payers.account_id
