-- Lists the problems of rows in the seeds support_*, in words. dbt builds nothing until they are fixed.
with schedules as (
    select
        *,
        {{ dbt.concat(["schedule_id", "' weekday '", "coalesce(cast(weekday as string), '?')"]) }} as target,
        case when opens_at like '%_:__' then {{ clock_minutes('opens_at') }} end as opening_minute,
        case when closes_at like '%_:__' then {{ clock_minutes('closes_at') }} end as closing_minute
    from {{ ref('support_schedules') }}
),

neighbours as (
    select
        *,
        max(closing_minute) over (
            partition by schedule_id, weekday
            order by opening_minute, closing_minute
            rows between unbounded preceding and 1 preceding
        ) as closed_before,
        min(coalesce(trim(timezone), '')) over (partition by schedule_id) as first_timezone
    from schedules
),

known_schedules as (
    select distinct schedule_id from schedules
),

problems as (
    select
        'support_schedules' as seed,
        target,
        case
            when coalesce(trim(schedule_id), '') = '' then 'schedule_id is missing'
            when weekday is null or weekday not between 1 and 7 then 'weekday is none of 1 (Monday) to 7 (Sunday)'
            when opening_minute is null or closing_minute is null then 'write opens_at and closes_at as HH:MM'
            when closing_minute > 1440 then 'closes_at is after 24:00'
            when opening_minute >= closing_minute
                then 'closes_at is not after opens_at. Hours past midnight need a second row for the next day'
            when opening_minute < closed_before then 'the hours overlap with those of another row'
            when coalesce(trim(timezone), '') <> first_timezone then 'the rows of a schedule have different time zones'
        end as problem
    from neighbours
    union all
    select
        'support_holidays' as seed,
        coalesce(holidays.schedule_id, '') as target,
        case
            when known_schedules.schedule_id is null then 'support_schedules has no such schedule_id'
            when holidays.holiday_on is null then 'holiday_on is missing'
        end as problem
    from {{ ref('support_holidays') }} as holidays
    left join known_schedules on holidays.schedule_id = known_schedules.schedule_id
)

select
    seed,
    target,
    problem
from problems
where problem is not null
order by seed, target, problem
