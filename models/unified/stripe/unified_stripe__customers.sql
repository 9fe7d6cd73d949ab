-- one row per customer
{{ config(enabled='stripe' in var('connectors')) }}
with customers as (
    select * from {{ ref('stg_stripe__customers') }}
),

-- Customers that only subscriptions or exports name.
named as (
    select
        customer_id,
        cast(null as string) as email,
        _batch_id,
        _loaded_at
    from {{ ref('unified_stripe__subscription_versions') }}
    union all
    select
        customer_id,
        customer_email as email,
        _batch_id,
        _loaded_at
    from {{ ref('stg_stripe__subscriptions_export') }}
),

others as (
    select
        named.customer_id,
        max(named.email) as email,
        max(named._batch_id) as _batch_id,
        max(named._loaded_at) as _loaded_at
    from named
    left join customers on named.customer_id = customers.customer_id
    where named.customer_id is not null and customers.customer_id is null
    group by named.customer_id
),

everybody as (
    select
        customer_id,
        email,
        is_deleted,
        _batch_id,
        _loaded_at
    from customers
    where not is_test
    union all
    select
        customer_id,
        email,
        false as is_deleted,
        _batch_id,
        _loaded_at
    from others
)

select
    customer_id as source_key,
    cast(null as string) as parent_key,
    {{ hash_person('email') }} as email_hash,
    nullif(lower(trim({{ dbt.split_part('email', "'@'", 2) }})), '') as email_domain,
    is_deleted,
    _batch_id,
    _loaded_at
from everybody
