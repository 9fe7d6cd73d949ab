-- one row per subscription and stretch of time in one state, from the best evidence
{{ config(enabled=has_branch('billing_states')) }}
{%- set key = ['source_system', 'subscription_id'] %}
{%- set cancel_columns = ['cancel_requested_at', 'cancel_effective_at', 'cancel_kind', 'cancel_reason'] %}
with evidence as (
    {{- union_branches('billing_states', [
        'subscription_id', 'customer_key', 'status', 'valid_from', 'valid_to', 'cancel_requested_at',
        'cancel_effective_at', 'cancel_kind', 'cancel_reason', 'replaces_subscription_id', 'history_source',
        '_batch_id', '_loaded_at',
    ]) }}
),

best_rows as (
    {{ best_evidence('evidence', key) }}
),

-- Only the end of a subscription tells how it was cancelled. An earlier request may have been withdrawn.
stretches as (
    select
        {{ key | join(',\n        ') }},
        customer_key,
        status,
        cut_at as valid_from,
        next_cut_at as valid_to,
        {%- for column in cancel_columns %}
        case when cut_at = max(cut_at) over (partition by {{ key | join(', ') }}) then {{ column }} end as {{ column }},
        {%- endfor %}
        replaces_subscription_id,
        history_source,
        _batch_id,
        _loaded_at
    from best_rows
),

joined as (
    {{ join_neighbours(
        'stretches', key, ['customer_key', 'status'], cancel_columns + ['replaces_subscription_id'],
        across_evidence=false
    ) }}
)

select
    source_system,
    subscription_id,
    customer_key,
    status,
    valid_from,
    valid_to,
    cancel_requested_at,
    cancel_effective_at,
    cancel_kind,
    cancel_reason,
    max(replaces_subscription_id) over (partition by {{ key | join(', ') }}) as replaces_subscription_id,
    history_source,
    _batch_id,
    _loaded_at
from joined
