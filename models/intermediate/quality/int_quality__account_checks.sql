-- one row per outcome of account ids that changed since the previous release
with account_merges as (
    select * from {{ ref('int_quality__account_merges') }}
),

-- The parts of a split account share its money.
concerned_accounts as (
    select distinct
        outcome,
        previous_account_id,
        mrr_before
    from account_merges
),

totals as (
    select
        outcome,
        count(*) as observed,
        sum(mrr_before) as mrr
    from concerned_accounts
    group by outcome
),

checks as (
    {%- for outcome, is_expected, description in [
        ('merged', true, 'Account ids of the previous release that are part of another account now.'),
        ('internal', true, 'Accounts of the previous release that are internal now.'),
        ('split', false, 'Accounts of the previous release whose keys belong to several accounts now.'),
        ('gone', false, 'Account ids of the previous release that no system has now.'),
    ] %}
    select
        '{{ outcome }}' as outcome,
        {{ 'cast(null as bigint)' if is_expected else 'cast(0 as bigint)' }} as expected,
        '{{ description }} _account_merges lists them. Money: their MRR in that release.' as description
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    'changed_account_id' as check_name,
    'accounts' as table_name,
    checks.outcome as detail,
    coalesce(totals.observed, 0) as observed,
    checks.expected,
    'warn' as severity,
    cast(coalesce(totals.mrr, 0) as decimal(18, 4)) as affected_mrr,
    checks.description
from checks
left join totals on checks.outcome = totals.outcome
