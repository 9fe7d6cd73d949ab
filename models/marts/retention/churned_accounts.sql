-- one row per churn of an account
{%- set horizons = [90, 60, 30] %}
with movements as (
    select * from {{ ref('fct_mrr_movements') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

health_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('fct_account_health') }}
),

details as (
    select * from {{ ref('int_health__weeks') }}
),

tickets as (
    select
        account_id,
        {{ local_day('created_at') }} as heard_on
    from {{ ref('fct_tickets') }}
),

answers as (
    select
        account_id,
        {{ local_day('responded_at') }} as heard_on
    from {{ ref('fct_survey_responses') }}
    where score is not null
),

churns as (
    select
        movements.movement_id,
        movements.account_id,
        movements.occurred_on,
        {{ days_between('accounts.first_paid_on', 'movements.occurred_on') }} as tenure_days,
        -movements.mrr_change as churned_mrr,
        movements.churn_kind,
        movements.churn_reason
    from movements
    inner join accounts on movements.account_id = accounts.account_id
    where movements.movement_type = 'churn'
),

moments as (
    {%- for days in horizons %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        movement_id,
        account_id,
        {{ days }} as days_before,
        cast({{ dbt.dateadd('day', -days, 'occurred_on') }} as date) as seen_on,
        -- The last week that ended by then.
        {{ week_number(dbt.dateadd('day', 1 - days, 'occurred_on')) }} - 1 as week_number
    from churns
    {%- endfor %}
),

balances as (
    select
        moments.movement_id,
        moments.days_before,
        {{ last_by('movements.mrr_after', 'movements.movement_number') }} as mrr
    from moments
    inner join movements on moments.account_id = movements.account_id
    where movements.occurred_on <= moments.seen_on
    group by moments.movement_id, moments.days_before
),

states as (
    select
        moments.movement_id
        {%- for days in horizons %}
        {%- for name, value in [
            ('mrr', 'balances.mrr'), ('nps', 'details.nps'), ('tickets', 'details.tickets'),
            ('active_users', 'details.active_users'), ('health_score', 'health_weeks.health_score'),
            ('health_band', 'health_weeks.health_band')
        ] %},
        max(case when moments.days_before = {{ days }} then {{ value }} end) as {{ name }}_{{ days }}d_before
        {%- endfor %}
        {%- endfor %}
    from moments
    left join balances
        on moments.movement_id = balances.movement_id and moments.days_before = balances.days_before
    left join details on moments.account_id = details.account_id and moments.week_number = details.week_number
    left join health_weeks
        on moments.account_id = health_weeks.account_id and moments.week_number = health_weeks.week_number
    group by moments.movement_id
),

voices as (
    select * from tickets
    union all
    select * from answers
),

words as (
    select churns.movement_id
    from churns
    inner join voices on churns.account_id = voices.account_id
    where {{ days_between('voices.heard_on', 'churns.occurred_on') }} between 1 and 90
    group by churns.movement_id
),

warnings as (
    select
        churns.movement_id,
        count(health_weeks.risk_signals) > 0 as had_signal
    from churns
    inner join health_weeks on churns.account_id = health_weeks.account_id
    where {{ days_between('health_weeks.week', 'churns.occurred_on') }} between 7 and 90
    group by churns.movement_id
)

select
    churns.*,
    churns.tenure_days <= 90 as is_early_churn
    {%- for days in horizons %}
    {%- for name, kind in [
        ('mrr', 'decimal(18, 4)'), ('nps', 'double'), ('tickets', 'bigint'), ('active_users', 'bigint'),
        ('health_score', 'decimal(7, 4)'), ('health_band', dbt.type_string())
    ] %},
    cast(states.{{ name }}_{{ days }}d_before as {{ kind }}) as {{ name }}_{{ days }}d_before
    {%- endfor %}
    {%- endfor %},
    warnings.had_signal,
    words.movement_id is null as is_silent
from churns
inner join states on churns.movement_id = states.movement_id
left join warnings on churns.movement_id = warnings.movement_id
left join words on churns.movement_id = words.movement_id
