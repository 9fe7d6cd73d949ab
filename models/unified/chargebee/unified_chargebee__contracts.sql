-- one row per contract term
{{ config(enabled='chargebee' in var('connectors')) }}
with subscriptions as (
    select * from {{ ref('stg_chargebee__subscriptions') }}
),

-- The list of contract terms takes precedence over the term in a subscription.
delivered as (
    select
        contract_term_id,
        subscription_id,
        contract_start,
        contract_end,
        total_contract_value,
        action_at_term_end,
        1 as place,
        _batch_id,
        _loaded_at
    from {{ ref('stg_chargebee__contract_terms') }}
    where not is_deleted
    union all
    select
        contract_term_id,
        subscription_id,
        contract_term_contract_start as contract_start,
        contract_term_contract_end as contract_end,
        contract_term_total_contract_value as total_contract_value,
        contract_term_action_at_term_end as action_at_term_end,
        2 as place,
        _batch_id,
        _loaded_at
    from subscriptions
    where contract_term_id is not null
),

ranked as (
    select
        *,
        row_number() over (partition by contract_term_id order by place) as place_rank
    from delivered
),

terms as (
    select
        ranked.contract_term_id,
        ranked.subscription_id,
        subscriptions.customer_id,
        subscriptions.currency,
        {{ local_day('ranked.contract_start') }} as starts_on,
        -- A term that ends a second before midnight ends on the next day.
        {{ local_day(dbt.dateadd('second', 1, 'ranked.contract_end')) }} as ends_on,
        cast(
            {{ major_units('ranked.total_contract_value', 'subscriptions.currency', 'chargebee') }} as decimal(18, 4)
        ) as amount,
        ranked.action_at_term_end in ('renew', 'renew_once', 'evergreen') as auto_renew,
        ranked._batch_id,
        ranked._loaded_at
    from ranked
    inner join subscriptions on ranked.subscription_id = subscriptions.subscription_id
    where
        ranked.place_rank = 1
        and ranked.contract_start < ranked.contract_end
        and subscriptions.customer_id is not null
),

followed as (
    select
        *,
        lead(contract_term_id) over in_time as next_contract_id,
        lead(starts_on) over in_time as next_starts_on,
        lead(amount) over in_time as next_amount
    from terms
    window in_time as (partition by subscription_id order by starts_on, contract_term_id)
)

select
    contract_term_id as contract_id,
    customer_id as account_key,
    starts_on,
    ends_on,
    amount,
    currency,
    coalesce(auto_renew, false) as auto_renew,
    case when next_starts_on = ends_on then next_contract_id end as renewed_by_contract_id,
    case when next_starts_on = ends_on then next_amount end as renewed_amount,
    _batch_id,
    _loaded_at
from followed
