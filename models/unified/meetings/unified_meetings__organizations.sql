-- one row per mail domain of participants who are not your own staff
{{ config(enabled='meetings' in var('connectors')) }}
select
    domain as source_key,
    domain,
    false as is_deleted,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from {{ ref('unified_meetings__participants') }}
where domain is not null and not is_own
group by domain
