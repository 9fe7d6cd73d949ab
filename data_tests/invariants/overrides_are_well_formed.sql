-- Lists the problems of rows in the seeds overrides_*, in words. dbt builds nothing until they are fixed.
with subscription_links as (
    select * from {{ ref('overrides_subscription_links') }}
),

links as (
    select
        trim(subscription_id) as subscription_id,
        max(trim(replaces_subscription_id)) as replaces_subscription_id,
        true as is_override
    from subscription_links
    where trim(replaces_subscription_id) <> trim(subscription_id)
    group by trim(subscription_id)
    having count(*) = 1
),

circles as (
    {{ link_circles('links') }}
),

seeded as (
    select
        'overrides_subscription_links' as seed,
        trim(subscription_links.subscription_id) as target,
        subscription_links.author,
        subscription_links.reason,
        case
            when coalesce(trim(subscription_links.replaces_subscription_id), '') = ''
                then 'replaces_subscription_id is missing'
            when trim(subscription_links.replaces_subscription_id) = trim(subscription_links.subscription_id)
                then 'a subscription cannot continue itself'
            else circles.problem
        end as value_problem
    from subscription_links
    left join circles on trim(subscription_links.subscription_id) = circles.subscription_id
    union all
    select
        'overrides_cancellations' as seed,
        trim(subscription_id) || coalesce(' ' || nullif(trim(item_id), ''), '') as target,
        author,
        reason,
        case when cancelled_at is null then 'cancelled_at is missing' end as value_problem
    from {{ ref('overrides_cancellations') }}
    union all
    select
        'overrides_accounts' as seed,
        trim(account_id) as target,
        author,
        reason,
        case when is_internal is null then 'is_internal is missing: write true or false' end as value_problem
    from {{ ref('overrides_accounts') }}
    union all
    select
        'overrides_churn_reasons' as seed,
        trim(subscription_id) || coalesce(' ' || nullif(trim(item_id), ''), '') as target,
        author,
        reason,
        case
            when coalesce(trim(churn_kind), '') = '' then 'churn_kind is missing'
            when
                lower(trim(churn_kind)) not in (
                    {%- for kind in churn_kinds() %}
                    '{{ kind }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
                then
                    'churn_kind ' || churn_kind || ' is none of '
                    || '{{ churn_kinds() | join(", ") }}'
        end as value_problem
    from {{ ref('overrides_churn_reasons') }}
),

problems as (
    select
        seed,
        target,
        case
            when coalesce(trim(target), '') = '' then 'the id of what it corrects is missing'
            when value_problem is not null then value_problem
            when coalesce(trim(author), '') = '' then 'author is missing'
            when coalesce(trim(reason), '') = '' then 'reason is missing'
            when author like '%@%' or reason like '%@%'
                then 'author and reason are published: write a name or a team, no e-mail address'
            when count(*) over (partition by seed, target) > 1 then 'there is more than one row for it'
        end as problem
    from seeded
)

select
    seed,
    target,
    problem
from problems
where problem is not null
order by seed, target, problem
