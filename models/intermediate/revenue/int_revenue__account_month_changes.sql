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
        min_by(movements.movement_type, movements.movement_number) as first_movement_type,
        max_by(
            plans.plan_id, case when plans.plan_id is not null then movements.movement_number end
        ) as moved_to_plan_id
    from movements
    left join plans
        on
            movements.account_id = plans.account_id
            and movements.occurred_at = plans.booked_at
            and movements.movement_type <> 'fx_impact'
    group by movements.account_id, movements.month_number
),

-- The cause of a month's loss is that of its last churn.
causes as (
    select
        account_id,
        month_number,
        max_by(churn_kind, movement_number) as churn_kind,
        max_by(churn_reason, movement_number) as churn_reason
    from movements
    where movement_type = 'churn'
    group by account_id, month_number
),

in_time as (
    select
        *,
        {{ last_known('moved_to_plan_id', 'account_id', 'month_number') }} as latest_plan_id,
        min(month_number) over account_in_time as cohort_month_number,
        min(closing_mrr) over account_in_time as lowest_mrr
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
            when opening_mrr = 0 and closing_mrr > 0 then first_movement_type
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
    classified.account_id,
    classified.month_number,
    cast(classified.next_month_number as integer) as next_month_number,
    classified.cohort_month_number,
    cast(classified.opening_mrr as decimal(18, 4)) as opening_mrr,
    {%- for type in ['new', 'expansion', 'contraction', 'churn', 'reactivation', 'fx_impact'] %}
    cast(classified.{{ type }}_mrr as decimal(18, 4)) as {{ type }}_mrr,
    {%- endfor %}
    cast(classified.closing_mrr as decimal(18, 4)) as closing_mrr,
    classified.net_movement_type,
    {%- for type in ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
    cast(
        case when classified.net_movement_type = '{{ type }}' then classified.net_mrr else 0 end as decimal(18, 4)
    ) as net_{{ type }}_mrr,
    {%- endfor %}
    cast(classified.lowest_mrr as decimal(18, 4)) as lowest_mrr,
    classified.opening_plan_id,
    classified.plan_id,
    causes.churn_kind,
    causes.churn_reason,
    classified.first_movement_type = 'new'
    and classified.opening_mrr = 0
    and classified.closing_mrr = 0 as is_new_and_churned
from classified
left join causes
    on
        classified.account_id = causes.account_id
        and classified.month_number = causes.month_number
        and classified.net_movement_type = 'churn'
