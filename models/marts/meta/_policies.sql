-- one row per policy
{%- for name in var('policy_catalog') | sort %}
select
    '{{ name }}' as policy,
    '{{ policy(name) if policy(name) is string else policy(name) | tojson }}' as value_in_force,
    '{{ policy_setting(name)['set_by'] }}' as set_by,
    '{{ var('policy_catalog')[name]['meaning'] | replace("'", "''") }}' as meaning
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
