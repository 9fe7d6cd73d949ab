-- one row per account, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'accounts'), ['account_id'], 'updated_at') }}
),

renamed as (
    select
        account_id,
        account_name,
        domain,
        parent_account_id,
        segment,
        industry,
        country,
        acquisition_channel,
        owner_name,
        created_at,
        updated_at,
        coalesce(is_deleted, false) as is_deleted,
        coalesce(is_internal, false) as is_internal,
        _batch_id,
        _loaded_at
        {%- for attribute in policy('account_attributes') %},
        {{ attribute }}
        {%- endfor %}
    from latest_versions
)

select * from renamed
