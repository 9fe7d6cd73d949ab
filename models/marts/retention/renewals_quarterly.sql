-- one row per quarter and slice
with renewals as (
    select * from {{ ref('int_renewals__outcomes') }}
),

quarters as (
    select
        *,
        cast({{ dbt.date_trunc('quarter', 'due_on') }} as date) as quarter,
        -- Leave the renewed amount null if the due amount is unknown, because it has nothing to compare with.
        case when due_amount is not null then renewed_amount end as comparable_amount
    from renewals
),

sliced as (
    select
        quarter,
        {{ slice_columns() }},
        {%- for outcome in ['renewed', 'upsold', 'downsold', 'lost', 'open'] %}
        count(case when outcome = '{{ outcome }}' then 1 end) as {{ outcome }}_contracts,
        {%- endfor %}
        sum(case when outcome <> 'open' then due_amount end) as due,
        sum(case when outcome <> 'open' then comparable_amount end) as renewed,
        sum(case when outcome <> 'open' then least(comparable_amount, due_amount) end) as kept,
        sum(case when outcome = 'open' then due_amount end) as open_due
    from quarters
    group by {{ slice_sets(['quarter']) }} -- noqa: PRS
),

summed as (
    select
        quarter,
        dimension,
        dimension_value,
        {{ dbt.dateadd('day', policy('renewal_grace_days'), dbt.dateadd('month', 3, 'quarter')) }}
        <= {{ as_of_day() }} as is_complete,
        cast(coalesce(due, 0) as decimal(18, 4)) as due,
        cast(coalesce(renewed, 0) as decimal(18, 4)) as renewed,
        cast(coalesce(kept, 0) as decimal(18, 4)) as kept,
        cast(coalesce(open_due, 0) as decimal(18, 4)) as open_due,
        cast(renewed_contracts + upsold_contracts + downsold_contracts + lost_contracts as bigint) as due_contracts,
        cast(renewed_contracts + upsold_contracts + downsold_contracts as bigint) as renewed_contracts,
        cast(upsold_contracts as bigint) as upsold_contracts,
        cast(downsold_contracts as bigint) as downsold_contracts,
        cast(lost_contracts as bigint) as lost_contracts,
        cast(open_contracts as bigint) as open_contracts
    from sliced
)

select
    quarter,
    dimension,
    dimension_value,
    is_complete,
    due,
    renewed,
    kept,
    open_due,
    due_contracts,
    renewed_contracts,
    upsold_contracts,
    downsold_contracts,
    lost_contracts,
    open_contracts,
    {{ rate('kept', 'due') }} as gross_renewal_rate,
    {{ rate('renewed', 'due') }} as net_renewal_rate,
    {{ rate('renewed_contracts', 'due_contracts') }} as customer_renewal_rate
from summed
