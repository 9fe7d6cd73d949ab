-- one row per delivery check and object
with files as (
    select * from {{ ref('stg_landing__files') }}
),

delivery_days as (
    select distinct
        source_system || '/' || object_name as table_name,
        cast(loaded_at as date) as loaded_on
    from files
    where status = 'accepted'
),

day_pairs as (
    select
        table_name,
        loaded_on,
        lag(loaded_on) over (partition by table_name order by loaded_on) as loaded_before
    from delivery_days
),

gaps as (
    select
        table_name,
        loaded_on,
        -- noqa: disable=LT05
        {{ dbt.datediff('loaded_before', 'loaded_on', 'day') }} as gap
        -- noqa: enable=LT05
    from day_pairs
),

-- The usual gap is known from two gaps on.
rhythms as (
    select
        table_name,
        max(loaded_on) as newest_on,
        max(gap) as largest_gap,
        case when count(gap) >= 2 then cast(floor(3 * {{ median('gap') }}) as bigint) end as tolerated_gap
    from gaps
    group by table_name
),

latest_events as (
    select
        'subscription_periods' as table_name,
        cast(max(period_start) as date) as newest_on
    from {{ ref('unified_subscription_periods') }}
    where period_start <= {{ as_of() }}
    union all
    select
        'survey_responses' as table_name,
        cast(max(sent_at) as date) as newest_on
    from {{ ref('unified_survey_responses') }}
    where sent_at <= {{ as_of() }}
    union all
    select
        'tickets' as table_name,
        cast(max(created_at) as date) as newest_on
    from {{ ref('unified_tickets') }}
    where created_at <= {{ as_of() }}
    union all
    select
        'fx_rates' as table_name,
        max(rate_on) as newest_on
    from {{ ref('unified_fx_rates') }}
    where rate_on <= cast({{ as_of() }} as date)
),

checks as (
    select
        'days_since_delivery' as check_name,
        table_name,
        greatest({{ dbt.datediff('newest_on', as_of(), 'day') }}, 0) as observed,
        tolerated_gap as expected,
        'Days from the newest accepted file to as_of; expected: at most three times the usual gap.' as description
    from rhythms
    union all
    select
        'largest_delivery_gap' as check_name,
        table_name,
        coalesce(largest_gap, 0) as observed,
        tolerated_gap as expected,
        'Days of the largest hole between deliveries; expected: at most three times the usual gap.' as description
    from rhythms
    union all
    select
        'days_since_event' as check_name,
        table_name,
        {{ dbt.datediff('newest_on', as_of(), 'day') }} as observed,
        case table_name when 'fx_rates' then {{ policy('fx_max_age_days') }} end as expected,
        'Days from the newest start of service, invitation, ticket or exchange rate to as_of.' as description
    from latest_events
    where newest_on is not null
)

select
    check_name,
    table_name,
    'all' as detail,
    cast(observed as bigint) as observed,
    cast(expected as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    description
from checks
union all
select
    'account_unknown' as check_name,
    'survey_responses' as table_name,
    'all' as detail,
    count(*) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    'Survey answers and invitations that belong to no known account.' as description
from {{ ref('unified_survey_responses') }} as responses
left join {{ ref('unified_accounts') }} as accounts on responses.account_id = accounts.account_id
where accounts.account_id is null
{%- for attribute in policy('account_attributes') %}
union all
select
    'attribute_without_values' as check_name,
    'accounts' as table_name,
    '{{ attribute }}' as detail,
    case when count({{ attribute }}) = 0 then count(*) else 0 end as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    'Accounts, if none of them has a value of this attribute from account_attributes.' as description
from {{ ref('unified_accounts') }}
{%- endfor %}
