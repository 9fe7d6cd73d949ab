-- one row per subscription item, price kind and period start, in its latest version
{%- set key = ['subscription_id', 'line_id', 'kind', 'period_start'] %}
with line_ids as (
    select * from {{ ref('stg_generic__subscription_line_ids') }}
),

delivered_periods as (
    select
        raw_periods.*,
        coalesce(line_ids.item_id, raw_periods.item_id, raw_periods.subscription_id) as line_id,
        coalesce(raw_periods.price_kind, 'recurring') as kind
    from {{ source('generic', 'subscription_periods') }} as raw_periods
    left join line_ids
        on
            raw_periods._batch_id = line_ids._batch_id
            and raw_periods._row = line_ids._row
),

latest_versions as (
    {{ latest_version('delivered_periods', key, 'updated_at') }}
),

renamed as (
    select
        subscription_id,
        line_id as item_id,
        account_id,
        plan_id,
        upper(currency) as currency,
        coalesce(quantity, 1) as quantity,
        unit_amount,
        {{ adapter.quote('interval') }} as interval_unit,
        coalesce(interval_count, 1) as interval_count,
        coalesce(discount_amount, 0) as discount_amount,
        discount_kind,
        kind as price_kind,
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
    from latest_versions
),

tombstones as (
    select
        subscription_id,
        line_id,
        kind,
        period_start,
        updated_at,
        _loaded_at
    from delivered_periods
    where is_deleted
),

living_versions as (
    select
        versions.subscription_id,
        versions.line_id,
        versions.kind,
        versions.period_start,
        versions.updated_at,
        versions._loaded_at,
        versions._row
    from delivered_periods as versions
    inner join tombstones
        on
            versions.subscription_id = tombstones.subscription_id
            and versions.line_id = tombstones.line_id
            and versions.kind = tombstones.kind
            and versions.period_start = tombstones.period_start
    where not coalesce(versions.is_deleted, false)
),

latest_living_versions as (
    {{ latest_version('living_versions', key, 'updated_at') }}
),

-- A tombstone does not date the deletion if its updated_at is missing or equals that of a living version. The period
-- then ends when the tombstone was delivered, or at its own start if no living version was delivered.
undated_deletions as (
    select
        tombstones.subscription_id,
        tombstones.line_id,
        tombstones.kind,
        tombstones.period_start,
        max(latest_living_versions.updated_at) as living_updated_at,
        min(
            case
                when latest_living_versions.subscription_id is null then tombstones.period_start
                else tombstones._loaded_at
            end
        ) as deleted_at
    from tombstones
    left join latest_living_versions
        on
            tombstones.subscription_id = latest_living_versions.subscription_id
            and tombstones.line_id = latest_living_versions.line_id
            and tombstones.kind = latest_living_versions.kind
            and tombstones.period_start = latest_living_versions.period_start
    where
        (tombstones.updated_at is null or tombstones.updated_at = latest_living_versions.updated_at)
        and (latest_living_versions._loaded_at is null or tombstones._loaded_at >= latest_living_versions._loaded_at)
    group by tombstones.subscription_id, tombstones.line_id, tombstones.kind, tombstones.period_start
)

select
    renamed.*,
    coalesce(undated_deletions.deleted_at, case when renamed.is_deleted then renamed.updated_at end) as deleted_at,
    undated_deletions.subscription_id is not null as is_deleted_without_date
from renamed
left join undated_deletions
    on
        renamed.subscription_id = undated_deletions.subscription_id
        and renamed.item_id = undated_deletions.line_id
        and renamed.price_kind = undated_deletions.kind
        and renamed.period_start = undated_deletions.period_start
        -- A dated tombstone takes precedence.
        and not (
            renamed.is_deleted
            and renamed.updated_at is not null
            and coalesce(renamed.updated_at <> undated_deletions.living_updated_at, true)
        )
