{#- The value in force of a policy variable. A value that the models do not know stops the compilation
    with the list of those that they do. -#}
{% macro policy(name) -%}
    {%- set catalog = var('policy_catalog') -%}
    {%- if name not in catalog -%}
        {{ exceptions.raise_compiler_error("There is no policy '" ~ name ~ "'. Known policies: " ~ catalog | sort | join(', ') ~ ".") }}
    {%- endif -%}
    {%- set rule = catalog[name] -%}
    {%- set value = var(name) -%}
    {%- set problem = policy_problem(rule, value) -%}
    {%- if problem -%}
        {{ exceptions.raise_compiler_error("Policy " ~ name ~ " cannot be " ~ value | tojson ~ ": " ~ problem ~ ". Set it in dbt_project.yml, with --vars, or with csw run --policy " ~ name ~ "=<value>.") }}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}


{#- What is wrong with a value under the rule of its policy; empty if nothing is. -#}
{% macro policy_problem(rule, value) -%}
    {%- if value in rule.get('or', []) -%}
        {{ return('') }}
    {%- endif -%}
    {%- if rule.get('values') is not none -%}
        {%- if value not in rule['values'] or (value is boolean) != (rule['values'][0] is boolean) -%}
            {{ return('it takes ' ~ rule['values'] | map('tojson') | join(', ')) }}
        {%- endif -%}
    {%- elif rule['type'] == 'integer' -%}
        {%- if value is not integer or value is boolean or value < rule.get('minimum', value) -%}
            {%- set others = rule.get('or', []) -%}
            {{ return('it takes a whole number of at least ' ~ rule.get('minimum', 0) ~ (', or ' ~ others | join(', ') if others else '')) }}
        {%- endif -%}
    {%- elif rule['type'] == 'number' -%}
        {%- if not modules.re.fullmatch('[0-9]+(\\.[0-9]+)?|[0-9]+/[0-9]+', value | string) or modules.re.fullmatch('[0./]*|.*/0+', value | string) -%}
            {{ return('it takes a number or a fraction above zero, such as 4.33 or 52/12') }}
        {%- endif -%}
    {%- elif rule['type'] == 'list' -%}
        {%- if value is string or value is not iterable or value | reject('in', rule['items']) | list or value | unique | list | length != value | length -%}
            {{ return('it takes a list of ' ~ rule['items'] | join(', ') ~ ', each at most once') }}
        {%- endif -%}
    {%- elif value is not string or not value -%}
        {{ return('it takes a text') }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}


{#- Checks every policy before anything is built. -#}
{% macro check_policies() -%}
    {%- for name in var('policy_catalog') -%}
        {%- do policy(name) -%}
    {%- endfor -%}
{%- endmacro %}
