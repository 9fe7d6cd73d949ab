-- one row per account and quarter at whose close, or at as_of, it is a customer
{%- set compared = [
    'mrr_retention_12m', 'seat_utilisation', 'active_users', 'feature_adoption_rate', 'tickets_opened',
    'median_first_reply_minutes', 'median_full_resolution_minutes', 'csat_rate', 'nps_score_latest', 'health_score'
] %}
{%- set at_close = ['seats_paid', 'seat_utilisation', 'nps_score_latest', 'health_score', 'health_band'] %}
with quarters as (
    select * from {{ ref('int_reviews__quarters') }}
),

voices as (
    select * from {{ ref('int_reviews__voices') }}
),

ahead as (
    select * from {{ ref('int_reviews__plans') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

-- fct_account_months is a view over all months, so it is read once.
account_quarters as (
    select
        quarters.account_id,
        quarters.quarter,
        sum(months.tickets_opened) as tickets_opened,
        avg(cast(months.active_users as double)) as active_users
        {%- for figure in at_close %},
        max(
            case when {{ month_number('months.month') }} = quarters.month_number then months.{{ figure }} end
        ) as {{ figure }}
        {%- endfor %}
    from {{ ref('fct_account_months') }} as months
    inner join quarters
        on
            months.account_id = quarters.account_id
            and cast({{ dbt.date_trunc('quarter', 'months.month') }} as date) = quarters.quarter
    group by quarters.account_id, quarters.quarter
),

health_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('fct_account_health') }}
),

usage_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('fct_usage_weeks') }}
),

reviews as (
    select
        quarters.*,
        accounts.segment,
        coalesce(accounts.segment, '') as segment_key,
        account_quarters.seats_paid,
        account_quarters.seat_utilisation,
        account_quarters.nps_score_latest,
        account_quarters.health_score,
        account_quarters.health_band,
        account_quarters.active_users,
        account_quarters.tickets_opened,
        health_weeks.risk_signals,
        usage_weeks.features_used,
        usage_weeks.feature_adoption_rate,
        voices.median_first_reply_minutes,
        voices.median_full_resolution_minutes,
        voices.csat_rate,
        voices.qbr_on,
        -- Without tickets of any account nothing is known about tickets.
        case
            when account_quarters.tickets_opened is not null then coalesce(voices.tickets_reopened, 0)
        end as tickets_reopened,
        coalesce(voices.calls, 0) as calls,
        ahead.next_renewal_on,
        ahead.days_to_renewal,
        ahead.late_milestones,
        ahead.milestones_ahead_90d
    from quarters
    inner join accounts on quarters.account_id = accounts.account_id
    inner join account_quarters
        on quarters.account_id = account_quarters.account_id and quarters.quarter = account_quarters.quarter
    inner join ahead on quarters.account_id = ahead.account_id and quarters.quarter = ahead.quarter
    left join voices on quarters.account_id = voices.account_id and quarters.quarter = voices.quarter
    left join health_weeks
        on quarters.account_id = health_weeks.account_id and quarters.week_number = health_weeks.week_number
    left join usage_weeks
        on quarters.account_id = usage_weeks.account_id and quarters.week_number = usage_weeks.week_number
),

segments as (
    select
        quarter,
        segment_key,
        count(*) as segment_accounts,
        -- A middle value is an amount that somebody pays; of two, the lower one.
        {{ percentile('closing_mrr', 0.5) }} as median_closing_mrr
        {%- for figure in compared %},
        {{ median('cast(' ~ figure ~ ' as double)') }} as median_{{ figure }}
        {%- endfor %}
    from reviews
    group by quarter, segment_key
)

select
    reviews.account_id,
    reviews.quarter,
    reviews.is_complete,
    reviews.closed_on,
    reviews.segment,
    cast(segments.segment_accounts as bigint) as segment_accounts,
    cast(reviews.opening_mrr as decimal(18, 4)) as opening_mrr,
    cast(reviews.closing_mrr as decimal(18, 4)) as closing_mrr,
    cast(reviews.closing_mrr - reviews.opening_mrr as decimal(18, 4)) as mrr_change,
    cast(segments.median_closing_mrr as decimal(18, 4)) as segment_median_closing_mrr,
    cast(reviews.seats_paid as bigint) as seats_paid,
    cast(reviews.features_used as bigint) as features_used,
    cast(reviews.tickets_reopened as bigint) as tickets_reopened,
    reviews.health_band,
    reviews.risk_signals,
    reviews.next_renewal_on,
    cast(reviews.days_to_renewal as bigint) as days_to_renewal,
    cast(reviews.late_milestones as bigint) as late_milestones,
    cast(reviews.milestones_ahead_90d as bigint) as milestones_ahead_90d,
    cast(reviews.calls as bigint) as calls,
    reviews.qbr_on
    {%- for figure in compared %},
    {% if figure == 'tickets_opened' -%}
    cast(reviews.{{ figure }} as bigint) as {{ figure }}
    {%- else -%}
    reviews.{{ figure }}
    {%- endif %},
    segments.median_{{ figure }} as segment_median_{{ figure }}
    {%- endfor %}
from reviews
inner join segments on reviews.quarter = segments.quarter and reviews.segment_key = segments.segment_key
