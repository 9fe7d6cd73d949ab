-- one row per subscription item, lane, currency and movement of its account; in the item's own currency
{{ config(materialized=inlined()) }}
{%- set item = 'source_system, subscription_id, item_id, lane' %}
with changes as (
    select * from {{ ref('int_mrr__item_changes') }}
),

movement_groups as (
    select * from {{ ref('int_mrr__movement_groups') }}
),

-- The opening balance contains all changes up to the start of the loaded history. After that, a merge is a movement of
-- its own, and every other change belongs to the movement of its group.
placed_changes as (
    select
        changes.*,
        case
            when changes.changed_at <= {{ history_opens_at() }} then {{ history_opens_at() }}
            when changes.is_merge then changes.changed_at
            else movement_groups.occurred_at
        end as occurred_at,
        case
            when changes.changed_at <= {{ history_opens_at() }} then {{ precedence('opening_balance') }}
            when changes.is_merge then {{ precedence('merge') }}
            else {{ precedence('change') }}
        end as precedence,
        case when changes.active_change < 0 then changes.plan_before else changes.plan_after end as plan_of_change,
        -- Within an opening balance, a merge comes before the other changes of its instant.
        case
            when changes.is_merge then {{ dbt.dateadd('microsecond', -1, 'changes.changed_at') }}
            else changes.changed_at
        end as sequence_at
    from changes
    left join movement_groups
        on
            changes.account_id = movement_groups.account_id
            and changes.changed_at = movement_groups.changed_at
)

select
    account_id,
    occurred_at,
    cast(precedence as tinyint) as precedence,
    {{ local_month('occurred_at') }} as month_number,
    {{ item }},
    currency,
    {{ first_by('rated_on', 'sequence_at') }} as rated_on_before,
    {{ last_by('rated_on', 'sequence_at') }} as rated_on,
    cast(sum(mrr_change) as decimal(18, 4)) as mrr_change,
    cast(sum(case when is_pause then 0 else volume_mrr end) as decimal(18, 4)) as volume_mrr,
    cast(sum(case when is_pause then 0 else price_mrr end) as decimal(18, 4)) as price_mrr,
    cast(sum(case when is_pause then 0 else discount_mrr end) as decimal(18, 4)) as discount_mrr,
    cast(sum(case when is_pause then mrr_change else 0 end) as decimal(18, 4)) as pause_mrr,
    cast(sum(active_change) as integer) as active_change,
    cast(count(*) as integer) as change_count,
    -- An item may continue without a plan, so an empty text keeps the missing plan in the order.
    nullif({{ last_by("coalesce(plan_of_change, '')", 'sequence_at') }}, '') as plan_id,
    sum(active_change) = 0
    and {{ first_by("coalesce(plan_before, '')", 'sequence_at') }}
    <> {{ last_by("coalesce(plan_after, '')", 'sequence_at') }} as changes_plan,
    {{ last_by('end_kind', 'sequence_at') }} as end_kind,
    {{ last_by('end_reason', 'sequence_at') }} as end_reason,
    {{ last_by('_batch_id', 'sequence_at') }} as source_batch_id
from placed_changes
group by account_id, occurred_at, precedence, {{ item }}, currency
