-- one row per recurring line item of a won deal of HubSpot, with its term or the reason that it does not count
{{ config(enabled='hubspot' in var('connectors')) }}
with deals as (
    select
        deals.*,
        -- Won is the flag, or a stage with a probability of 1, and never a label.
        coalesce(deals.is_won, stages.is_won, false) as is_closed_won
    from {{ ref('stg_hubspot__deals') }} as deals
    left join {{ ref('stg_hubspot__pipeline_stages') }} as stages
        on deals.pipeline_id = stages.pipeline_id and deals.stage_id = stages.stage_id
),

companies as (
    select
        deal_id,
        {{ last_by('case when is_primary then company_id end', '_loaded_at') }} as primary_company_id,
        case when min(company_id) = max(company_id) then min(company_id) end as only_company_id
    from {{ ref('stg_hubspot__deal_companies') }}
    where not is_deleted
    group by deal_id
),

item_deals as (
    select
        line_item_id,
        min(deal_id) as deal_id
    from {{ ref('stg_hubspot__deal_line_items') }}
    where not is_deleted
    group by line_item_id
),

-- A duration is a number of months, years, weeks or days: P12M, P1Y, P4W, P90D.
items as (
    select
        items.*,
        coalesce(items.deal_id, item_deals.deal_id) as item_deal_id,
        cast(nullif(regexp_extract(items.billing_period, '^P([0-9]+)[MYWD]$', 1), '') as integer) as periods,
        substring(items.billing_period, length(items.billing_period), 1) as period_unit,
        case items.billing_frequency
            when 'monthly' then 1
            when 'quarterly' then 3
            when 'per_six_months' then 6
            when 'annually' then 12
            when 'per_two_years' then 24
            when 'per_three_years' then 36
            when 'per_four_years' then 48
            when 'per_five_years' then 60
        end as interval_months
    from {{ ref('stg_hubspot__line_items') }} as items
    left join item_deals on items.line_item_id = item_deals.line_item_id
    where items.billing_frequency is not null and not items.is_deleted
),

terms as (
    select
        items.line_item_id,
        deals.deal_id,
        coalesce(deals.company_id, companies.primary_company_id, companies.only_company_id) as company_id,
        coalesce(items.starts_on, cast(deals.closed_at as date)) as starts_on,
        case items.period_unit when 'M' then items.periods when 'Y' then 12 * items.periods end as term_months,
        case items.period_unit when 'D' then items.periods when 'W' then 7 * items.periods end as term_days,
        items.term_amount,
        items.interval_amount,
        items.interval_months,
        deals.currency,
        items._batch_id,
        items._loaded_at
    from items
    inner join deals on items.item_deal_id = deals.deal_id
    left join companies on deals.deal_id = companies.deal_id
    where deals.is_closed_won and not deals.is_deleted
)

select
    line_item_id,
    deal_id,
    company_id,
    starts_on,
    cast(coalesce(
        {{ dbt.dateadd('month', 'term_months', 'starts_on') }}, {{ dbt.dateadd('day', 'term_days', 'starts_on') }}
    ) as date) as ends_on,
    -- The amount of a line item is that of one billing interval.
    {{ round_money(
        'coalesce(term_amount, case when mod(term_months, interval_months) = 0'
        ~ ' then interval_amount * cast(term_months / interval_months as integer) end)'
    ) }} as amount,
    currency,
    case
        when company_id is null then 'no_account'
        when starts_on is null or coalesce(term_months, term_days, 0) <= 0 then 'no_term'
    end as exception_reason,
    _batch_id,
    _loaded_at
from terms
