-- one row per account and week at whose end it is a customer
with scores as (
    select * from {{ ref('int_health__scores') }}
),

plays as (
    {{ signal_thresholds() }}
),

trends as (
    select
        scores.*,
        {{ health_trend('scores') }} as trend_30d
    from scores
)

select
    trends.account_id,
    {{ week_start('trends.week_number') }} as week,
    trends.week_number < {{ as_of_week() }} as is_complete,
    trends.week_number = max(trends.week_number) over (partition by trends.account_id) as is_latest,
    trends.score_card,
    trends.health_score,
    trends.health_band,
    cast(trends.measures_present as bigint) as measures_present,
    cast(trends.trend_30d as decimal(7, 4)) as trend_30d,
    {{ signal_list('risk', 'plays') }} as risk_signals,
    {{ signal_list('expansion', 'plays') }} as expansion_signals
from trends
cross join plays
where trends.week_number > {{ as_of_week() }} - {{ policy('health_history_weeks') }}
