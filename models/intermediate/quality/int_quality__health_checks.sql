-- one row per check of the rules of health
with score_cards as (
    select * from {{ ref('health_score_cards') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
    where not is_internal
),

segments as (
    select distinct segment from accounts
),

customers as (
    select * from {{ ref('int_health__scores') }}
    where week_number = {{ as_of_week() }}
),

checks as (
    select
        'segment_unknown' as check_name,
        'health_score_cards' as table_name,
        count(*) as rows_found,
        0 as expected,
        'Segments of the seed health_score_cards that no account has. Their score card is not used.' as description
    from score_cards
    left join segments on score_cards.segment = segments.segment
    where segments.segment is null and score_cards.segment <> 'all'
    union all
    select
        'customer_without_score' as check_name,
        'fct_account_health' as table_name,
        count(*) as rows_found,
        null as expected,
        'Customers at as_of without a health score, because no measure of their score card is known.' as description
    from customers
    where health_score is null
)

select
    check_name,
    table_name,
    'all' as detail,
    cast(rows_found as bigint) as observed,
    cast(expected as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    description
from checks
