-- one row per subscription period check
{%- set checks = [
    ('account_unknown', 'is_of_unknown_account', 'running', 0, 'warn',
     'Periods of accounts that the CRM lacks. Their money counts, in slices unknown. Money: of those that run at as_of.'),
    ('ends_before_it_starts', 'ends_before_start', 'all', 0, 'warn',
     'Periods that end where they start or earlier, or were deleted before they began. They count nowhere.'),
    ('overlapping_periods', 'is_cut', 'all', 0, 'warn',
     'Periods that run into the next one of their item. They are cut where it starts.'),
    ('internal_account', 'is_internal', 'running', none, 'warn',
     'Periods of test and own accounts, which count nowhere. Money: of those that run at as_of.'),
    ('discount_above_price', 'has_excess_discount', 'all', 0, 'warn',
     'Periods with a discount larger than the price. They are worth nothing, not less.'),
    ('zero_price_or_quantity', 'is_free', 'all', none, 'warn',
     'Periods without a price or a quantity, such as free plans.'),
    ('plan_unknown', 'is_without_plan', 'running', '(select min(0) from ' ~ ref('unified_plans') ~ ')', 'warn',
     'Periods without a plan, or with one that the price list lacks. Money: of those that run at as_of.'),
    ('cancelled_after_the_end', 'is_cancelled_late', 'all', 0, 'warn',
     'Periods whose cancellation was requested after they had ended.'),
    ('cancelled_without_end', 'is_cancelled_without_end', 'running', 0, 'warn',
     'Periods that somebody cancelled, without an end of service. They end when billing ended them; where that is not known either, they count on. Money: of those that run at as_of.'),
    ('deleted_without_date', 'is_deleted_without_date', 'all', 0, 'warn',
     'Periods that were deleted, nobody says when. They end with the first delivery that says so; those never delivered alive count nowhere.'),
    ('replaced_before_it_starts', 'is_replaced_early', 'all', 0, 'warn',
     'Periods that start when another subscription of the account has replaced theirs, as in links turned round or in a circle. They count nowhere.'),
    ('link_to_unknown', 'has_idle_link', 'running', 0, 'warn',
     'Periods said to continue a subscription that the account does not have. Nothing is continued. Money: of those that run at as_of.'),
    ('starts_before_rates', 'starts_before_rates', 'running', 0, 'warn',
     'Periods that start before the first exchange rate of their currency. Until then that rate values them. Money: of those that run at as_of.'),
    ('starts_after_as_of', 'is_in_future', 'all', none, 'warn',
     'Periods that start after as_of. They count as committed at most.')
] %}
with periods as (
    select * from {{ ref('int_quality__periods') }}
)
{%- for name, condition, money, expected, severity, meaning in checks %}

select
    '{{ name }}' as check_name,
    'subscription_periods' as table_name,
    'all' as detail,
    count(*) as observed,
    cast({{ 'null' if expected is none else expected }} as bigint) as expected,
    '{{ severity }}' as severity,
    {%- if money == 'running' %}
    cast(coalesce(sum(case when is_running then mrr end), 0) as decimal(18, 4)) as affected_mrr,
    {%- else %}
    cast(coalesce(sum(mrr), 0) as decimal(18, 4)) as affected_mrr,
    {%- endif %}
    '{{ meaning }}' as description
from periods
where {{ condition }}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
