{#- The policies' definition of paid service, shared by the ledger and by the tests that recompute it. -#}

{#- SQL list of the price kinds that are recurring revenue. -#}
{% macro counted_price_kinds() -%}
    ({{ "'recurring', 'usage'" if policy('usage_policy') == 'include_recurring_usage' else "'recurring'" }})
{%- endmacro %}


{#- Whether a period of `unified_subscription_periods` is service, counted as MRR or not. A one-off charge is not
    service, and neither is a period that was withdrawn before it began. -#}
{% macro is_service(price_kind, period_start, period_end) -%}
    {{ price_kind }} in ('recurring', 'usage')
        and ({{ period_end }} is null or {{ period_end }} > {{ period_start }})
{%- endmacro %}


{#- SQL list of the statuses in which an item is active. Past-due service also counts during its grace period. -#}
{% macro paying_statuses() -%}
    {%- set statuses = ['active'] -%}
    {%- if policy('pause_policy') != 'zero_as_churn' -%}
        {%- do statuses.append('paused') -%}
    {%- endif -%}
    {%- if policy('trial_policy') == 'include' -%}
        {%- do statuses.append('trialing') -%}
    {%- endif -%}
    ('{{ statuses | join("', '") }}')
{%- endmacro %}


{#- Whether an item in such a status keeps its account a customer: by its MRR, or at zero MRR if a policy allows it. -#}
{% macro counts_as_active(mrr, status) -%}
    {%- if policy('zero_price_policy') == 'active_at_zero' -%}
    {{ mrr }} >= 0
    {%- elif policy('pause_policy') == 'zero_as_contraction' -%}
    ({{ mrr }} > 0 or {{ status }} = 'paused')
    {%- else -%}
    {{ mrr }} > 0
    {%- endif -%}
{%- endmacro %}


{#- Whether there can be customers without MRR, as a SQL literal. -#}
{% macro has_customers_at_zero() -%}
    {%- set has_them = policy('zero_price_policy') == 'active_at_zero' or policy('pause_policy') == 'zero_as_contraction' -%}
    {{ return(has_them | string | lower) }}
{%- endmacro %}


{#- Whether a movement changes the MRR of its item. If customers may have zero MRR, a change of activity counts too. -#}
{% macro changes_something(mrr_change, active_change) -%}
    ({{ mrr_change }} <> 0 or ({{ has_customers_at_zero() }} and {{ active_change }} <> 0))
{%- endmacro %}


{#- Whether a billing interval is a year or longer, in any unit. -#}
{% macro is_yearly(interval_unit, interval_count) -%}
    {{ interval_count }} >= case {{ interval_unit }} when 'year' then 1 when 'month' then 12 when 'week' then 52 else 365 end
{%- endmacro %}


{#- The part of a period's discount that lowers MRR. A discount of unknown length counts as one that repeats. -#}
{% macro counted_discount(discount_kind, discount_amount) -%}
    {%- set uncounted = {
        'all': [],
        'recurring_only': ['once'],
        'forever_only': ['once', 'repeating'],
        'none': ['once', 'repeating', 'forever'],
    }[policy('discount_policy')] -%}
    {%- if uncounted -%}
    case
        when coalesce({{ discount_kind }}, 'repeating') in ('{{ uncounted | join("', '") }}') then 0
        else {{ discount_amount }}
    end
    {%- else -%}
    {{ discount_amount }}
    {%- endif -%}
{%- endmacro %}


{#- The end of a service under the policy churn_recognition: the end of service, the end of billing, or the request to
    cancel. Replacing a subscription is not a cancellation. -#}
{% macro recognised_end(service_end, is_replaced, cancel_requested_at, cancel_effective_at) -%}
    {%- set cancelled_at = {
        'cancel_requested': cancel_requested_at, 'cancel_effective': cancel_effective_at
    }.get(policy('churn_recognition')) -%}
    {%- if cancelled_at -%}
    case when {{ is_replaced }} then {{ service_end }} else {{ earliest(service_end, cancelled_at) }} end
    {%- else -%}
    {{ service_end }}
    {%- endif -%}
{%- endmacro %}
