-- Every key that was delivered arrives in unified, and unified has none that was not delivered.
with delivered as (
    select
        'accounts' as concept,
        account_id as delivered_key
    from {{ source('generic', 'accounts') }}
    union
    select
        'subscription_periods' as concept,
        concat_ws('/', subscription_id, coalesce(item_id, subscription_id), cast(period_start as varchar))
            as delivered_key
    from {{ source('generic', 'subscription_periods') }}
    union
    select
        'survey_responses' as concept,
        response_id as delivered_key
    from {{ source('generic', 'survey_responses') }}
    union
    select
        'invoices' as concept,
        invoice_id as delivered_key
    from {{ source('generic', 'invoices') }}
    union
    select
        'contracts' as concept,
        contract_id as delivered_key
    from {{ source('generic', 'contracts') }}
),

arrived as (
    select
        'accounts' as concept,
        account_id as arrived_key
    from {{ ref('unified_accounts') }}
    where is_in_crm
    union all
    select
        'subscription_periods' as concept,
        concat_ws('/', subscription_id, item_id, cast(period_start as varchar)) as arrived_key
    from {{ ref('unified_subscription_periods') }}
    where source_system = 'generic'
    union all
    select
        'survey_responses' as concept,
        response_id as arrived_key
    from {{ ref('unified_survey_responses') }}
    union all
    select
        'invoices' as concept,
        invoice_id as arrived_key
    from {{ ref('unified_invoices') }}
    union all
    select
        'contracts' as concept,
        contract_id as arrived_key
    from {{ ref('unified_contracts') }}
),

compared as (
    select
        coalesce(delivered.concept, arrived.concept) as concept,
        count(delivered.delivered_key) as delivered_keys,
        count(arrived.arrived_key) as arrived_rows,
        count(*) as keys_or_rows
    from delivered
    full outer join arrived
        on
            delivered.concept = arrived.concept
            and delivered.delivered_key = arrived.arrived_key
    group by coalesce(delivered.concept, arrived.concept)
)

-- A key that is missing on one side makes more rows than keys; that none is there twice is tested on each table.
select
    concept,
    delivered_keys,
    arrived_rows
from compared
where delivered_keys <> keys_or_rows or arrived_rows <> keys_or_rows
