-- one row per refund of a year that was still running and subscription that was serving it
{{ config(materialized='view') }}
{#- Links may run in a circle; nobody replaces a subscription more often within a year. -#}
{%- set longest_chain = 12 %}
with recursive refunds as (
    select * from {{ ref('int_revenue__refunds') }}
    where is_running_year
),

periods as (
    select * from {{ ref('unified_subscription_periods') }}
    where {{ is_service('price_kind', 'period_start', 'period_end') }}
),

replacements as (
    select distinct
        later.source_system,
        earlier.subscription_id,
        later.subscription_id as replaced_by
    from periods as later
    inner join periods as earlier
        on
            later.source_system = earlier.source_system
            and later.account_id = earlier.account_id
            and later.replaces_subscription_id = earlier.subscription_id
    where later.subscription_id <> earlier.subscription_id
),

-- What replaces the subscription that was billed serves the rest of its year.
serving as (
    select
        source_system,
        subscription_id,
        refunded_at,
        1 as chain_length
    from refunds
    union all
    select
        serving.source_system,
        replacements.replaced_by as subscription_id,
        serving.refunded_at,
        serving.chain_length + 1 as chain_length
    from serving
    inner join replacements
        on
            serving.source_system = replacements.source_system
            and serving.subscription_id = replacements.subscription_id
    where serving.chain_length < {{ longest_chain }}
)

select distinct
    source_system,
    subscription_id,
    refunded_at
from serving
