-- one row per object of a connected system and reason why its records count nowhere or only in part
{{ config(enabled=has_branch('exceptions')) }}
{%- set reasons = exception_reasons() %}
with exceptions as (
    {{ union_branches('exceptions', ['object_name', 'record_key', 'reason']) }}
),

checks as (
    select
        reason as check_name,
        source_system || '/' || object_name as table_name,
        count(*) as rows_found
    from exceptions
    group by reason, source_system, object_name
)

select
    check_name,
    table_name,
    'all' as detail,
    cast(rows_found as bigint) as observed,
    cast(
        case
            when check_name in (
                {%- for reason, meaning in reasons.items() if meaning.expected %}
                '{{ reason }}'{{ ',' if not loop.last }}
                {%- endfor %}
            ) then null
            else 0
        end as bigint
    ) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    case check_name
        {%- for reason, meaning in reasons.items() %}
        when '{{ reason }}' then '{{ meaning.text }}'
        {%- endfor %}
        else 'Records that count nowhere or only in part.'
    end as description
from checks
