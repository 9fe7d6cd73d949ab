-- one row per record of HubSpot that counts nowhere, or only in part
{{ config(enabled='hubspot' in var('connectors')) }}
with contacts as (
    select * from {{ ref('unified_hubspot__contacts') }}
),

terms as (
    select * from {{ ref('unified_hubspot__deal_terms') }}
),

orphans as (
    select items.*
    from {{ ref('stg_hubspot__line_items') }} as items
    left join {{ ref('stg_hubspot__deal_line_items') }} as links on items.line_item_id = links.line_item_id
    where
        items.billing_frequency is not null
        and not items.is_deleted
        and coalesce(items.deal_id, links.deal_id) is null
)

select
    'contacts' as object_name,
    contact_id as record_key,
    'no_account' as reason,
    _batch_id,
    _loaded_at
from contacts
where account_key is null and not is_deleted
union all
select
    'line_items' as object_name,
    line_item_id as record_key,
    coalesce(exception_reason, 'amount_unknown') as reason,
    _batch_id,
    _loaded_at
from terms
where exception_reason is not null or amount is null
union all
select
    'line_items' as object_name,
    line_item_id as record_key,
    'orphan' as reason,
    _batch_id,
    _loaded_at
from orphans
