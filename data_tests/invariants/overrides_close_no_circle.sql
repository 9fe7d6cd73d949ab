-- Links of overrides_subscription_links that form a circle with delivered ones: each of its subscriptions would end
-- where another of them starts. Circles of overrides alone are found before anything is built.
with links as (
    select
        subscription_id,
        max(replaces_subscription_id) as replaces_subscription_id,
        max(case when has_link_override then 1 else 0 end) = 1 as is_override
    from {{ ref('unified_subscription_periods') }}
    where replaces_subscription_id <> subscription_id
    group by subscription_id
),

circles as (
    {{ link_circles('links') }}
)

select
    'overrides_subscription_links' as seed,
    subscription_id as target,
    problem
from circles
order by target
