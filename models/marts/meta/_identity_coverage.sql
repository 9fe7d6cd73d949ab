-- one row per source and object, with the share of its records that have an account
{%- set billing_systems = systems_with('customers') %}
{%- set help_desks = systems_with('organizations') %}
with accounts as (
    select * from {{ ref('int_quality__accounts') }}
),

{% if help_desks -%}
organizations as (
    select * from {{ ref('unified_identity__records') }}
    where not is_account
),

{% endif -%}
-- A record of a CRM, or a key, is matched if the CRM has its account. So is a customer of billing.
records as (
    select
        source_system,
        {% if billing_systems -%}
        case
            when source_system in {{ text_list(billing_systems) }} then 'customers'
            else 'accounts'
        end
        {%- else -%}
        'accounts'
        {%- endif %} as object_name,
        account_id,
        true as needs_crm
    from {{ ref('unified_account_keys') }}
    {%- if help_desks %}
    where
        source_system not in {{ text_list(help_desks) }}
    union all
    select
        organizations.source_system,
        'organizations' as object_name,
        keys.account_id,
        false as needs_crm
    from organizations
    left join {{ ref('unified_account_keys') }} as keys
        on organizations.source_system = keys.source_system and organizations.source_key = keys.source_key
    {%- endif %}
    union all
    select
        source_system,
        'contracts' as object_name,
        account_id,
        false as needs_crm
    from {{ ref('unified_contracts') }}
    union all
    select
        source_system,
        'invoices' as object_name,
        account_id,
        false as needs_crm
    from {{ ref('unified_invoices') }}
    union all
    select
        'all' as source_system,
        'contacts' as object_name,
        account_id,
        false as needs_crm
    from {{ ref('unified_contacts') }}
    union all
    select
        'all' as source_system,
        'survey_responses' as object_name,
        account_id,
        false as needs_crm
    from {{ ref('unified_survey_responses') }}
    {%- for name in ['tickets', 'opportunities', 'calls'] %}
    union all
    select
        source_system,
        '{{ name }}' as object_name,
        account_id,
        false as needs_crm
    from {{ ref('unified_' ~ name) }}
    {%- endfor %}
    {%- for name in ['seats', 'milestones'] %}
    union all
    select
        'all' as source_system,
        '{{ name }}' as object_name,
        account_id,
        false as needs_crm
    from {{ ref('unified_' ~ name) }}
    {%- endfor %}
),

grouped as (
    select
        records.source_system,
        records.object_name,
        records.account_id,
        count(*) as records_found,
        -- Only a record of an account has that account's money.
        max(case when records.needs_crm then accounts.mrr end) as mrr,
        max(
            case
                when accounts.is_in_crm or (accounts.account_id is not null and not records.needs_crm) then 1
                else 0
            end
        ) as is_matched
    from records
    left join accounts on records.account_id = accounts.account_id
    group by records.source_system, records.object_name, records.account_id
),

totals as (
    select
        source_system,
        object_name,
        sum(records_found) as rows_found,
        sum(records_found * is_matched) as matched,
        sum(case when is_matched = 0 then mrr else 0 end) as unmatched_mrr
    from grouped
    group by source_system, object_name
)

select
    source_system,
    object_name,
    cast(rows_found as bigint) as rows_found,
    cast(matched as bigint) as matched,
    {{ rate('matched', 'rows_found') }} as match_rate,
    case when object_name in ('accounts', 'customers') then cast(coalesce(unmatched_mrr, 0) as decimal(18, 4)) end
        as unmatched_mrr
from totals
