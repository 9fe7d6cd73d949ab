-- one row per object, kind and remark
with remarks as (
    select * from {{ ref('stg_landing__remarks') }}
)

select
    source_system,
    object_name,
    kind,
    remark,
    cast(count(*) as bigint) as files,
    cast(sum(row_count) as bigint) as row_count
from remarks
group by source_system, object_name, kind, remark
