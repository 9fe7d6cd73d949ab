-- one row per account and day on which its contracts fall due
with outcomes as (
    select
        *,
        -- What could have been known as long before the due date as health looks ahead.
        case
            when outcome = 'open' then {{ as_of_week() }}
            else {{ week_number(dbt.dateadd('day', 1 - policy('health_renewal_days'), 'due_on')) }} - 1
        end as health_week_number
    from {{ ref('int_renewals__outcomes') }}
),

health_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('fct_account_health') }}
),

renewals as (
    select
        outcomes.*,
        health_weeks.health_score,
        health_weeks.health_band
    from outcomes
    left join health_weeks
        on
            outcomes.account_id = health_weeks.account_id
            and outcomes.health_week_number = health_weeks.week_number
),

bands as (
    select
        health_band,
        {{ rate("sum(case when outcome <> 'lost' then 1 else 0 end)", 'count(*)') }} as renewal_rate
    from renewals
    where outcome <> 'open' and health_band is not null
    group by health_band
)

select
    renewals.contract_id,
    renewals.contract_ids,
    renewals.contracts,
    renewals.account_id,
    renewals.starts_on,
    renewals.due_on,
    renewals.auto_renew,
    renewals.due_amount,
    renewals.renewed_amount,
    renewals.renewed_on,
    renewals.outcome,
    renewals.days_to_renewal,
    renewals.health_score,
    renewals.health_band,
    case
        when renewals.outcome = 'open'
            then
                case renewals.health_band
                    when 'green' then 'likely'
                    when 'yellow' then 'uncertain'
                    when 'red' then 'unlikely'
                end
    end as likelihood,
    case when renewals.outcome = 'open' then bands.renewal_rate end as band_renewal_rate,
    renewals.outcome = 'open'
    and row_number() over (partition by renewals.account_id, renewals.outcome order by renewals.due_on) = 1 as is_next
from renewals
left join bands on renewals.health_band = bands.health_band
