-- one row per instant of a ticket: the business seconds before it
with tickets as (
    select * from {{ ref('int_support__tickets') }}
),

spans as (
    select * from {{ ref('int_support__status_spans') }}
    where not is_solved
),

hours as (
    select * from {{ ref('unified_support_hours') }}
),

zones as (
    select max(timezone) as timezone
    from hours
    having max(timezone) is not null
),

instants as (
    {%- for column in ['created_at', 'first_replied_at', 'first_solved_at', 'solved_at'] %}
    select {{ column }} as instant from tickets
    where {{ column }} is not null
    union
    {%- endfor %}
    select started_at as instant from spans
    union
    select ended_at as instant from spans
),

local_days as (
    select
        instants.instant,
        {{ local_time('instants.instant', 'zones.timezone') }} as local_instant
    from instants
    cross join zones
)

select
    local_days.instant,
    min(hours.open_seconds_before) + sum(
        case
            when local_days.instant > hours.opens_at
                then greatest(
                    {{ seconds_between('hours.opens_at', 'least(local_days.instant, hours.closes_at)') }}, 0
                )
            else 0
        end
    ) as business_seconds
from local_days
inner join hours on cast(local_days.local_instant as date) = hours.local_day
group by local_days.instant
