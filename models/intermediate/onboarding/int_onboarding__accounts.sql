-- one row per account that signed up: it had service, usage or a milestone
with accounts as (
    select * from {{ ref('unified_accounts') }}
    where not is_internal
),

services as (
    select
        account_id,
        min(period_start) as first_served_at
    from {{ ref('unified_subscription_periods') }}
    where period_start <= {{ as_of() }}
    group by account_id
),

first_plans as (
    select
        account_id,
        {{ first_by('plan_id', 'month_number') }} as plan_id
    from {{ ref('int_mrr__account_months') }}
    group by account_id
),

users as (
    select
        account_id,
        user_id,
        min(active_on) as first_active_on,
        max(active_on) as last_active_on
    from {{ ref('int_usage__user_days') }}
    group by account_id, user_id
),

usages as (
    select
        account_id,
        min(first_active_on) as first_active_on,
        max(last_active_on) as last_active_on,
        count(user_id) as users,
        sum(
            case
                when user_id is not null and first_active_on = last_active_on
                    and {{ days_between('last_active_on', as_of_day()) }} > {{ policy('one_and_done_days') }} then 1
                else 0
            end
        ) as one_and_done_users
    from users
    group by account_id
),

activations as (
    select
        account_id,
        min(first_at) as activated_at
    from {{ ref('unified_usage_event_weeks') }}
    where is_activation and is_counted and is_known
    group by account_id
),

milestones as (
    select
        *,
        case when reached_at <= {{ as_of() }} then {{ local_day('reached_at') }} end as reached_on
    from {{ ref('unified_milestones') }}
),

milestone_totals as (
    select
        account_id,
        min(coalesce(reached_on, target_on)) as first_milestone_on,
        min(case when milestone = 'first_value' then reached_on end) as first_value_on,
        min(case when milestone = 'onboarded' then reached_on end) as onboarded_on,
        count(reached_on) as milestones_reached,
        sum(
            case
                when target_on is not null and (reached_on is not null or target_on < {{ as_of_day() }}) then 1
                else 0
            end
        ) as milestones_due,
        sum(case when coalesce(reached_on, {{ as_of_day() }}) > target_on then 1 else 0 end) as late_milestones
    from milestones
    where target_on is not null or reached_on is not null
    group by account_id
),

signed_up as (
    select
        accounts.account_id,
        coalesce(first_plans.plan_id, 'unknown') as plan_id,
        coalesce({{ local_day('accounts.created_at') }}, {{ earliest(
            earliest(local_day('services.first_served_at'), 'usages.first_active_on'),
            'milestone_totals.first_milestone_on'
        ) }}) as signed_up_on,
        usages.first_active_on,
        usages.last_active_on,
        coalesce(usages.users, 0) as users,
        coalesce(usages.one_and_done_users, 0) as one_and_done_users,
        {{ earliest(local_day('activations.activated_at'), 'milestone_totals.first_value_on') }} as activated_on,
        milestone_totals.onboarded_on,
        coalesce(milestone_totals.milestones_reached, 0) as milestones_reached,
        coalesce(milestone_totals.milestones_due, 0) as milestones_due,
        coalesce(milestone_totals.late_milestones, 0) as late_milestones
    from accounts
    left join services on accounts.account_id = services.account_id
    left join first_plans on accounts.account_id = first_plans.account_id
    left join usages on accounts.account_id = usages.account_id
    left join activations on accounts.account_id = activations.account_id
    left join milestone_totals on accounts.account_id = milestone_totals.account_id
    where
        services.account_id is not null
        or usages.account_id is not null
        or milestone_totals.account_id is not null
)

select
    signed_up.*,
    case
        when signed_up.activated_on is not null
            then greatest({{ days_between('signed_up.signed_up_on', 'signed_up.activated_on') }}, 0)
    end as days_to_value,
    {{ days_between('signed_up.signed_up_on', as_of_day()) }} as days_known,
    coalesce(
        signed_up.first_active_on = signed_up.last_active_on
        and {{ days_between('signed_up.last_active_on', as_of_day()) }} > {{ policy('one_and_done_days') }},
        false
    ) as is_one_and_done,
    -- Without any such event or milestone, nothing tells when an account gets value.
    count(signed_up.activated_on) over () > 0 as is_activation_known
from signed_up
where signed_up.signed_up_on <= {{ as_of_day() }}
