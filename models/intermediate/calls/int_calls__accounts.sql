-- one row per account with a call up to as_of
with calls as (
    select
        *,
        {{ local_day('held_at') }} as held_on
    from {{ ref('unified_calls') }}
    where account_id is not null and held_at <= {{ as_of() }}
)

select
    account_id,
    max(held_on) as last_call_on,
    max(case when call_kind = 'qbr' then held_on end) as last_qbr_on,
    sum(case when {{ days_between('held_on', as_of_day()) }} < 90 then 1 else 0 end) as calls_90d
from calls
group by account_id
