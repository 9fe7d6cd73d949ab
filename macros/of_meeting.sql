{#- Whether a record in a list of a meeting belongs to a row of unified_meetings__meetings. The id of a recurring meeting
    repeats, so its start decides too. A record without a start belongs to a meeting that took place once. -#}
{% macro of_meeting(record, meeting) -%}
    {{ record }}.recorder = {{ meeting }}.recorder
    and {{ meeting_key(record ~ '.meeting_id') }} = {{ meeting }}.meeting_key
    and (
        not {{ meeting }}.ids_repeat
        or {{ record }}.started_at = {{ meeting }}.held_at
        or ({{ record }}.started_at is null and {{ meeting }}.times_held = 1)
    )
{%- endmacro %}

{#- The id of a meeting without spaces, which some exports write between groups of digits. -#}
{% macro meeting_key(meeting_id) -%}
    replace({{ meeting_id }}, ' ', '')
{%- endmacro %}
