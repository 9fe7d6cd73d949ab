-- one row per usage charge, with its lane: charges of one item that run at the same time are in different lanes
{{ config(materialized=inlined()) }}
{%- set meter = 'source_system, subscription_id, item_id' %}
with recursive charges as (
    select
        {{ meter }},
        period_start,
        period_end
    from {{ ref('unified_subscription_periods') }}
    where
        price_kind = 'usage'
        and {{ is_service('price_kind', 'period_start', 'period_end') }}
),

boundaries as (
    select
        {{ meter }},
        period_start,
        period_start as occurred_at,
        1 as step
    from charges
    union all
    select
        {{ meter }},
        period_start,
        period_end as occurred_at,
        -1 as step
    from charges
    where period_end is not null
),

-- The level is the number of charges that run just after a start or just before an end. At an instant, ends come first.
levels as (
    select
        *,
        sum(step) over charges_so_far - least(step, 0) as charge_level
    from boundaries
    window charges_so_far as (
        partition by {{ meter }}
        order by occurred_at asc, step asc, period_start desc
        rows between unbounded preceding and current row
    )
),

-- Starts and ends alternate on each level, so a charge continues the last ended charge that has no successor yet.
-- If several charges ended together, it continues the one that started first.
neighbours as (
    select
        {{ meter }},
        period_start,
        step,
        charge_level,
        lag(period_start) over (
            partition by {{ meter }}, charge_level
            order by occurred_at asc, step asc, period_start desc
        ) as continued_start
    from levels
),

links as (
    select
        *,
        max(charge_level) over (partition by {{ meter }}) > 1 as has_overlap
    from neighbours
    where step = 1
),

lanes as (
    select
        {{ meter }},
        period_start,
        charge_level as lane
    from links
    where has_overlap and continued_start is null
    union all
    select
        links.source_system,
        links.subscription_id,
        links.item_id,
        links.period_start,
        lanes.lane
    from lanes
    inner join links
        on
            lanes.source_system = links.source_system
            and lanes.subscription_id = links.subscription_id
            and lanes.item_id = links.item_id
            and lanes.period_start = links.continued_start
    where links.has_overlap
)

select
    {{ meter }},
    period_start,
    cast(1 as integer) as lane
from links
where not has_overlap
union all
select
    {{ meter }},
    period_start,
    cast(lane as integer) as lane
from lanes
