-- one row per subscription item and change of its price or quantity, as versions of the item show it
{{ config(enabled='stripe' in var('connectors')) }}
{%- set kept = [
    'item_id', 'subscription_id', 'created_at', 'current_period_start', 'history_source', '_batch_id', '_loaded_at',
] %}
with subscriptions as (
    select * from {{ ref('unified_stripe__subscriptions') }}
),

items as (
    select * from {{ ref('unified_stripe__item_versions') }}
),

lines as (
    select * from {{ ref('unified_stripe__line_terms') }}
),

credits as (
    select
        item_id,
        starts_at
    from {{ ref('unified_stripe__invoice_lines') }}
    where line_kind = 'credit'
),

-- An item ends with the first list of its subscription that lacks it.
versions as (
    select
        {{ kept | join(',\n        ') }},
        case when not is_deleted then price_id end as price_id,
        coalesce(quantity, 1) as quantity,
        observed_at,
        changed_at
    from items
    union all
    select
        {{ kept | join(',\n        ') }},
        cast(null as string) as price_id,
        coalesce(quantity, 1) as quantity,
        next_list_at as observed_at,
        cast(null as timestamp) as changed_at
    from items
    where is_latest and next_list_at is not null
),

neighbours as (
    select
        versions.*,
        coalesce(versions.current_period_start, subscriptions.current_period_start) as period_start,
        subscriptions.starts_at as subscription_starts_at,
        subscriptions.created_at as subscription_created_at,
        lag(versions.observed_at) over in_time as previous_observed_at,
        lag(versions.current_period_start) over in_time as previous_period_start,
        lag(versions.price_id) over in_time as previous_price_id,
        lag(versions.quantity) over in_time as previous_quantity
    from versions
    inner join subscriptions on versions.subscription_id = subscriptions.subscription_id
    window in_time as (partition by versions.item_id order by versions.observed_at)
),

changes as (
    select
        *,
        previous_observed_at is null as is_first,
        coalesce({{ known_since('previous_observed_at', 'previous_period_start', 'period_start') }}, period_start)
            as known_since
    from neighbours
    where
        previous_observed_at is null
        or price_id is distinct from previous_price_id
        or (quantity <> previous_quantity and price_id is not null)
),

-- The invoice line that begins the new terms, or the credit that ends the item, between two deliveries.
line_dates as (
    select
        changes.item_id,
        changes.observed_at,
        min(case when not changes.is_first then lines.valid_from end) as first_line_at,
        max(case when changes.is_first then lines.valid_from end) as last_line_at
    from changes
    inner join lines
        on
            changes.item_id = lines.item_id
            and changes.price_id = lines.price_id
            and changes.quantity = lines.quantity
            and changes.known_since < lines.valid_from
            and changes.observed_at >= lines.valid_from
    group by changes.item_id, changes.observed_at
),

credit_dates as (
    select
        changes.item_id,
        changes.observed_at,
        min(credits.starts_at) as credited_at
    from changes
    inner join credits
        on
            changes.item_id = credits.item_id
            and changes.known_since < credits.starts_at
            and changes.observed_at >= credits.starts_at
    where changes.price_id is null
    group by changes.item_id, changes.observed_at
),

-- A delivery shows a change only afterwards. An invoice line dates it, else the start of the billing period.
dated as (
    select
        changes.*,
        case
            when changes.is_first
                then coalesce(
                    line_dates.last_line_at,
                    {{ earliest('changes.period_start', 'coalesce(changes.changed_at, changes.observed_at)') }}
                )
            else coalesce(
                changes.changed_at,
                line_dates.first_line_at,
                credit_dates.credited_at,
                case
                    when changes.period_start > changes.known_since and changes.price_id is not null
                        then nullif({{ earliest('changes.period_start', 'changes.observed_at') }}, changes.observed_at)
                end,
                changes.observed_at
            )
        end as began_at,
        -- The first item of a backdated subscription serves from its start.
        case
            when changes.created_at > {{ dbt.dateadd('minute', 1, 'changes.subscription_created_at') }}
                then greatest(changes.created_at, changes.subscription_starts_at)
            else changes.subscription_starts_at
        end as starts_at
    from changes
    left join line_dates on {{ equal_keys('changes', 'line_dates', ['item_id', 'observed_at']) }}
    left join credit_dates on {{ equal_keys('changes', 'credit_dates', ['item_id', 'observed_at']) }}
)

select
    item_id,
    subscription_id,
    price_id,
    quantity,
    history_source,
    is_first,
    case when is_first then greatest(began_at, starts_at) else began_at end as changed_at,
    starts_at,
    _batch_id,
    _loaded_at
from dated
