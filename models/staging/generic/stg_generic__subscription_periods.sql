-- one row per subscription item, price kind and period start, in its latest version
{%- set item_id = 'coalesce(item_id, subscription_id)' %}
{%- set price_kind = "coalesce(price_kind, 'recurring')" %}
{%- set key = ['subscription_id', 'item_id', 'price_kind', 'period_start'] %}
with latest as (
    {{ latest_version(
        source('generic', 'subscription_periods'), ['subscription_id', item_id, price_kind, 'period_start'], 'updated_at'
    ) }}
),

renamed as (
    select
        subscription_id,
        {{ item_id }} as item_id,
        account_id,
        plan_id,
        upper(currency) as currency,
        coalesce(quantity, 1) as quantity,
        unit_amount,
        "interval" as interval_unit, -- noqa: RF06
        coalesce(interval_count, 1) as interval_count,
        coalesce(discount_amount, 0) as discount_amount,
        discount_kind,
        {{ price_kind }} as price_kind,
        coalesce(status, 'active') as status,
        period_start,
        period_end,
        cancel_requested_at,
        cancel_effective_at,
        cancel_kind,
        cancel_reason,
        replaces_subscription_id,
        updated_at,
        coalesce(is_deleted, false) as is_deleted,
        _batch_id,
        _loaded_at
    from latest
),

tombstones as (
    select
        subscription_id,
        {{ item_id }} as item_id,
        {{ price_kind }} as price_kind,
        period_start,
        updated_at,
        _loaded_at
    from {{ source('generic', 'subscription_periods') }}
    where is_deleted
),

living as (
    select
        tombstones.{{ key | join(', tombstones.') }},
        versions.updated_at,
        versions._loaded_at,
        versions._row
    from {{ source('generic', 'subscription_periods') }} as versions
    inner join tombstones
        on
            versions.subscription_id = tombstones.subscription_id
            and coalesce(versions.item_id, versions.subscription_id) = tombstones.item_id
            and coalesce(versions.price_kind, 'recurring') = tombstones.price_kind
            and versions.period_start = tombstones.period_start
    where not coalesce(versions.is_deleted, false)
),

latest_living as (
    {{ latest_version('living', key, 'updated_at') }}
),

-- A tombstone without updated_at, or with that of a living version, does not say when the period was deleted: by its
-- delivery at the latest. What was never delivered alive ends where it starts.
undated_deletions as (
    select
        tombstones.{{ key | join(', tombstones.') }},
        max(latest_living.updated_at) as living_updated_at,
        min(
            case when latest_living.subscription_id is null then tombstones.period_start else tombstones._loaded_at end
        ) as deleted_at
    from tombstones
    left join latest_living
        on
            {%- for column in key %}
            tombstones.{{ column }} = latest_living.{{ column }}
            {%- if not loop.last %} and{% endif -%}
            {%- endfor %}
    where
        (tombstones.updated_at is null or tombstones.updated_at = latest_living.updated_at)
        and (latest_living._loaded_at is null or tombstones._loaded_at >= latest_living._loaded_at)
    group by tombstones.{{ key | join(', tombstones.') }}
)

select
    renamed.*,
    coalesce(undated_deletions.deleted_at, case when renamed.is_deleted then renamed.updated_at end) as deleted_at,
    undated_deletions.subscription_id is not null as is_deleted_without_date
from renamed
left join undated_deletions
    on
        {%- for column in key %}
        renamed.{{ column }} = undated_deletions.{{ column }} and
        {%- endfor %}
        -- A tombstone that has a date wins.
        not (
            renamed.is_deleted
            and renamed.updated_at is not null
            and coalesce(renamed.updated_at <> undated_deletions.living_updated_at, true)
        )
