{#- The measures that a score card may name; int_health__weeks has a column of each name. -#}
{% macro health_measures() -%}
    {{ return([
        'nps', 'csat', 'tickets', 'ticket_trouble', 'usage_trend', 'seat_utilisation', 'inactive_days',
        'decision_maker_weeks', 'late_milestones', 'past_due'
    ]) }}
{%- endmacro %}


{#- The signals of the seed alert_plays, in alphabetical order: kind, the value that is compared with the threshold, the
    comparison, and the evidence as SQL text. -#}
{% macro health_signals() -%}
    {{ return([
        ('detractor', 'risk', 'detractors', '>=', counted('detractors', 'detractor', 'detractors')),
        ('escalated_ticket', 'risk', 'escalations', '>=',
         counted('escalations', 'escalated ticket', 'escalated tickets')),
        ('inactive_decision_maker', 'risk', 'decision_maker_inactive_days', '>=',
         counted('decision_maker_inactive_days', 'day without a decision maker', 'days without a decision maker')),
        ('low_seat_use', 'risk', 'seat_utilisation', '<', percent_text('seat_utilisation') ~ " || ' of the seats used'"),
        ('no_login', 'risk', 'inactive_days', '>=',
         counted('inactive_days', 'day without a login', 'days without a login')),
        ('past_due', 'risk', 'past_due', '>=', counted('past_due', 'charge past due', 'charges past due')),
        ('red_health', 'risk', "case when health_band = 'red' then 1 else 0 end", '>=',
         "'score ' || " ~ count_text('health_score')),
        ('renewal_at_risk', 'risk', "case when health_band <> 'green' then renewals_ahead else 0 end", '>=',
         counted('renewals_ahead', 'renewal due', 'renewals due') ~ " || ', score ' || " ~ count_text('health_score')),
        ('reopened_tickets', 'risk', 'reopens', '>=',
         counted('reopens', 'reopening of a ticket', 'reopenings of tickets')),
        ('score_drop', 'risk', '-trend_30d', '>=',
         counted('-trend_30d', 'point lost in four weeks', 'points lost in four weeks')),
        ('usage_slipping', 'risk', 'case when is_slipping then 1 else 0 end', '>=',
         "'usage changed by ' || " ~ percent_text('usage_trend')),
        ('high_seat_use', 'expansion', 'seat_utilisation', '>=',
         percent_text('seat_utilisation') ~ " || ' of the seats used'"),
        ('open_expansion', 'expansion', 'open_expansions', '>=',
         counted('open_expansions', 'open expansion opportunity', 'open expansion opportunities')),
        ('promoter', 'expansion', 'nps', '>=', "'mean NPS answer ' || " ~ count_text('nps')),
        ('usage_growing', 'expansion', 'usage_trend', '>=', "'usage changed by ' || " ~ percent_text('usage_trend'))
    ]) }}
{%- endmacro %}


{#- One row with the threshold of each signal, null for one that is off, from the seed alert_plays. -#}
{% macro signal_thresholds() -%}
    select
        count(*) as signals
        {%- for name, kind, value, comparison, evidence in health_signals() %},
        max(case when signal = '{{ name }}' then threshold end) as {{ name }}_threshold
        {%- endfor %}
    from {{ ref('alert_plays') }}
{%- endmacro %}


{#- The score of a week less that of four weeks before; null if one of them is missing. -#}
{% macro health_trend(scores) -%}
    {{ scores }}.health_score - max({{ scores }}.health_score) over (
        partition by {{ scores }}.account_id
        order by {{ scores }}.week_number
        range between 4 preceding and 4 preceding
    )
{%- endmacro %}


{#- A number or a fraction as a text without decimals. -#}
{% macro count_text(value) -%}
    cast(cast(round({{ value }}) as integer) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro counted(value, one, many) -%}
    case when round({{ value }}) = 1 then '1 {{ one }}' else {{ count_text(value) }} || ' {{ many }}' end
{%- endmacro %}

{% macro percent_text(value) -%}
    {{ count_text('100 * (' ~ value ~ ')') }} || ' %'
{%- endmacro %}


{#- The signals of one kind that are on in a row, in alphabetical order, separated by commas; null if none is. The columns
    <signal>_threshold are null for a signal that is off. -#}
{% macro signal_list(kind, thresholds) -%}
    nullif(
        substr(
            {%- for name, its_kind, value, comparison, evidence in health_signals() if its_kind == kind %}
            {% if not loop.first %}|| {% endif -%}
            case when {{ value }} {{ comparison }} {{ thresholds }}.{{ name }}_threshold then ', {{ name }}' else '' end
            {%- endfor %},
            3
        ),
        ''
    )
{%- endmacro %}
