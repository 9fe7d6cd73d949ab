-- one row per account with an alert, with what to do first
with alerts as (
    select
        *,
        row_number() over (
            partition by account_id
            order by
                case severity when 'high' then 1 when 'medium' then 2 else 3 end,
                since,
                signal
        ) as action_rank
    from {{ ref('cs_alerts') }}
)

select
    account_id,
    sum(case when kind = 'risk' then 1 else 0 end) as risk_alerts,
    sum(case when kind = 'expansion' then 1 else 0 end) as expansion_alerts,
    max(case when action_rank = 1 then signal end) as next_signal,
    max(case when action_rank = 1 then suggested_play end) as next_action
from alerts
group by account_id
