-- one row per movement of a lane of an item in a foreign currency: its balance afterwards and the days that value it
{%- set item = 'source_system, subscription_id, item_id, lane' %}
with item_movements as (
    select
        *,
        {{ local_month('booked_at') }} as month_number
    from {{ ref('int_revenue__item_movements') }}
    where currency <> '{{ policy('reporting_currency') }}'
)

select
    *,
    {{ valuation_day('month_number', 'rated_on') }} as valued_on,
    {% if policy('fx_policy') == 'service_start_rate' -%}
    {{ valuation_day('month_number', 'rated_on_before') }} as valued_before_on,
    {% endif -%}
    cast(sum(mrr_change) over item_so_far as decimal(18, 4)) as mrr_after,
    lead(month_number) over item_so_far as next_month_number
from item_movements
window item_so_far as (
    partition by account_id, {{ item }}, currency
    order by booked_at, booking_order
    rows between unbounded preceding and current row
)
