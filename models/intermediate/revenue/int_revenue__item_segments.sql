-- one row per subscription item, lane and stretch of paid service at one price; the stretches of a lane never overlap
{{- may_read('unified_invoices') }}
{%- set item = 'source_system, subscription_id, item_id, lane' %}
with settled as (
    select * from {{ ref('int_revenue__refunded_segments') }}
),
{% if policy('require_first_payment') %}
paid_invoices as (
    select * from {{ ref('unified_invoices') }}
    where
        amount > 0
        and paid_at <= {{ as_of() }}
),

-- An invoice that names no subscription pays for all that the account uses.
first_payments as (
    select
        subscription_id,
        case when subscription_id is null then account_id end as account_id,
        min(paid_at) as first_paid_at
    from paid_invoices
    group by subscription_id, case when subscription_id is null then account_id end
),

paid_for as (
    select
        settled.*,
        {{ earliest('by_subscription.first_paid_at', 'by_account.first_paid_at') }} as first_paid_at
    from settled
    left join first_payments as by_subscription on settled.subscription_id = by_subscription.subscription_id
    left join first_payments as by_account on settled.account_id = by_account.account_id
),
{% endif %}
running as (
    select
        *,
        {% if policy('require_first_payment') -%}
        greatest(settled_start, first_paid_at)
        {%- else -%}
        settled_start
        {%- endif %} as counts_from
    from {% if policy('require_first_payment') %}paid_for{% else %}settled{% endif %}
    where
        {{ counts_as_active('settled_mrr', 'status') }}
        {%- if policy('require_first_payment') %}
        and first_paid_at is not null
        and (settled_end is null or settled_end > first_paid_at)
        {%- endif %}
)

select
    source_system,
    subscription_id,
    item_id,
    lane,
    account_id,
    plan_id,
    currency,
    price_kind,
    is_counted,
    status,
    quantity,
    unit_amount,
    interval_unit,
    interval_count,
    counts_from as starts_at,
    settled_end as ends_at,
    list_mrr,
    list_mrr - settled_mrr as discount_mrr,
    settled_mrr as mrr,
    settled_kind as end_kind,
    end_reason,
    cancel_requested_at,
    is_replaced,
    {%- if policy('fx_policy') == 'service_start_rate' %}
    -- The day of the last start that followed a hole in the item's service.
    {{ local_day('max(case when is_start then counts_from end) over item_so_far') }} as rated_on,
    {%- endif %}
    _batch_id
from {% if policy('fx_policy') == 'service_start_rate' -%}
(
    select
        *,
        coalesce(
            counts_from > {{ dbt.dateadd('minute', policy('grouping_window'), 'lag(settled_end) over item_in_time') }}
            or lag(currency) over item_in_time <> currency,
            true
        ) as is_start
    from running
    window item_in_time as (partition by {{ item }} order by counts_from)
) as started
window item_so_far as (
    partition by {{ item }} order by counts_from rows between unbounded preceding and current row
)
{%- else -%}
running
{%- endif %}
