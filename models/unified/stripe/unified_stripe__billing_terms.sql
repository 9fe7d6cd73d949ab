-- one row per subscription item, price kind, kind of evidence and stretch of time with the same terms
{{ config(enabled='stripe' in var('connectors')) }}
with discounts as (
    select
        discount_id,
        max(discount_kind) as discount_kind
    from {{ ref('unified_stripe__discounts') }}
    group by discount_id
),

exported_periods as (
    select
        subscription_id,
        min(valid_from) as valid_from,
        case when count(valid_to) = count(*) then max(valid_to) end as valid_to
    from {{ ref('unified_stripe__exported_states') }}
    group by subscription_id
),

exported as (
    select
        exports.*,
        periods.valid_from,
        periods.valid_to
    from {{ ref('stg_stripe__subscriptions_export') }} as exports
    inner join exported_periods as periods on exports.subscription_id = periods.subscription_id
),

terms as (
    select
        terms.subscription_id,
        terms.item_id,
        'recurring' as price_kind,
        terms.plan_id,
        terms.currency,
        terms.quantity,
        terms.unit_amount,
        terms.interval_unit,
        terms.interval_count,
        terms.discount_amount,
        discounts.discount_kind,
        terms.valid_from,
        terms.valid_to,
        terms.history_source,
        terms._batch_id,
        terms._loaded_at
    from {{ ref('unified_stripe__terms') }} as terms
    left join discounts on terms.discount_id = discounts.discount_id
    union all
    select
        subscription_id,
        item_id,
        price_kind,
        plan_id,
        currency,
        quantity,
        unit_amount,
        interval_unit,
        interval_count,
        discount_amount,
        cast(null as string) as discount_kind,
        valid_from,
        valid_to,
        'invoice_lines' as history_source,
        _batch_id,
        _loaded_at
    from {{ ref('unified_stripe__charges') }}
    union all
    select
        subscription_id,
        subscription_id as item_id,
        'recurring' as price_kind,
        coalesce(product_id, price_id) as plan_id,
        currency,
        quantity,
        cast(unit_amount as decimal(24, 8)) as unit_amount,
        case
            {%- for unit in ['day', 'week', 'month', 'year'] %}
            when interval_text like '%{{ unit }}%' then '{{ unit }}'
            {%- endfor %}
        end as interval_unit,
        {#- 'every 3 months' is three months; 'month' or 'monthly' is one. #}
        cast(coalesce({{ digits('interval_text') }}, 1) as bigint) as interval_count,
        cast(null as decimal(24, 8)) as discount_amount,
        cast(null as string) as discount_kind,
        valid_from,
        valid_to,
        'snapshot' as history_source,
        _batch_id,
        _loaded_at
    from exported
)

select * from terms
where interval_unit is not null and currency is not null and coalesce(valid_to > valid_from, true)
