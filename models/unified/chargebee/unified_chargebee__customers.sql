-- one row per customer
{{ config(enabled='chargebee' in var('connectors')) }}
with customers as (
    select * from {{ ref('stg_chargebee__customers') }}
)

select
    customer_id as source_key,
    -- Without a hierarchy, the customer that pays is the parent.
    coalesce(nullif(parent_id, customer_id), nullif(payment_owner_id, customer_id)) as parent_key,
    {{ hash_person('email') }} as email_hash,
    nullif(lower(trim(split_part(email, '@', 2))), '') as email_domain,
    is_deleted,
    _batch_id,
    _loaded_at
from customers
