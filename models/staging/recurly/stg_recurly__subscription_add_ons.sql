-- one row per version of an add-on of a subscription
{{ config(enabled='recurly' in var('connectors')) }}
with delivered as (
    select
        *,
        coalesce(updated_at, _version_from, created_at, _extracted_at, _loaded_at) as version_at
    from {{ source('recurly', 'subscription_add_ons') }}
),

counted as (
    select
        *,
        min(version_at) over (partition by id, _batch_id) < max(version_at) over (partition by id, _batch_id)
            as is_one_of_several
    from delivered
),

versions as (
    {{ latest_version('counted', ['id', 'subscription_updated_at', 'version_at'], is_vendor=true) }}
)

select
    id as subscription_add_on_id,
    subscription_id,
    add_on_id,
    add_on_code,
    lower(add_on_add_on_type) as add_on_type,
    quantity,
    unit_amount,
    created_at,
    expired_at,
    subscription_updated_at as subscription_version_at,
    version_at,
    coalesce(_is_deleted, false) as is_deleted,
    case when _version_from is not null or is_one_of_several then 'loader_history' else 'deliveries' end
        as history_source,
    _batch_id,
    _loaded_at
from versions
