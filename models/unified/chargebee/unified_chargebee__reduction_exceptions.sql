-- one row per credit note, refund, discount or coupon and reason why it counts nowhere or only in part
{{ config(enabled='chargebee' in var('connectors')) }}
with found as (
    select
        'credit_notes' as object_name,
        credit_notes.credit_note_id as record_key,
        case
            when credit_notes.type = 'adjustment' then 'adjustment'
            when credit_notes.is_deleted then 'deleted'
            when credit_notes.status = 'voided' then 'voided'
            when invoices.invoice_id is null then 'orphan_credit_note'
        end as reason,
        credit_notes._batch_id,
        credit_notes._loaded_at
    from {{ ref('stg_chargebee__credit_notes') }} as credit_notes
    left join {{ ref('stg_chargebee__invoices') }} as invoices on credit_notes.invoice_id = invoices.invoice_id
    union all
    select
        'credit_note_refunds' as object_name,
        credit_note_id || ':' || transaction_id as record_key,
        case when transaction_status <> 'success' then 'not_paid_out' end as reason,
        _batch_id,
        _loaded_at
    from {{ ref('stg_chargebee__credit_note_refunds') }}
    union all
    select
        'subscription_discounts' as object_name,
        subscription_id || ':' || discount_id as record_key,
        case when discount_type = 'offer_quantity' then 'discount_in_units' end as reason,
        _batch_id,
        _loaded_at
    from {{ ref('stg_chargebee__subscription_discounts') }}
    union all
    select
        'subscription_coupons' as object_name,
        redeemed.subscription_id || ':' || redeemed.coupon_id as record_key,
        case
            when coupons.coupon_id is null and discounts.discount_id is null then 'coupon_unknown'
            when coupons.discount_type = 'offer_quantity' then 'discount_in_units'
            when coupons.apply_on in ('specific_item_price', 'each_specified_item') and discounts.discount_id is null
                then 'discounted_items_unknown'
        end as reason,
        redeemed._batch_id,
        redeemed._loaded_at
    from {{ ref('stg_chargebee__subscription_coupons') }} as redeemed
    left join {{ ref('stg_chargebee__coupons') }} as coupons on redeemed.coupon_id = coupons.coupon_id
    left join {{ ref('stg_chargebee__subscription_discounts') }} as discounts
        on
            redeemed.subscription_id = discounts.subscription_id
            and redeemed.coupon_id = discounts.coupon_id
)

select
    object_name,
    record_key,
    reason,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from found
where reason is not null
group by object_name, record_key, reason
