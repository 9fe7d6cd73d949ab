-- one row per account whose last week has a measure below its best, with the measures that cost the most points
with health_weeks as (
    select
        account_id,
        max(week) as week
    from {{ ref('fct_account_health') }}
    group by account_id
),

losses as (
    select
        measures.account_id,
        measures.measure,
        row_number() over (
            partition by measures.account_id
            order by measures.weight * (100 - measures.score) desc, measures.measure
        ) as loss_rank
    from {{ ref('fct_health_measures') }} as measures
    inner join health_weeks
        on measures.account_id = health_weeks.account_id and measures.week = health_weeks.week
    where measures.score < 100
)

select
    account_id,
    max(case when loss_rank = 1 then measure end)
    || coalesce(', ' || max(case when loss_rank = 2 then measure end), '')
    || coalesce(', ' || max(case when loss_rank = 3 then measure end), '') as health_reasons
from losses
where loss_rank <= 3
group by account_id
