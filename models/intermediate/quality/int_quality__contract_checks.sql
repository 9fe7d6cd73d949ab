-- one row per contract check
{%- set checks = [
    ('account_unknown', 'is_of_unknown_account', 0,
     'Contracts of accounts that the CRM lacks. Their renewals count, in slices unknown.'),
    ('internal_account', 'is_internal', none,
     'Contracts of test and own accounts, which count nowhere.'),
    ('ends_before_it_starts', 'ends_before_start', 0,
     'Contracts that end on the day on which they start, or earlier. They count nowhere.'),
    ('term_of_decades', 'is_endless', 0,
     'Contracts of more than twenty years, such as those with a placeholder for an end. They fall due then.'),
    ('amount_unknown', 'is_without_amount', 0,
     'Contracts without an amount. They count as renewed or lost, and in no rate of money.'),
    ('link_to_unknown', 'has_idle_link', 0,
     'Contracts said to be continued by one that was not delivered. The link counts for nothing.'),
    ('continued_by_an_earlier_one', 'is_continued_backwards', 0,
     'Contracts said to be continued by one that ends no later, as in links turned round, to itself, or in a circle.'),
    ('continued_by_another_account', 'is_continued_elsewhere', 0,
     'Contracts said to be continued by one of another account, as after a merger. They count as renewed.'),
    ('starts_after_as_of', 'is_in_future', none,
     'Contracts that start after as_of. They fall due later.')
] %}
with contracts as (
    select * from {{ ref('int_quality__contracts') }}
)
{%- for name, condition, expected, meaning in checks %}

select
    '{{ name }}' as check_name,
    'contracts' as table_name,
    'all' as detail,
    count(*) as observed,
    cast({{ 'null' if expected is none else expected }} as bigint) as expected,
    'warn' as severity,
    cast(coalesce(sum(mrr), 0) as decimal(18, 4)) as affected_mrr,
    '{{ meaning }} Money: amount per month of the term.' as description
from contracts
where {{ condition }}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
