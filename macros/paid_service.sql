{#- What the policies count as paid service, said once for the ledger and for the tests that work it out again. -#}

{#- SQL list of the price kinds that are recurring revenue. -#}
{% macro counted_price_kinds() -%}
    ({{ "'recurring', 'usage'" if policy('usage_policy') == 'include_recurring_usage' else "'recurring'" }})
{%- endmacro %}


{#- SQL list of the states that pay; past-due service counts for its days of grace besides. -#}
{% macro paying_statuses() -%}
    ({{ "'active', 'paused'" if policy('pause_policy') == 'keep' else "'active'" }})
{%- endmacro %}


{#- The part of a period's discount that lowers MRR. A discount of unknown length counts as one that repeats. -#}
{% macro counted_discount() -%}
    {%- set uncounted = {
        'all': [],
        'recurring_only': ['once'],
        'forever_only': ['once', 'repeating'],
        'none': ['once', 'repeating', 'forever'],
    }[policy('discount_policy')] -%}
    {%- if uncounted -%}
    case
        when coalesce(discount_kind, 'repeating') in ('{{ uncounted | join("', '") }}') then 0
        else discount_amount
    end
    {%- else -%}
    discount_amount
    {%- endif -%}
{%- endmacro %}


{#- The end of a service as the policy recognises it: when it ends, or when the customer asked to cancel. -#}
{% macro recognised_end(service_end) -%}
    {%- if policy('churn_recognition') == 'cancel_requested' -%}
    {{ earliest(service_end, 'cancel_requested_at') }}
    {%- else -%}
    {{ service_end }}
    {%- endif -%}
{%- endmacro %}
