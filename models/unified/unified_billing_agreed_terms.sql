-- one row per subscription item, price kind and stretch of time, from the best evidence, before discounts
{{ config(enabled=has_branch('billing_terms')) }}
{%- set key = ['source_system', 'subscription_id', 'item_id', 'price_kind'] %}
{%- set terms = [
    'plan_id', 'currency', 'quantity', 'unit_amount', 'interval_unit', 'interval_count', 'discount_amount',
    'discount_kind',
] %}
with evidence as (
    {{- union_branches('billing_terms', [
        'subscription_id', 'item_id', 'price_kind', 'plan_id', 'currency', 'quantity', 'unit_amount', 'interval_unit',
        'interval_count', 'discount_amount', 'discount_kind', 'valid_from', 'valid_to', 'history_source',
        '_batch_id', '_loaded_at',
    ]) }}
),

invoice_lines as (
    select * from evidence
    where history_source = 'invoice_lines' and discount_amount is not null
),

-- A cut wherever the invoice lines of a key begin or end, so that each stretch has the discount of at most one line.
best_rows as (
    {{ best_evidence('evidence', key) }}
),

line_starts as (
    select
        {{ prefixed('best_rows', key) }},
        best_rows.cut_at,
        {{ last_known('invoice_lines.valid_from') }} over (
            partition by {{ prefixed('best_rows', key) }}
            order by best_rows.cut_at
            rows between unbounded preceding and current row
        ) as line_from
    from best_rows
    left join invoice_lines
        on
            {{ equal_keys('best_rows', 'invoice_lines', key) }}
            and best_rows.cut_at = invoice_lines.valid_from
),

-- A line tells the discount on its own terms only.
known_discounts as (
    select
        {{ prefixed('best_rows', key) }},
        best_rows.plan_id,
        best_rows.currency,
        best_rows.quantity,
        best_rows.unit_amount,
        best_rows.interval_unit,
        best_rows.interval_count,
        coalesce(best_rows.discount_amount, invoice_lines.discount_amount) as discount_amount,
        coalesce(best_rows.discount_kind, invoice_lines.discount_kind) as discount_kind,
        best_rows.cut_at as valid_from,
        best_rows.next_cut_at as valid_to,
        best_rows.history_source,
        best_rows._batch_id,
        best_rows._loaded_at
    from best_rows
    inner join line_starts
        on
            {{ equal_keys('best_rows', 'line_starts', key) }}
            and best_rows.cut_at = line_starts.cut_at
    left join invoice_lines
        on
            {{ equal_keys('line_starts', 'invoice_lines', key) }}
            and line_starts.line_from = invoice_lines.valid_from
            and coalesce(line_starts.cut_at < invoice_lines.valid_to, true)
            and best_rows.quantity = invoice_lines.quantity
            and best_rows.unit_amount = invoice_lines.unit_amount
            and best_rows.interval_unit = invoice_lines.interval_unit
            and best_rows.interval_count = invoice_lines.interval_count
),

joined as (
    {{ join_neighbours('known_discounts', key, terms, across_evidence=false) }}
)

select
    {{ key | join(',\n    ') }},
    {{ terms | join(',\n    ') }},
    valid_from,
    valid_to,
    history_source,
    _batch_id,
    _loaded_at
from joined
