-- one row per subscription, origin, version and item
{{ config(enabled='chargebee' in var('connectors')) }}
{%- set measures = ['unit_price', 'unit_price_in_decimal', 'amount', 'amount_in_decimal'] %}
with events as (
    select
        event_id,
        subscription_id,
        version_at
    from {{ ref('stg_chargebee__subscription_events') }}
),

items as (
    {%- for origin in ['subscriptions', 'events'] %}
    select
        {{ 'listed' if origin == 'subscriptions' else 'events' }}.subscription_id,
        '{{ origin }}' as origin,
        {{ 'listed' if origin == 'subscriptions' else 'events' }}.version_at,
        listed.item_id,
        coalesce(listed.item_type, 'plan') as item_type,
        coalesce(listed.quantity_in_decimal, listed.quantity) as quantity,
        coalesce(listed.free_quantity_in_decimal, listed.free_quantity, 0) as free_quantity,
        listed.{{ measures | join(',\n        listed.') }},
        listed.billing_period_unit as interval_unit,
        listed.billing_period as interval_count,
        listed._batch_id,
        listed._loaded_at
    {%- if origin == 'subscriptions' %}
    from {{ ref('stg_chargebee__subscription_items') }} as listed
    union all
    {%- else %}
    from {{ ref('stg_chargebee__event_items') }} as listed
    inner join events on listed.event_id = events.event_id
    {%- endif %}
    {%- endfor %}
),

addons as (
    {%- for origin in ['subscriptions', 'events'] %}
    select
        {{ 'listed' if origin == 'subscriptions' else 'events' }}.subscription_id,
        '{{ origin }}' as origin,
        {{ 'listed' if origin == 'subscriptions' else 'events' }}.version_at,
        listed.item_id,
        'addon' as item_type,
        coalesce(listed.quantity_in_decimal, listed.quantity) as quantity,
        0 as free_quantity,
        listed.{{ measures | join(',\n        listed.') }},
        cast(null as {{ dbt.type_string() }}) as interval_unit,
        cast(null as {{ dbt.type_bigint() }}) as interval_count,
        listed._batch_id,
        listed._loaded_at
    {%- if origin == 'subscriptions' %}
    from {{ ref('stg_chargebee__subscription_addons') }} as listed
    union all
    {%- else %}
    from {{ ref('stg_chargebee__event_addons') }} as listed
    inner join events on listed.event_id = events.event_id
    {%- endif %}
    {%- endfor %}
),

plans as (
    {%- for origin, model in [
        ('subscriptions', 'stg_chargebee__subscription_versions'), ('events', 'stg_chargebee__subscription_events'),
    ] %}
    select
        subscription_id,
        '{{ origin }}' as origin,
        version_at,
        plan_id as item_id,
        'plan' as item_type,
        coalesce(plan_quantity_in_decimal, plan_quantity) as quantity,
        coalesce(plan_free_quantity_in_decimal, plan_free_quantity, 0) as free_quantity,
        {%- for measure in measures %}
        plan_{{ measure }} as {{ measure }},
        {%- endfor %}
        cast(null as {{ dbt.type_string() }}) as interval_unit,
        cast(null as {{ dbt.type_bigint() }}) as interval_count,
        _batch_id,
        _loaded_at
    from {{ ref(model) }}
    where plan_id is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

delivered as (
    select * from items
    union all
    select * from addons
    union all
    select * from plans
),

-- A list that came as an object of its own says only what the subscription holds now.
dated as (
    select
        delivered.*,
        delivered.version_at is not null as is_dated,
        coalesce(delivered.version_at, versions.version_at) as subscription_version_at
    from delivered
    left join {{ ref('stg_chargebee__subscription_versions') }} as versions
        on
            delivered.subscription_id = versions.subscription_id
            and delivered.version_at is null
)

select
    subscription_id,
    origin,
    subscription_version_at as version_at,
    item_id,
    item_type,
    is_dated,
    cast(quantity as decimal(18, 6)) as quantity,
    cast(free_quantity as decimal(18, 6)) as free_quantity,
    {{ measures | join(',\n    ') }},
    interval_unit,
    interval_count,
    _batch_id,
    _loaded_at
from dated
where subscription_version_at is not null
