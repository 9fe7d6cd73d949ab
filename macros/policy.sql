{#- The value in force of a policy: the variable of its name if one is set, else the value of the active preset, else
    its default. A value that the models do not know stops the compilation with a list of the valid values. -#}
{% macro policy(name) -%}
    {%- set catalog = var('policy_catalog') -%}
    {%- if name not in catalog -%}
        {{ exceptions.raise_compiler_error("There is no policy '" ~ name ~ "'. Known policies: " ~ catalog | sort | join(', ') ~ ".") }}
    {%- endif -%}
    {%- set value = policy_setting(name)['value'] -%}
    {%- set problem = policy_problem(catalog[name], value) -%}
    {%- if problem -%}
        {{ exceptions.raise_compiler_error("Policy " ~ name ~ " cannot be " ~ value | tojson ~ ": " ~ problem ~ ". Set it in dbt_project.yml, with --vars, or with csw run --policy " ~ name ~ "=<value>.") }}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}


{#- The value of a policy and its source: the project, the preset or the default. -#}
{% macro policy_setting(name) -%}
    {%- set chosen = var(name, none) -%}
    {%- if chosen is not none -%}
        {{ return({'value': chosen, 'set_by': 'project'}) }}
    {%- endif -%}
    {%- set preset = var('preset', none) or 'none' -%}
    {%- set presets = var('policy_presets') -%}
    {%- if name != 'preset' and name in presets.get(preset, {}) -%}
        {{ return({'value': presets[preset][name], 'set_by': 'preset'}) }}
    {%- endif -%}
    {{ return({'value': var('policy_catalog')[name]['default'], 'set_by': 'default'}) }}
{%- endmacro %}


{#- The problem of a value under the rule of its policy; empty if there is none. -#}
{% macro policy_problem(rule, value) -%}
    {%- if value in rule.get('or', []) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set others = (', or ' ~ rule['or'] | join(', ')) if rule.get('or') else '' -%}
    {%- if rule.get('values') is not none -%}
        {%- if value not in rule['values'] or (value is boolean) != (rule['values'][0] is boolean) -%}
            {{ return('it takes ' ~ rule['values'] | map('tojson') | join(', ')) }}
        {%- endif -%}
    {%- elif rule['type'] == 'integer' -%}
        {%- if value is not integer or value is boolean or value < rule.get('minimum', value) -%}
            {{ return('it takes a whole number of at least ' ~ rule.get('minimum', 0) ~ others) }}
        {%- endif -%}
    {%- elif rule['type'] == 'number' -%}
        {%- if not modules.re.fullmatch('[0-9]+(\\.[0-9]+)?|[0-9]+/[0-9]+', value | string) or modules.re.fullmatch('[0./]*|.*/0+', value | string) -%}
            {{ return('it takes a number or a fraction above zero, such as 4.33 or 52/12' ~ others) }}
        {%- endif -%}
        {%- set parts = fraction(value) -%}
        {%- if parts[0] > rule.get('maximum', parts[0]) * parts[1] -%}
            {{ return('it takes a number or a fraction above zero and not above ' ~ rule['maximum'] ~ others) }}
        {%- endif -%}
    {%- elif rule['type'] == 'list' -%}
        {%- set items = rule['items'] + (policy(rule['items_of']) if rule.get('items_of') else []) -%}
        {%- if not is_list_without_repeats(value) or value | reject('in', items) | list -%}
            {{ return('it takes a list of ' ~ items | join(', ') ~ ', each at most once' ~ ('; ' ~ rule['advice'] if rule.get('advice') else '')) }}
        {%- endif -%}
    {%- elif rule['type'] == 'columns' -%}
        {%- if not is_list_without_repeats(value) or (value and not modules.re.fullmatch('([a-z][a-z0-9_]*\n)+', value | join('\n') ~ '\n')) -%}
            {{ return('it takes a list of column names in lower case with underscores, such as [region, csm_owner], each at most once') }}
        {%- endif -%}
        {%- for reason, names in {'are columns of every account already': rule['taken'], 'are reserved words of SQL': rule['reserved']}.items() -%}
            {%- if value | select('in', names) | list -%}
                {{ return('it takes other names, because these ' ~ reason ~ ': ' ~ value | select('in', names) | join(', ')) }}
            {%- endif -%}
        {%- endfor -%}
    {%- elif rule['type'] == 'month' -%}
        {%- if not modules.re.fullmatch('[0-9]{4}-(0[1-9]|1[0-2])', value | string) -%}
            {{ return('it takes a month such as 2024-01' ~ others) }}
        {%- endif -%}
    {%- elif rule['type'] == 'date' -%}
        {%- if not modules.re.fullmatch('[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])', value | string) -%}
            {{ return('it takes a date such as 2024-01-31' ~ others) }}
        {%- endif -%}
    {%- elif rule['type'] == 'timezone' -%}
        {%- if value not in modules.pytz.all_timezones -%}
            {{ return('it takes a name of the IANA time zone database, such as UTC, Europe/Berlin or America/New_York') }}
        {%- endif -%}
    {%- elif rule['type'] == 'name' -%}
        {%- if value is not string or not modules.re.fullmatch('[a-z][a-z0-9_]*', value) -%}
            {{ return('it takes a name in lower case with underscores, such as ' ~ rule['default']) }}
        {%- endif -%}
    {%- elif rule['type'] == 'currency' -%}
        {%- if not modules.re.fullmatch('[A-Z]{3}', value | string) -%}
            {{ return('it takes an ISO 4217 code such as USD or EUR') }}
        {%- endif -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}


{#- Whether a value is a list in which nothing appears twice. -#}
{% macro is_list_without_repeats(value) -%}
    {{ return(value is not string and value is not mapping and value is iterable and value | map('tojson') | unique | list | length == value | length) }}
{%- endmacro %}


{#- Checks every policy before anything is built. -#}
{% macro check_policies() -%}
    {%- for name in var('policy_catalog') -%}
        {%- do policy(name) -%}
    {%- endfor -%}
{%- endmacro %}
