-- one row per subscription item, price kind and period start, built from the history of a billing system
{{ config(enabled=has_branch('billing_states')) }}
{%- set subscription = ['source_system', 'subscription_id'] %}
{%- set key = ['source_system', 'subscription_id', 'item_id', 'price_kind'] %}
{%- set terms = [
    'customer_key', 'plan_id', 'currency', 'quantity', 'unit_amount', 'interval_unit', 'interval_count',
    'discount_amount', 'discount_kind', 'status',
] %}
{%- set cancel_columns = ['cancel_requested_at', 'cancel_effective_at', 'cancel_kind', 'cancel_reason'] %}
with states as (
    select
        *,
        coalesce(valid_to, {{ end_of_time() }}) as ends_at,
        row_number() over (partition by {{ subscription | join(', ') }} order by valid_from) as state_number
    from {{ ref('unified_billing_states') }}
),

terms as (
    select
        *,
        coalesce(valid_to, {{ end_of_time() }}) as ends_at
    from {{ ref('unified_billing_terms') }}
    where unit_amount is not null
),

-- Service needs both a state and a price. The weaker evidence of the two counts.
service as (
    select
        {{ prefixed('terms', key) }},
        states.customer_key,
        terms.plan_id,
        terms.currency,
        terms.quantity,
        terms.unit_amount,
        terms.interval_unit,
        terms.interval_count,
        terms.discount_amount,
        terms.discount_kind,
        states.status,
        greatest(states.valid_from, terms.valid_from) as valid_from,
        {{ earliest('states.valid_to', 'terms.valid_to') }} as valid_to,
        {%- for column in cancel_columns %}
        case when terms.ends_at >= states.ends_at then states.{{ column }} end as {{ column }},
        {%- endfor %}
        states.replaces_subscription_id,
        case
            when {{ evidence_rank('states.history_source') }} > {{ evidence_rank('terms.history_source') }}
                then states.history_source
            else terms.history_source
        end as history_source,
        {{ latest('states._batch_id', 'terms._batch_id') }} as _batch_id,
        {{ latest('states._loaded_at', 'terms._loaded_at') }} as _loaded_at
    from states
    inner join terms
        on
            {{ equal_keys('states', 'terms', subscription) }}
            and states.valid_from < terms.ends_at
            and states.ends_at > terms.valid_from
    where terms.price_kind <> 'one_off'
),

-- A one-off charge is no service. It stands beside the states of its subscription.
charges as (
    select
        {{ prefixed('terms', key) }},
        states.customer_key,
        terms.plan_id,
        terms.currency,
        terms.quantity,
        terms.unit_amount,
        terms.interval_unit,
        terms.interval_count,
        terms.discount_amount,
        terms.discount_kind,
        'active' as status,
        terms.valid_from,
        terms.valid_to,
        {%- for column in cancel_columns %}
        cast(null as {{ 'timestamp' if column.endswith('_at') else 'string' }}) as {{ column }},
        {%- endfor %}
        cast(null as string) as replaces_subscription_id,
        terms.history_source,
        terms._batch_id,
        terms._loaded_at
    from terms
    inner join states
        on
            {{ equal_keys('terms', 'states', subscription) }}
            and states.state_number = 1
    where terms.price_kind = 'one_off'
),

stretches as (
    select * from service
    union all
    select * from charges
),

joined as (
    {{ join_neighbours('stretches', key, terms, cancel_columns + ['replaces_subscription_id']) }}
)

select
    {{ key | join(',\n    ') }},
    customer_key,
    plan_id,
    currency,
    quantity,
    unit_amount,
    interval_unit,
    interval_count,
    discount_amount,
    discount_kind,
    status,
    valid_from as period_start,
    valid_to as period_end,
    valid_to is null as is_without_end,
    false as is_deleted_without_date,
    {%- for column in cancel_columns %}
    {{ column }},
    {%- endfor %}
    replaces_subscription_id,
    history_source,
    _batch_id,
    _loaded_at
from joined
