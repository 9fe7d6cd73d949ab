-- one row per meeting and account of a CRM that its tool has linked with it
{{ config(enabled='meetings' in var('connectors')) }}
with objects as (
    select
        *,
        -- Salesforce writes the id of an account with 15 or 18 characters, and begins it with 001.
        case
            when crm_object_id like '001%' then {{ salesforce_id('crm_object_id') }}
            else crm_object_id
        end as reference
    from {{ ref('stg_meetings__crm_objects') }}
    -- The other objects of a CRM, such as opportunities, name no account.
    where object_type in ('account', 'company', 'organization') and not is_deleted
)

select
    meetings.call_id,
    objects.reference,
    max(objects._batch_id) as _batch_id,
    max(objects._loaded_at) as _loaded_at
from objects
inner join {{ ref('unified_meetings__meetings') }} as meetings on {{ of_meeting('objects', 'meetings') }}
group by meetings.call_id, objects.reference
