-- one row per subscription, add-on, evidence and start of terms
{{ config(enabled='recurly' in var('connectors')) }}
{%- set item = "'add_on:' || coalesce({0}.add_on_code, {0}.add_on_id, {0}.subscription_add_on_id)" %}
with add_ons as (
    select
        add_ons.*,
        {{ item.format('add_ons') }} as item_id,
        coalesce(add_ons.add_on_type, catalog.add_on_type, 'fixed') as charged_as
    from {{ ref('stg_recurly__subscription_add_ons') }} as add_ons
    left join {{ ref('stg_recurly__add_ons') }} as catalog on add_ons.add_on_id = catalog.add_on_id
),

stretches as (
    select * from {{ ref('unified_recurly__subscription_stretches') }}
),

-- An add-on has the currency and the interval of its subscription.
subscriptions as (
    select
        subscription_id,
        {{ last_by('currency', 'version_at') }} as currency,
        {{ last_by('interval_unit', 'version_at') }} as interval_unit,
        {{ last_by('interval_count', 'version_at') }} as interval_count,
        min(case when origin = 'subscriptions' and history_source = 'loader_history' then valid_from end)
            as history_from
    from stretches
    group by subscription_id
),

own_versions as (
    select
        *,
        row_number() over (partition by subscription_id, item_id order by version_at) as version_number,
        {{ earliest(
            'lead(version_at) over (partition by subscription_id, item_id order by version_at)',
            'case when is_deleted then version_at else expired_at end'
        ) }} as version_to
    from add_ons
    where subscription_version_at is null
),

stated as (
    select
        stretches.subscription_id,
        add_ons.item_id,
        add_ons.charged_as,
        add_ons.quantity,
        add_ons.unit_amount,
        stretches.valid_from,
        {{ earliest('stretches.valid_to', 'add_ons.expired_at') }} as valid_to,
        stretches.history_source,
        add_ons._batch_id,
        add_ons._loaded_at
    from stretches
    inner join add_ons
        on
            stretches.subscription_id = add_ons.subscription_id
            and stretches.version_at = add_ons.subscription_version_at
    where stretches.origin = 'subscriptions' and not add_ons.is_deleted
    union all
    select
        subscription_id,
        item_id,
        charged_as,
        quantity,
        unit_amount,
        version_at as valid_from,
        version_to as valid_to,
        history_source,
        _batch_id,
        _loaded_at
    from own_versions
    union all
    select
        subscription_id,
        item_id,
        charged_as,
        quantity,
        unit_amount,
        created_at as valid_from,
        {{ earliest('version_at', 'version_to') }} as valid_to,
        'snapshot' as history_source,
        _batch_id,
        _loaded_at
    from own_versions
    where version_number = 1 and created_at < version_at
    union all
    select
        coalesce(listed.subscription_id, export.subscription_uuid) as subscription_id,
        'add_on:' || export.add_on_code as item_id,
        'fixed' as charged_as,
        export.version_add_on_quantity as quantity,
        export.version_add_on_unit_amount as unit_amount,
        export.version_at as valid_from,
        {{ earliest('export.version_ended_at', 'subscriptions.history_from') }} as valid_to,
        'loader_history' as history_source,
        export._batch_id,
        export._loaded_at
    from {{ ref('stg_recurly__subscription_add_ons_history_export') }} as export
    left join {{ ref('stg_recurly__subscriptions') }} as listed on export.subscription_uuid = listed.uuid
    left join subscriptions
        on coalesce(listed.subscription_id, export.subscription_uuid) = subscriptions.subscription_id
    where export.version_at is not null
)

select
    stated.subscription_id,
    stated.item_id,
    case when stated.charged_as = 'usage' then 'usage' else 'recurring' end as price_kind,
    stated.item_id as plan_id,
    subscriptions.currency,
    cast(coalesce(stated.quantity, 1) as decimal(18, 6)) as quantity,
    cast(stated.unit_amount as decimal(24, 8)) as unit_amount,
    subscriptions.interval_unit,
    subscriptions.interval_count,
    stated.valid_from,
    stated.valid_to,
    stated.history_source,
    stated._batch_id,
    stated._loaded_at
from stated
inner join subscriptions on stated.subscription_id = subscriptions.subscription_id
where stated.valid_to is null or stated.valid_from < stated.valid_to
