-- one row per check of what landed, object, and rule that rows broke
with files as (
    select * from {{ ref('unified_landed_files') }}
),

quarantined as (
    select * from {{ ref('unified_quarantined_rows') }}
),

rates as (
    select * from {{ ref('int_quality__rates') }}
),

objects as (
    select
        source_system || '/' || object_name as table_name,
        sum(rows_quarantined) as rows_quarantined,
        sum(case when status = 'refused' then 1 else 0 end) as files_refused
    from files
    group by source_system || '/' || object_name
),

valued as (
    select
        quarantined.source_system || '/' || quarantined.object_name as table_name,
        coalesce(quarantined.column_name || ' ', '') || quarantined.reason as detail,
        quarantined.row_count,
        {{ convert_money(
            monthly_amount('quarantined.amount', 'quarantined.interval_unit', 'quarantined.interval_count'),
            'rates.rate'
        ) }} as mrr
    from quarantined
    left join rates on quarantined.currency = rates.currency
)

select
    'quarantined_rows' as check_name,
    table_name,
    detail,
    cast(sum(row_count) as bigint) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(sum(mrr) as decimal(18, 4)) as mrr,
    'Rows set aside because they break the rule in detail. Money: list price a month, where legible.' as description
from valued
group by table_name, detail
union all
select
    'quarantined_rows' as check_name,
    table_name,
    'all' as detail,
    cast(0 as bigint) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as mrr,
    'Rows set aside because they break the contract.' as description
from objects
where rows_quarantined = 0
union all
select
    'refused_files' as check_name,
    table_name,
    'all' as detail,
    cast(files_refused as bigint) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as mrr,
    'Files refused whole; copies are in quarantine, with the reason on record.' as description
from objects
