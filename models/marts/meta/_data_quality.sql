-- one row per check of the data, table, and detail
with checks as (
    select * from {{ ref('int_quality__landing_checks') }}
    union all
    select * from {{ ref('int_quality__period_checks') }}
    union all
    select * from {{ ref('int_quality__invoice_checks') }}
    union all
    select * from {{ ref('int_quality__delivery_checks') }}
    {%- for subject in [
        'account', 'call', 'contract', 'cost', 'currency', 'link', 'survey', 'ticket', 'usage', 'health', 'plausibility'
    ] %}
    union all
    select * from {{ ref('int_quality__' ~ subject ~ '_checks') }}
    {%- endfor %}
    {%- if has_branch('exceptions') %}
    union all
    select * from {{ ref('int_quality__exception_checks') }}
    {%- endif %}
    {%- if has_branch('billing_states') %}
    union all
    select * from {{ ref('int_quality__history_checks') }}
    {%- endif %}
    {%- if has_identity() %}
    union all
    select * from {{ ref('int_quality__identity_checks') }}
    {%- endif %}
)

select
    check_name,
    table_name,
    detail,
    case when observed > expected then severity else 'pass' end as status,
    observed,
    expected,
    affected_mrr,
    description
from checks
