-- one row per check of who is who
{{ config(enabled=has_identity()) }}
with problems as (
    select * from {{ ref('int_quality__identity_problems') }}
),

counts as (
    select
        check_name,
        count(*) as observed
    from problems
    group by check_name
),

-- Several records of one account concern its money once.
concerned_accounts as (
    select distinct
        check_name,
        account_id
    from problems
),

amounts as (
    select
        concerned_accounts.check_name,
        sum(accounts.mrr) as mrr
    from concerned_accounts
    inner join {{ ref('int_quality__accounts') }} as accounts on concerned_accounts.account_id = accounts.account_id
    group by concerned_accounts.check_name
),

checks as (
    {%- for check_name, table_name, description in [
        (
            'domain_of_several_accounts', 'accounts',
            'Internet domains that several accounts of the CRM have. They identify none.'
        ),
        (
            'merge_circle', 'accounts',
            'Records that merges replaced by themselves. The merges are refused. Money: their MRR.'
        ),
        (
            'email_of_several_accounts', 'account_keys',
            'Customers whose address is that of contacts of several accounts. They stay alone. Money: their MRR.'
        ),
        (
            'keys_of_several_accounts', 'account_keys',
            'Records with keys of several accounts of one system. They stay alone. Money: their MRR.'
        ),
        (
            'conflicting_evidence', 'account_keys',
            'Records that account_keys links to another account than other evidence. The link counts. Money: their MRR.'
        ),
    ] %}
    select
        '{{ check_name }}' as check_name,
        '{{ table_name }}' as table_name,
        '{{ description }}' as description
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    checks.check_name,
    checks.table_name,
    'all' as detail,
    coalesce(counts.observed, 0) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(coalesce(amounts.mrr, 0) as decimal(18, 4)) as affected_mrr,
    checks.description
from checks
left join counts on checks.check_name = counts.check_name
left join amounts on checks.check_name = amounts.check_name
