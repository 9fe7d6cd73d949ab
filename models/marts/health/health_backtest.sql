-- one row per scoring month, horizon and rule, and per horizon and rule for all complete months
{%- set rules = {
    'red': "health_band = 'red'",
    'red_or_yellow': "health_band in ('red', 'yellow')",
    'no_login_30d': 'inactive_days >= 30',
    'last_nps_detractor': 'is_last_answer_detractor'
} %}
with health_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('fct_account_health') }}
),

details as (
    select * from {{ ref('int_health__weeks') }}
),

months as (
    select * from {{ ref('dim_months') }}
    where is_complete
),

-- The last week that ends in a month is the last one that was known at its close.
scoring_weeks as (
    select
        month,
        {{ closing_week(month_number('month')) }} as week_number
    from months
),

scored as (
    select
        scoring_weeks.month,
        health_weeks.account_id,
        health_weeks.health_band,
        details.inactive_days,
        details.is_last_answer_detractor,
        details.week_end_on
    from scoring_weeks
    inner join health_weeks on scoring_weeks.week_number = health_weeks.week_number
    inner join details
        on health_weeks.account_id = details.account_id and health_weeks.week_number = details.week_number
    where health_weeks.health_score is not null
),

churns as (
    select
        account_id,
        occurred_on as churned_on
    from {{ ref('fct_mrr_movements') }}
    where movement_type = 'churn'
),

outcomes as (
    select
        scored.month,
        scored.account_id,
        scored.week_end_on,
        max(scored.health_band) as health_band,
        max(scored.inactive_days) as inactive_days,
        max(case when scored.is_last_answer_detractor then 1 else 0 end) = 1 as is_last_answer_detractor,
        min(
            case when churns.churned_on > scored.week_end_on
                then {{ days_between('scored.week_end_on', 'churns.churned_on') }}
            end
        ) as days_to_churn
    from scored
    left join churns on scored.account_id = churns.account_id
    group by scored.month, scored.account_id, scored.week_end_on
),

flags as (
    {%- for rule, condition in rules.items() %}
    {%- set outer = loop %}
    {%- for days in [30, 60, 90] %}
    {%- if not (outer.first and loop.first) %}
    union all
    {%- endif %}
    select
        month,
        {{ days }} as horizon_days,
        '{{ rule }}' as rule_name,
        {{ days_between('week_end_on', as_of_day()) }} > {{ days }} as is_complete,
        coalesce({{ condition }}, false) as is_flagged,
        coalesce(days_to_churn <= {{ days }}, false) as has_churned
    from outcomes
    {%- endfor %}
    {%- endfor %}
),

totals as (
    select
        'month' as period_type,
        month as period_start,
        horizon_days,
        rule_name,
        is_complete,
        count(*) as scored_accounts,
        sum(case when is_flagged then 1 else 0 end) as flagged_accounts,
        sum(case when has_churned then 1 else 0 end) as churned_accounts,
        sum(case when is_flagged and has_churned then 1 else 0 end) as true_positives
    from flags
    group by month, horizon_days, rule_name, is_complete
),

periods as (
    select * from totals
    union all
    select
        'all' as period_type,
        min(period_start) as period_start,
        horizon_days,
        rule_name,
        true as is_complete,
        sum(scored_accounts) as scored_accounts,
        sum(flagged_accounts) as flagged_accounts,
        sum(churned_accounts) as churned_accounts,
        sum(true_positives) as true_positives
    from totals
    where is_complete
    group by horizon_days, rule_name
)

select
    period_type,
    period_start,
    cast(horizon_days as bigint) as horizon_days,
    rule_name,
    is_complete,
    cast(scored_accounts as bigint) as scored_accounts,
    cast(flagged_accounts as bigint) as flagged_accounts,
    {%- for measure in ['churned_accounts', 'true_positives'] %}
    cast(case when is_complete then {{ measure }} end as bigint) as {{ measure }},
    {%- endfor %}
    case when is_complete then {{ rate('true_positives', 'churned_accounts') }} end as recall_rate,
    case when is_complete then {{ rate('true_positives', 'flagged_accounts') }} end as precision_rate,
    case when is_complete then {{ rate('churned_accounts', 'scored_accounts') }} end as base_rate,
    case
        when is_complete
            then {{ rate(rate('true_positives', 'flagged_accounts'), rate('churned_accounts', 'scored_accounts')) }}
    end as lift
from periods
