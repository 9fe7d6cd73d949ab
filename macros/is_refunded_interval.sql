{#- The join condition of price intervals and refunds: the interval ran when the invoice was issued. A refund without an
    account applies to its subscription under any account. -#}
{% macro is_refunded_interval(intervals, refunds) -%}
    {{ intervals }}.source_system = {{ refunds }}.source_system
            and {{ intervals }}.subscription_id = {{ refunds }}.subscription_id
            and ({{ refunds }}.account_id is null or {{ intervals }}.account_id = {{ refunds }}.account_id)
            and {{ intervals }}.starts_at <= {{ refunds }}.issued_at
            and ({{ intervals }}.ends_at is null or {{ intervals }}.ends_at > {{ refunds }}.issued_at)
{%- endmacro %}
