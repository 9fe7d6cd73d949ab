-- one row per check of calls and system
{#- Name, condition, whether it happens in every company, meaning. -#}
{%- set checks = [
    ('same_call', 'is_repeated', true, 'Calls that an earlier system delivers too. That one counts.'),
    ('several_accounts', 'accounts > 1', false,
     'Calls with participants of several accounts. They belong to none. Link a domain by account_keys.'),
    ('account_unknown', 'accounts = 0', false,
     'Calls whose participants belong to no known account. They count for no account.'),
] %}
with calls as (
    select * from {{ ref('unified_call_accounts') }}
)

{%- for name, condition, is_usual, meaning in checks %}

select
    '{{ name }}' as check_name,
    'calls' as table_name,
    source_system as detail,
    count(case when {{ condition }} then 1 end) as observed,
    {{ 'cast(null as bigint)' if is_usual else 'cast(0 as bigint)' }} as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    '{{ meaning }}' as description
from calls
group by source_system
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
