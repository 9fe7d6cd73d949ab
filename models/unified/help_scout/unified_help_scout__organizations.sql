-- one row per mail domain of customers of Help Scout
{{ config(enabled='help_scout' in var('connectors')) }}
with conversations as (
    select
        {{ mail_domain('email') }} as domain,
        _batch_id,
        _loaded_at
    from {{ ref('stg_help_scout__conversations') }}
)

-- Help Scout has no organizations. The domain is their key.
select
    domain as source_key,
    domain,
    false as is_deleted,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from conversations
where domain is not null
group by domain
