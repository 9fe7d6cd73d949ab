-- one row per account and month in which its MRR moves; the months between are carried by the next_month_number
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
{%- set first_month = first_month_number() %}
{{- may_read('int_revenue__first_payments') }}
with months as (
    select * from {{ ref('int_revenue__account_month_totals') }}
),

-- A loss belongs to the plan that the account had at the opening, like the customer that it is a share of.
kept as (
    select
        *,
        {% if first_month is not none -%}
        case when was_customer and not is_customer then opened_with_plan_id else moved_to_plan_id end as kept_plan_id
        {%- else -%}
        case when is_customer or not was_customer then moved_to_plan_id end as kept_plan_id
        {%- endif %}
    from months
),

in_time as (
    select
        *,
        closing_mrr - opening_mrr - fx_impact_mrr - transfer_mrr as net_mrr,
        case when is_customer then 1 else 0 end - case when was_customer then 1 else 0 end as more_customers,
        -- However often an account comes and goes within a month, it joins or leaves once.
        greatest(-1, least(1, case when is_customer then 1 else 0 end - case when was_customer then 1 else 0 end
        - transferred_customers)) as joined_customers,
        min(month_number) over account_so_far as cohort_month_number,
        min(closing_mrr) over account_so_far as lowest_mrr,
        sum(constant_change) over account_so_far as closing_mrr_constant,
        coalesce(lead(month_number) over account_so_far, {{ as_of_month() }} + 1) as next_month_number,
        coalesce(last_value(kept_plan_id ignore nulls) over account_so_far, moved_to_plan_id) as latest_plan_id,
        {% if first_month is not none -%}
        coalesce(opened_with_plan_id, last_value(kept_plan_id ignore nulls) over account_before)
        {%- else -%}
        last_value(kept_plan_id ignore nulls) over account_before
        {%- endif %} as earlier_plan_id
    from kept
    window account_so_far as (
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

-- What an account that joins and leaves within the month counts as is a policy.
counted as (
    select
        *,
        {% if policy('same_period_new_and_churn') == 'count_both' -%}
        not was_customer and not is_customer and joined_customers = 0 and churn_kind is not null
        {%- else -%}
        false
        {%- endif %} as counts_both
    from in_time
),

classified as (
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
    from counted
)

select
    classified.account_id,
    classified.month_number,
    cast(classified.next_month_number as integer) as next_month_number,
    {% if first_month is not none -%}
    coalesce(
        {{ local_month('first_payments.first_paid_at') }}, classified.cohort_month_number
    ) as cohort_month_number,
    {%- else -%}
    classified.cohort_month_number,
    {%- endif %}
    cast(classified.opening_mrr as decimal(18, 4)) as opening_mrr,
    {%- for flow in flows + ['fx_impact', 'transfer'] %}
    cast(classified.{{ flow }}_mrr as decimal(18, 4)) as {{ flow }}_mrr,
    {%- endfor %}
    cast(classified.closing_mrr as decimal(18, 4)) as closing_mrr,
    cast(
        classified.closing_mrr_constant - classified.constant_change
        {%- if first_month is not none %} + classified.opening_constant{% endif %} as decimal(18, 4)
    ) as opening_mrr_constant,
    cast(classified.closing_mrr_constant as decimal(18, 4)) as closing_mrr_constant,
    classified.was_customer,
    classified.is_customer,
    cast(classified.more_customers - classified.joined_customers as integer) as transferred_customers,
    classified.net_movement_type,
    classified.has_net_join and classified.joining_type = 'new' as is_new_customer,
    classified.has_net_join and classified.joining_type = 'reactivation' as is_returned_customer,
    classified.has_net_churn as is_lost_customer,
    {%- for flow in ['new', 'reactivation'] %}
    cast(
        case
            when not classified.has_net_join or classified.joining_type <> '{{ flow }}' then 0
            when classified.counts_both then classified.churned_mrr
            else greatest(classified.net_mrr, 0)
        end as decimal(18, 4)
    ) as net_{{ flow }}_mrr,
    {%- endfor %}
    cast(
        case
            when not classified.has_net_churn then 0
            when classified.counts_both then -classified.churned_mrr
            else least(classified.net_mrr, 0)
        end as decimal(18, 4)
    ) as net_churn_mrr,
    -- Where a merge parts a loss from a return, the month as a whole can lose MRR though the account joins.
    cast(
        case when classified.joined_customers = 1 then 0 else greatest(classified.net_mrr, 0) end as decimal(18, 4)
    ) as net_expansion_mrr,
    cast(
        case when classified.joined_customers = -1 then 0 else least(classified.net_mrr, 0) end as decimal(18, 4)
    ) as net_contraction_mrr,
    cast(classified.lowest_mrr as decimal(18, 4)) as lowest_mrr,
    nullif(coalesce(classified.earlier_plan_id, classified.latest_plan_id), '') as opening_plan_id,
    nullif(classified.latest_plan_id, '') as plan_id,
    case when classified.has_net_churn then classified.churn_kind end as churn_kind,
    case when classified.has_net_churn then classified.churn_reason end as churn_reason,
    classified.has_joined
    and classified.churn_kind is not null
    and not classified.was_customer
    and not classified.is_customer as is_new_and_churned
from classified
{%- if first_month is not none %}
left join {{ ref('int_revenue__first_payments') }} as first_payments
    on classified.account_id = first_payments.account_id
{%- endif %}
