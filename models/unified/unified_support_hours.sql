-- one row per day and opening of the help desk, and one for a day on which it stays closed
with schedules as (
    select
        coalesce(nullif(trim(timezone), ''), {{ reporting_zone() }}) as timezone,
        weekday,
        {{ clock_minutes('opens_at') }} as opening_minute,
        {{ clock_minutes('closes_at') }} as closing_minute
    from {{ ref('support_schedules') }}
    where schedule_id = '{{ policy("support_schedule") }}'
),

zones as (
    select max(timezone) as timezone
    from schedules
    having max(timezone) is not null
),

holidays as (
    select distinct holiday_on from {{ ref('support_holidays') }}
    where schedule_id = '{{ policy("support_schedule") }}'
),

-- A day more on both sides covers every time zone.
bounds as (
    select
        cast({{ dbt.dateadd('day', -1, 'cast(min(created_at) as date)') }} as date) as first_on,
        cast({{ dbt.dateadd('day', 1, 'cast(' ~ as_of() ~ ' as date)') }} as date) as last_on
    from {{ ref('unified_tickets') }}
    where created_at <= {{ as_of() }}
),

day_numbers as (
    select
        first_on,
        {{ expand_numbers('0', days_between('first_on', 'last_on')) }} as day_number
    from bounds
    where first_on is not null
),

days as (
    select
        cast({{ dbt.dateadd('day', 'day_number', 'first_on') }} as date) as local_day,
        -- 1 January 1900 was a Monday.
        {{ days_between(
            "cast('1900-01-01' as date)", 'cast(' ~ dbt.dateadd('day', 'day_number', 'first_on') ~ ' as date)'
        ) }} % 7 + 1 as weekday
    from day_numbers
),

openings as (
    select
        days.local_day,
        zones.timezone,
        {%- for edge, minute in [('opens_at', 'opening_minute'), ('closes_at', 'closing_minute')] %}
        {{ utc_time(
            dbt.dateadd('minute', 'schedules.' ~ minute, 'cast(days.local_day as timestamp)'), 'zones.timezone'
        ) }} as {{ edge }}{{ ',' if not loop.last }}
        {%- endfor %}
    from days
    cross join zones
    left join holidays on days.local_day = holidays.holiday_on
    left join schedules
        on
            days.weekday = schedules.weekday
            and holidays.holiday_on is null
),

-- Clocks may skip an opening.
lengths as (
    select
        *,
        coalesce(greatest({{ seconds_between('opens_at', 'closes_at') }}, 0), 0) as open_seconds
    from openings
)

select
    local_day,
    timezone,
    opens_at,
    closes_at,
    cast(
        sum(open_seconds) over (order by local_day) - sum(open_seconds) over (partition by local_day) as bigint
    ) as open_seconds_before
from lengths
