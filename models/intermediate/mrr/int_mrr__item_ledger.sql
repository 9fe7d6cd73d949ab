-- one row per item, lane, currency and movement of its account or monthly revaluation; in the reporting currency
with item_movements as (
    select * from {{ ref('int_mrr__item_movements') }}
    where currency = '{{ policy('reporting_currency') }}'
)

select
    account_id,
    occurred_at,
    precedence,
    month_number,
    source_system,
    subscription_id,
    item_id,
    lane,
    currency,
    plan_id,
    mrr_change,
    mrr_change as mrr_change_constant,
    volume_mrr,
    price_mrr,
    discount_mrr,
    pause_mrr,
    active_change,
    change_count,
    end_kind,
    end_reason,
    source_batch_id
from item_movements
where {{ changes_something('mrr_change', 'active_change') }}
union all
select * from {{ ref('int_mrr__fx_movements') }}
