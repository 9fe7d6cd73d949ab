-- one row per account, in its latest version
{{ config(enabled='recurly' in var('connectors')) }}
with accounts as (
    {{ latest_version(source('recurly', 'accounts'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as account_id,
    code as account_code,
    email,
    parent_account_id,
    lower(state) as state,
    custom_fields,
    created_at,
    updated_at,
    deleted_at is not null or coalesce(_is_deleted, false) as is_deleted,
    _extra,
    _batch_id,
    _loaded_at
from accounts
