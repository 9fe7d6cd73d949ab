-- one row per account and due date, with the outcome of the renewal
with due as (
    select * from {{ ref('int_renewals__due') }}
),

pieces as (
    select * from {{ ref('int_renewals__pieces') }}
),

rates as (
    select * from {{ ref('int_renewals__rates') }}
),

account_months as (
    select * from {{ ref('int_mrr__account_months') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

combinations as (
    select * from {{ ref('int_accounts__slice_combinations') }}
),

-- A renewal for a different term counts with its amount for the length of the old term.
scaled_pieces as (
    select
        pieces.account_id,
        pieces.due_on,
        pieces.starts_on,
        pieces.currency,
        due.valued_month_number,
        case
            when due.has_one_term and due.longest_term_months = pieces.term_months then pieces.amount
            when due.has_one_term
                then {{ divide_money(
                    'cast(pieces.amount as decimal(28, 4)) * due.longest_term_months', 'pieces.term_months'
                ) }}
            else {{ share_of_money(
                'pieces.amount',
                'cast(due.due_amount as decimal(28, 4)) * due.common_months',
                'cast(due.common_amount as decimal(28, 4)) * pieces.term_months'
            ) }}
        end as amount
    from pieces
    inner join due on pieces.account_id = due.account_id and pieces.due_on = due.due_on
),

renewals as (
    select
        scaled_pieces.account_id,
        scaled_pieces.due_on,
        min(scaled_pieces.starts_on) as renewed_on,
        sum({{ convert_money('scaled_pieces.amount', 'rates.rate') }}) as signed_amount,
        sum(
            case
                when scaled_pieces.starts_on <= {{ as_of_day() }}
                    then {{ convert_money('scaled_pieces.amount', 'rates.rate') }}
            end
        ) as begun_amount
    from scaled_pieces
    left join rates
        on
            scaled_pieces.currency = rates.currency
            and scaled_pieces.valued_month_number = rates.month_number
    group by scaled_pieces.account_id, scaled_pieces.due_on
),

renewal_states as (
    select
        due.*,
        account_months.opening_plan_id as plan_id,
        renewals.renewed_on,
        due.due_on <= {{ as_of_day() }} as is_due,
        coalesce(renewals.renewed_on <= {{ as_of_day() }}, false) as is_renewed,
        {{ dbt.dateadd('day', policy('renewal_grace_days'), 'due.due_on') }} < {{ as_of_day() }} as is_over,
        {{ days_between(as_of_day(), 'due.due_on') }} as days_to_renewal,
        -- If no renewal amount was delivered, assume renewal at the old amount.
        coalesce(renewals.begun_amount, due.due_amount) as begun_amount,
        renewals.signed_amount,
        combinations.*
    from due
    left join renewals on due.account_id = renewals.account_id and due.due_on = renewals.due_on
    left join account_months
        on
            due.account_id = account_months.account_id
            and due.valued_month_number = account_months.month_number
    left join slices on due.account_id = slices.account_id
    inner join combinations on coalesce(slices.slice_number, 0) = combinations.slice_number
),

outcomes as (
    select
        *,
        case
            when is_due and is_renewed and begun_amount > due_amount then 'upsold'
            when is_due and is_renewed and begun_amount < due_amount then 'downsold'
            when is_due and is_renewed then 'renewed'
            when is_due and is_over then 'lost'
            else 'open'
        end as outcome
    from renewal_states
)

select
    account_id,
    due_on,
    contract_id,
    contract_ids,
    contracts,
    starts_on,
    auto_renew,
    plan_id,
    coalesce(plan_id, 'unknown') as plan,
    due_amount,
    cast(
        case outcome when 'lost' then 0 when 'open' then signed_amount else begun_amount end as decimal(18, 4)
    ) as renewed_amount,
    case when outcome <> 'lost' then renewed_on end as renewed_on,
    outcome,
    case when outcome = 'open' then days_to_renewal end as days_to_renewal,
    slice_number
    {%- for dimension in account_dimensions() %},
    {{ dimension }}
    {%- endfor %}
from outcomes
