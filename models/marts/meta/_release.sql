-- one row: the identity of this release, which the export fills in
select
    'development' as release_id,
    cast(null as timestamp) as published_at,
    {{ as_of() }} as as_of,
    cast(null as timestamp) as known_at,
    cast(null as string) as code_version,
    cast(null as bigint) as checks_passed,
    cast(null as bigint) as raw_batches
