-- one row per account and month in which its MRR moves; the months between are carried by the next_month_number
with movements as (
    select * from {{ ref('int_revenue__account_movements') }}
),

plans as (
    select * from {{ ref('int_revenue__account_plans') }}
),

months as (
    select
        movements.account_id,
        movements.month_number,
        min_by(movements.mrr_before, movements.movement_number) as opening_mrr,
        {%- for type in ['new', 'expansion', 'contraction', 'churn', 'reactivation', 'fx_impact'] %}
        sum(case when movements.movement_type = '{{ type }}' then movements.mrr_change else 0 end) as {{ type }}_mrr,
        {%- endfor %}
        max_by(movements.mrr_after, movements.movement_number) as closing_mrr,
        max_by(
            plans.plan_id, case when plans.plan_id is not null then movements.movement_number end
        ) as moved_to_plan_id,
        max_by(
            movements.churn_kind, case when movements.churn_kind is not null then movements.movement_number end
        ) as churn_kind,
        max_by(
            movements.churn_reason, case when movements.churn_reason is not null then movements.movement_number end
        ) as churn_reason
    from movements
    left join plans
        on
            movements.account_id = plans.account_id
            and movements.occurred_at = plans.booked_at
            and movements.movement_type <> 'fx_impact'
    group by movements.account_id, movements.month_number
),

in_time as (
    select
        *,
        {{ last_known('moved_to_plan_id', 'account_id', 'month_number') }} as latest_plan_id,
        min(month_number) over account_in_time as cohort_month_number,
        min(closing_mrr) over account_in_time as lowest_mrr,
        row_number() over account_in_time = 1 as is_first_month
    from months
    window account_in_time as (
        partition by account_id
        order by month_number
        rows between unbounded preceding and current row
    )
),

-- A loss belongs to the plan that the account had at the opening, like the customer that it is a share of.
planned as (
    select
        *,
        case
            when opening_mrr > 0 and closing_mrr = 0
                then lag(latest_plan_id) over (partition by account_id order by month_number)
            else latest_plan_id
        end as plan_id
    from in_time
),

classified as (
    select
        *,
        closing_mrr - opening_mrr - fx_impact_mrr as net_mrr,
        case
            when opening_mrr = 0 and closing_mrr > 0 and is_first_month then 'new'
            when opening_mrr = 0 and closing_mrr > 0 then 'reactivation'
            when opening_mrr > 0 and closing_mrr = 0 then 'churn'
            when closing_mrr - opening_mrr - fx_impact_mrr > 0 then 'expansion'
            when closing_mrr - opening_mrr - fx_impact_mrr < 0 then 'contraction'
        end as net_movement_type,
        coalesce(lag(plan_id) over account_in_time, plan_id) as opening_plan_id,
        coalesce(
            lead(month_number) over account_in_time,
            {{ month_number(as_of()) }} + 1
        ) as next_month_number
    from planned
    window account_in_time as (partition by account_id order by month_number)
)

select
    account_id,
    month_number,
    cast(next_month_number as integer) as next_month_number,
    cohort_month_number,
    cast(opening_mrr as decimal(18, 4)) as opening_mrr,
    {%- for type in ['new', 'expansion', 'contraction', 'churn', 'reactivation', 'fx_impact'] %}
    cast({{ type }}_mrr as decimal(18, 4)) as {{ type }}_mrr,
    {%- endfor %}
    cast(closing_mrr as decimal(18, 4)) as closing_mrr,
    net_movement_type,
    {%- for type in ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
    cast(case when net_movement_type = '{{ type }}' then net_mrr else 0 end as decimal(18, 4)) as net_{{ type }}_mrr,
    {%- endfor %}
    cast(lowest_mrr as decimal(18, 4)) as lowest_mrr,
    opening_plan_id,
    plan_id,
    case when net_movement_type = 'churn' then churn_kind end as churn_kind,
    case when net_movement_type = 'churn' then churn_reason end as churn_reason,
    is_first_month and closing_mrr = 0 as is_new_and_churned
from classified
