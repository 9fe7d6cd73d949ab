-- one row per subscription, origin, version and item
{{ config(enabled='chargebee' in var('connectors')) }}
{%- set measures = [
    'unit_price', 'unit_price_in_decimal', 'amount', 'amount_in_decimal',
] %}
{%- set sources = [
    ('items', 'subscriptions', 'stg_chargebee__subscription_items', none),
    ('addons', 'subscriptions', 'stg_chargebee__subscription_addons', none),
    ('plan', 'subscriptions', 'stg_chargebee__subscription_versions', none),
    ('items', 'events', 'stg_chargebee__event_items', 'stg_chargebee__subscription_events'),
    ('addons', 'events', 'stg_chargebee__event_addons', 'stg_chargebee__subscription_events'),
    ('plan', 'events', 'stg_chargebee__subscription_events', none),
] %}
with delivered as (
    {%- for kind, origin, model, events in sources %}
    {%- set plan = 'plan_' if kind == 'plan' else '' %}
    select
        {{ 'events' if events else 'listed' }}.subscription_id,
        '{{ origin }}' as origin,
        {{ 'events' if events else 'listed' }}.version_at,
        listed.{{ 'plan_id' if plan else 'item_id' }} as item_id,
        {{ 'listed.item_type' if kind == 'items' else "'" ~ kind.rstrip('s') ~ "'" }} as item_type,
        coalesce(listed.{{ plan }}quantity_in_decimal, listed.{{ plan }}quantity) as quantity,
        {% if kind == 'addons' -%}
        cast(0 as decimal(38, 14))
        {%- else -%}
        coalesce(listed.{{ plan }}free_quantity_in_decimal, listed.{{ plan }}free_quantity, 0)
        {%- endif %} as free_quantity,
        {%- for measure in measures %}
        listed.{{ plan ~ measure }} as {{ measure }},
        {%- endfor %}
        {{ 'listed.billing_period_unit' if kind == 'items' else 'cast(null as ' ~ dbt.type_string() ~ ')' }}
            as interval_unit,
        {{ 'listed.billing_period' if kind == 'items' else 'cast(null as ' ~ dbt.type_bigint() ~ ')' }}
            as interval_count,
        listed._batch_id,
        listed._loaded_at
    from {{ ref(model) }} as listed
    {%- if events %}
    inner join {{ ref(events) }} as events on listed.event_id = events.event_id
    {%- endif %}
    {%- if kind == 'plan' %}
    where listed.plan_id is not null
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- A list that came as an object of its own says only what the subscription holds now.
undated as (
    select
        delivered.*,
        versions.version_at as subscription_version_at
    from delivered
    inner join {{ ref('stg_chargebee__subscription_versions') }} as versions
        on delivered.subscription_id = versions.subscription_id
    where delivered.version_at is null
)

select
    subscription_id,
    origin,
    version_at,
    item_id,
    coalesce(item_type, 'plan') as item_type,
    true as is_dated,
    cast(quantity as decimal(18, 6)) as quantity,
    cast(free_quantity as decimal(18, 6)) as free_quantity,
    {{ measures | join(',\n    ') }},
    interval_unit,
    interval_count,
    _batch_id,
    _loaded_at
from delivered
where version_at is not null
union all
select
    subscription_id,
    origin,
    subscription_version_at as version_at,
    item_id,
    coalesce(item_type, 'plan') as item_type,
    false as is_dated,
    cast(quantity as decimal(18, 6)) as quantity,
    cast(free_quantity as decimal(18, 6)) as free_quantity,
    {{ measures | join(',\n    ') }},
    interval_unit,
    interval_count,
    _batch_id,
    _loaded_at
from undated
