-- one row per correction that analysts keep in the seeds overrides_*
{%- set targets = ['account_id', 'subscription_id', 'item_id'] %}
{%- set values = {
    'replaces_subscription_id': 'string',
    'cancelled_at': 'timestamp',
    'is_internal': 'boolean',
    'churn_kind': 'string',
    'churn_reason': 'string',
} %}
{%- set seeds = [
    ('subscription_link', ref('overrides_subscription_links'), ['subscription_id', 'replaces_subscription_id']),
    ('cancellation', ref('overrides_cancellations'), ['subscription_id', 'item_id', 'cancelled_at']),
    ('account', ref('overrides_accounts'), ['account_id', 'is_internal']),
    (
        'churn_reason', ref('overrides_churn_reasons'),
        ['subscription_id', 'item_id', 'churn_kind', 'churn_reason'],
    ),
] %}
with seeded as (
    {%- for kind, seed, columns in seeds %}
    select
        '{{ kind }}' as override_kind,
        {%- for column in targets %}
        nullif(trim({{ column if column in columns else "''" }}), '') as {{ column }},
        {%- endfor %}
        {%- for column, type in values.items() %}
        {% if column in columns %}{{ column }}{% else %}cast(null as {{ type }}){% endif %} as {{ column }},
        {%- endfor %}
        author,
        reason,
        expires_on
    from {{ seed }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    override_kind,
    account_id,
    subscription_id,
    item_id,
    nullif(trim(replaces_subscription_id), '') as replaces_subscription_id,
    -- A date without a time is the start of that day in the reporting time zone.
    case
        when cancelled_at = {{ dbt.date_trunc('day', 'cancelled_at') }} then {{ utc_time('cancelled_at') }}
        else cancelled_at
    end as cancelled_at,
    is_internal,
    lower(trim(churn_kind)) as churn_kind,
    nullif(lower(trim(churn_reason)), '') as churn_reason,
    author,
    reason,
    expires_on,
    coalesce(expires_on <= {{ as_of_day() }}, false) as is_expired
from seeded
