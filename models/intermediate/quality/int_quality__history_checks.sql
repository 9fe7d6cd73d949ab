-- one row per check of the history of billing systems, and system
{{ config(enabled=has_branch('billing_states')) }}
{%- set checks = [
    ('inferred_from_invoice_lines', none,
     'Periods that only invoice lines explain, at least in part. Pauses and requests to cancel are not known there. Money: of those that run at as_of.'),
    ('inferred_from_snapshot', none,
     'Periods that begin before the first delivery shows them. Earlier changes are not known. Money: of those that run at as_of.'),
    ('price_unknown', 0,
     'Items without a known price, from no price list and no invoice. They count nowhere.'),
    ('history_unknown', none,
     'Subscriptions whose first known price is later than their start. The time before it counts nowhere.')
] %}
with periods as (
    select * from {{ ref('int_quality__periods') }}
    where history_source in ('invoice_lines', 'snapshot')
),

states as (
    select
        source_system,
        subscription_id,
        min(valid_from) as starts_at
    from {{ ref('unified_billing_states') }}
    group by source_system, subscription_id
),

terms as (
    select * from {{ ref('unified_billing_terms') }}
    where price_kind <> 'one_off'
),

first_terms as (
    select
        source_system,
        subscription_id,
        min(valid_from) as starts_at
    from terms
    where unit_amount is not null
    group by source_system, subscription_id
),

findings as (
    select
        source_system,
        case history_source when 'snapshot' then 'inferred_from_snapshot' else 'inferred_from_invoice_lines' end
            as check_name,
        count(*) as observed,
        sum(case when is_running then mrr end) as mrr
    from periods
    group by source_system, history_source
    union all
    select
        source_system,
        'price_unknown' as check_name,
        count(distinct subscription_id || ' ' || item_id) as observed,
        null as mrr
    from terms
    where unit_amount is null
    group by source_system
    union all
    select
        states.source_system,
        'history_unknown' as check_name,
        count(*) as observed,
        null as mrr
    from states
    left join first_terms
        on
            states.source_system = first_terms.source_system
            and states.subscription_id = first_terms.subscription_id
    where coalesce(first_terms.starts_at > states.starts_at, true)
    group by states.source_system
)
{%- for system in systems_with('billing_states') %}
{%- set last_system = loop.last %}
{%- for name, expected, meaning in checks %}

select
    '{{ name }}' as check_name,
    'subscription_periods' as table_name,
    '{{ system }}' as detail,
    cast(coalesce(sum(observed), 0) as bigint) as observed,
    cast({{ 'null' if expected is none else expected }} as bigint) as expected,
    'warn' as severity,
    cast({{ 'coalesce(sum(mrr), 0)' if name.startswith('inferred') else 'null' }} as decimal(18, 4)) as affected_mrr,
    '{{ meaning }}' as description
from findings
where check_name = '{{ name }}' and source_system = '{{ system }}'
{%- if not (loop.last and last_system) %}
union all
{%- endif %}
{%- endfor %}
{%- endfor %}
