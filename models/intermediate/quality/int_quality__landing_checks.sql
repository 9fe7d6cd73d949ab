-- one row per landing check, object and detail, such as a rule, an outcome or a remark
with files as (
    select
        *,
        source_system || '/' || object_name as table_name
    from {{ ref('stg_landing__files') }}
),

row_counts as (
    select
        *,
        source_system || '/' || object_name as table_name
    from {{ ref('stg_landing__row_counts') }}
),

rows_set_aside as (
    select
        source_system || '/' || object_name as table_name,
        kind,
        column_name,
        reason,
        currency,
        interval_unit,
        interval_count,
        sum(row_count) as row_count,
        cast(sum(amount) as decimal(38, 14)) as amount
    from {{ ref('stg_landing__rows_set_aside') }}
    group by source_system, object_name, kind, column_name, reason, currency, interval_unit, interval_count
),

remarks as (
    select
        source_system || '/' || object_name as table_name,
        kind,
        remark,
        cast(count(*) as bigint) as files,
        cast(sum(row_count) as bigint) as row_count
    from {{ ref('stg_landing__remarks') }}
    group by source_system, object_name, kind, remark
),

rates as (
    select * from {{ ref('int_quality__rates') }}
),

objects as (
    select
        files.table_name,
        sum(case when files.status = 'refused' and not files.is_mended then 1 else 0 end) as files_refused
    from files
    group by files.table_name
),

valued_rows as (
    select
        rows_set_aside.kind || '_rows' as check_name,
        rows_set_aside.table_name,
        coalesce(rows_set_aside.column_name || ' ', '') || rows_set_aside.reason as detail,
        rows_set_aside.row_count,
        {{ convert_money(
            monthly_amount('rows_set_aside.amount', 'rows_set_aside.interval_unit', 'rows_set_aside.interval_count'),
            'rates.rate'
        ) }} as mrr
    from rows_set_aside
    left join rates on rows_set_aside.currency = rates.currency
)

select
    check_name,
    table_name,
    detail,
    cast(sum(row_count) as bigint) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(sum(mrr) as decimal(18, 4)) as affected_mrr,
    'Rows that do not count, for the reason in detail. Money: list price a month, where legible.' as description
from valued_rows
group by check_name, table_name, detail
union all
select
    'quarantined_rows' as check_name,
    objects.table_name,
    'all' as detail,
    cast(0 as bigint) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    'Rows set aside because they break the contract.' as description
from objects
left join valued_rows on objects.table_name = valued_rows.table_name and valued_rows.check_name = 'quarantined_rows'
where valued_rows.table_name is null
union all
select
    'refused_files' as check_name,
    table_name,
    'all' as detail,
    cast(files_refused as bigint) as observed,
    cast(0 as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    'Files refused whole and not delivered again; copies are in quarantine, with the reason on record.' as description
from objects
union all
select
    'delivered_rows' as check_name,
    table_name,
    outcome as detail,
    row_count as observed,
    cast(null as bigint) as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    'Where the delivered rows went. All but blank records add up to the rows delivered.' as description
from row_counts
where row_count > 0
union all
select
    'reading_remarks' as check_name,
    table_name,
    remark as detail,
    coalesce(row_count, files) as observed,
    case when kind = 'told' then cast(0 as bigint) end as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    'What the loader read otherwise than it stands in the file, or found odd. Rows; files where it is about those.'
        as description
from remarks
