{#- Adds the attributes of `account_attributes` to the contract of a model with `meta: {account_attributes: true}`. dbt
    calls this macro before it creates any relation with a contract, and afterwards reads the columns from the model:
    their types, constraints and comments. -#}
{% macro default__get_assert_columns_equivalent(sql) -%}
    {%- if model.config.meta.get('account_attributes') -%}
        {%- for attribute in policy('account_attributes') -%}
            {%- do model['columns'].update({attribute: {
                'name': attribute,
                'data_type': 'string',
                'description': 'Attribute of the account: the column of this name in the accounts file, as delivered.',
                'constraints': [],
            }}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(assert_columns_equivalent(sql)) }}
{%- endmacro %}


{#- Stops a run if the raw relation of accounts is older than the list of attributes. -#}
{% macro check_account_attributes() -%}
    {%- if execute and policy('account_attributes') -%}
        {%- set accounts = source('generic', 'accounts') -%}
        {#- dbt would never commit a transaction that begins here, and later hooks would be part of it. -#}
        {%- call statement('accounts', fetch_result=True, auto_begin=False) -%}
            select * from {{ accounts }} where false
        {%- endcall -%}
        {%- set found = load_result('accounts')['table'].column_names | map('lower') | list -%}
        {%- set missing = policy('account_attributes') | reject('in', found) | list -%}
        {%- if missing -%}
            {%- do exceptions.raise_compiler_error(
                accounts ~ ' has no column ' ~ missing | join(', ') ~ ', which account_attributes lists. '
                'Run csw prepare with the same policies. It creates the raw relations again.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
