-- one row per account and quarter at whose close, or at as_of, it is a customer, with what lies ahead
with quarters as (
    select * from {{ ref('int_reviews__quarters') }}
),

contracts as (
    select
        account_id,
        starts_on,
        due_on
    from {{ ref('int_renewals__outcomes') }}
),

milestones as (
    select
        account_id,
        target_on,
        case when reached_at <= {{ as_of() }} then {{ local_day('reached_at') }} end as reached_on
    from {{ ref('unified_milestones') }}
    where target_on is not null
),

renewals as (
    select
        quarters.account_id,
        quarters.quarter,
        min(contracts.due_on) as next_renewal_on
    from quarters
    inner join contracts on quarters.account_id = contracts.account_id
    where contracts.starts_on <= quarters.closed_on and contracts.due_on > quarters.closed_on
    group by quarters.account_id, quarters.quarter
),

goals as (
    select
        quarters.account_id,
        quarters.quarter,
        sum(case when milestones.target_on < quarters.closed_on then 1 else 0 end) as late_milestones,
        sum(
            case
                when {{ days_between('quarters.closed_on', 'milestones.target_on') }} between 0 and 90 then 1
                else 0
            end
        ) as milestones_ahead_90d
    from quarters
    inner join milestones on quarters.account_id = milestones.account_id
    where milestones.reached_on is null or milestones.reached_on > quarters.closed_on
    group by quarters.account_id, quarters.quarter
)

select
    quarters.account_id,
    quarters.quarter,
    renewals.next_renewal_on,
    {{ days_between('quarters.closed_on', 'renewals.next_renewal_on') }} as days_to_renewal,
    coalesce(goals.late_milestones, 0) as late_milestones,
    coalesce(goals.milestones_ahead_90d, 0) as milestones_ahead_90d
from quarters
left join renewals on quarters.account_id = renewals.account_id and quarters.quarter = renewals.quarter
left join goals on quarters.account_id = goals.account_id and quarters.quarter = goals.quarter
