-- one row per refunded invoice and segment of service that ran when it was issued
{{ config(materialized='view') }}
with segments as (
    select * from {{ ref('int_revenue__priced_segments') }}
),

refunds as (
    select
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

-- An invoice that names no subscription is for all that the account uses.
concerned as (
    {%- for names_subscription in [true, false] %}
    select
        segments.source_system,
        segments.subscription_id,
        segments.item_id,
        segments.lane,
        segments.starts_at,
        segments.ends_at,
        segments.mrr,
        segments.interval_unit,
        segments.interval_count,
        refunds.refunded_at,
        refunds.amount,
        refunds.amount_refunded,
        greatest(refunds.refunded_at, segments.starts_at) as reduced_from,
        {{ add_intervals('refunds.issued_at', 'segments.interval_unit', 'segments.interval_count') }} as interval_end
    from segments
    inner join refunds
        on
            {%- if names_subscription %}
            segments.subscription_id = refunds.subscription_id
            {%- else %}
            segments.account_id = refunds.account_id
            and refunds.subscription_id is null
            {%- endif %}
    where
        segments.starts_at <= refunds.issued_at
        and (segments.ends_at is null or segments.ends_at > refunds.issued_at)
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

-- What the refund leaves of the segment's MRR, from the refund to the end of the interval that was paid for.
select
    source_system,
    subscription_id,
    item_id,
    lane,
    starts_at,
    refunded_at,
    reduced_from,
    {{ earliest('interval_end', 'ends_at') }} as reduced_until,
    {{ share_of_money('mrr', 'amount - amount_refunded', 'amount') }} as reduced_mrr,
    -- A year that was paid for and not yet over.
    {{ is_yearly('interval_unit', 'interval_count') }} and interval_end > refunded_at as is_running_year
from concerned
