-- one row per refunded invoice and price interval that ran when it was issued
{{ config(materialized='view') }}
with intervals as (
    select * from {{ ref('int_subscriptions__price_intervals') }}
),

refunds as (
    select
        invoice_id,
        account_id,
        subscription_id,
        issued_at,
        refunded_at,
        amount,
        least(amount_refunded, amount) as amount_refunded
    from {{ ref('unified_invoices') }}
    where
        amount > 0
        and amount_refunded > 0
        and refunded_at <= {{ as_of() }}
),

-- An invoice without a subscription is for everything that the account uses.
refunded_intervals as (
    {%- for names_subscription in [true, false] %}
    select
        intervals.source_system,
        intervals.subscription_id,
        intervals.item_id,
        intervals.lane,
        intervals.starts_at,
        intervals.ends_at,
        intervals.mrr,
        intervals.interval_unit,
        intervals.interval_count,
        refunds.invoice_id,
        refunds.refunded_at,
        refunds.amount,
        refunds.amount_refunded,
        greatest(refunds.refunded_at, intervals.starts_at) as reduced_from,
        {{ add_intervals('refunds.issued_at', 'intervals.interval_unit', 'intervals.interval_count') }} as interval_end
    from intervals
    inner join refunds
        on
            {%- if names_subscription %}
            intervals.subscription_id = refunds.subscription_id
            {%- else %}
            intervals.account_id = refunds.account_id
            and refunds.subscription_id is null
            {%- endif %}
    where
        intervals.starts_at <= refunds.issued_at
        and (intervals.ends_at is null or intervals.ends_at > refunds.issued_at)
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

-- The MRR that the refund leaves, from the refund to the end of the billing interval that was paid for.
select
    source_system,
    subscription_id,
    item_id,
    lane,
    starts_at as interval_starts_at,
    invoice_id,
    refunded_at,
    reduced_from,
    {{ earliest('interval_end', 'ends_at') }} as reduced_until,
    {{ share_of_money('mrr', 'amount - amount_refunded', 'amount') }} as reduced_mrr,
    -- A year that was paid for and not yet over.
    {{ is_yearly('interval_unit', 'interval_count') }} and interval_end > refunded_at as is_running_year
from refunded_intervals
