-- one row per subscription and term that commits the customer
{{ config(enabled='recurly' in var('connectors')) }}
with versions as (
    select
        *,
        coalesce(account_id, account_code) as account_key,
        row_number() over (partition by subscription_id, current_term_started_at order by version_at desc) as term_rank
    from {{ ref('stg_recurly__subscription_versions') }}
    where
        current_term_started_at < current_term_ends_at
        and state not in ('failed', 'future')
        and not is_deleted
),

-- A term of one billing period that renews is no commitment beyond the bill.
terms as (
    select
        subscription_id,
        account_key,
        subscription_id || ':' || cast({{ local_day('current_term_started_at') }} as {{ dbt.type_string() }})
            as contract_id,
        {{ local_day('current_term_started_at') }} as starts_on,
        {{ local_day(dbt.dateadd('second', 1, 'current_term_ends_at')) }} as ends_on,
        cast(subtotal * coalesce(total_billing_cycles, 1) as decimal(18, 4)) as amount,
        currency,
        coalesce(auto_renew, true) and state <> 'canceled' as auto_renew,
        _batch_id,
        _loaded_at
    from versions
    where
        term_rank = 1
        and account_key is not null
        and (total_billing_cycles > 1 or not auto_renew)
),

ranked as (
    select
        *,
        row_number() over (partition by contract_id order by ends_on desc) as contract_rank
    from terms
),

followed as (
    select
        *,
        lead(contract_id) over in_time as next_contract_id,
        lead(starts_on) over in_time as next_starts_on,
        lead(amount) over in_time as next_amount
    from ranked
    where contract_rank = 1 and starts_on < ends_on
    window in_time as (partition by subscription_id order by starts_on)
)

select
    contract_id,
    account_key,
    starts_on,
    ends_on,
    amount,
    currency,
    auto_renew,
    case when next_starts_on = ends_on then next_contract_id end as renewed_by_contract_id,
    case when next_starts_on = ends_on then next_amount end as renewed_amount,
    _batch_id,
    _loaded_at
from followed
