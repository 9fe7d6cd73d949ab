{#- The time after which a change must lie that an observation shows first. That is the observation before it. Files that
    arrive together do not tell when they were made, but their billing periods do. -#}
{% macro known_since(previous_observed_at, previous_period_start, period_start) -%}
    case
        when {{ previous_observed_at }} >= {{ period_start }} and {{ previous_period_start }} < {{ period_start }}
            then {{ previous_period_start }}
        else {{ previous_observed_at }}
    end
{%- endmacro %}
