{#- A query with one row per change of an account between customer and not: `is_customer` after it, and the weeks from
    from_week_number to before until_week_number at whose end that holds. The last change has no until_week_number. -#}
{% macro customer_week_changes(balances) -%}
    select
        account_id,
        is_customer,
        {{ week_number(local_day('occurred_at')) }} as from_week_number,
        lead({{ week_number(local_day('occurred_at')) }}) over (
            partition by account_id
            order by occurred_at, precedence
        ) as until_week_number
    from {{ balances }}
    where is_customer <> was_customer
{%- endmacro %}
