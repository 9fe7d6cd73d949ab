{#- Statements that create the money functions, which compiled SQL calls by name. They run once, before the first model
    of every dbt command that builds or tests. To add an engine, define functions of the same names here. -#}
{% macro create_money_functions() -%}
    {{ return(adapter.dispatch('create_money_functions', 'csw')()) }}
{%- endmacro %}

{#- The schema is `main`. A view finds functions of `main` under any name of its attached database. It finds functions
    of another schema only if its database is the default one. -#}
{% macro duckdb__create_money_functions() -%}
    {#- DuckDB rounds a double to 4 decimals twenty times as fast as a wide decimal. `approximate` is the same figure as
        a double, after at most six operations. Below 10^12 units of 10^-4, its error is less than a thousandth of a
        unit. Both round to the same amount, unless the fraction of a unit is within that error of one half. -#}
    create or replace macro main.money_round_fast(exact, approximate) as
        case
            when
                abs(approximate * 10000) < 1000000000000
                and abs(approximate * 10000 - floor(approximate * 10000) - 0.5) > 0.001
                then cast(round(approximate * 10000) / 10000 as decimal(18, 4))
            else cast(exact as decimal(18, 4))
        end;

    create or replace macro main.money_round(amount) as
        money_round_fast(amount, cast(amount as double));

    create or replace macro main.money_convert(amount, rate) as
        money_round_fast(
            cast(amount as decimal(18, 4)) * rate,
            cast(cast(amount as decimal(18, 4)) as double) * cast(rate as double)
        );

    {#- DuckDB divides decimals in floating point, so this function divides whole numbers. Units of 10^-14 over units of
        10^-4 leave 10^10 in the divisor. The whole part and the fraction are scaled separately, because together they
        would exceed the range of decimals from 10^10 on. -#}
    create or replace macro main.money_divide(amount, divisor) as
        money_round_fast(
            cast(
                (
                    2 * (
                        cast(trunc(cast(amount as decimal(38, 14))) as hugeint) * 100000000000000
                        + cast(
                            (cast(amount as decimal(38, 14)) - trunc(cast(amount as decimal(38, 14))))
                            * 100000000000000 as hugeint
                        )
                    )
                    + 10000000000 * cast(divisor as hugeint)
                ) // (20000000000 * cast(divisor as hugeint))
                as decimal(38, 0)
            ) * 0.0001,
            cast(amount as double) / divisor
        );

    {#- In units of 10^-4, as whole numbers. -#}
    create or replace macro main.money_units(amount) as
        cast(cast(amount as decimal(38, 4)) * 10000 as hugeint);

    create or replace macro main.money_share(amount, part, whole) as
        money_round_fast(
            cast(
                (2 * money_units(amount) * money_units(part) + money_units(whole)) // (2 * money_units(whole))
                as decimal(38, 0)
            ) * 0.0001,
            cast(amount as double) * cast(part as double) / cast(whole as double)
        );

    {#- The numerator or the denominator of a fraction such as '52/12'. -#}
    create or replace macro main.money_fraction_part(fraction, part) as
        cast(split_part(fraction, '/', part) as integer);

    create or replace macro main.money_monthly(
        amount, interval_unit, interval_count, weeks_per_month, days_per_month
    ) as
        money_divide(
            amount * case interval_unit
                when 'week' then money_fraction_part(weeks_per_month, 1)
                when 'day' then money_fraction_part(days_per_month, 1)
                else 1
            end,
            case interval_unit
                when 'year' then 12
                when 'week' then money_fraction_part(weeks_per_month, 2)
                when 'day' then money_fraction_part(days_per_month, 2)
                else 1
            end * interval_count
        );
{%- endmacro %}

{#- check_session ensures that products of decimals are exact. `div` divides decimals and drops the fraction. Spark
    rounds the result of a function half up to its return type. It accepts one statement at a time. -#}
{% macro spark__create_money_functions() -%}
    {%- call statement('money_round') -%}
    create or replace function money_round(amount decimal(38, 14)) returns decimal(18, 4)
    return amount
    {%- endcall -%}

    {%- call statement('money_convert') -%}
    create or replace function money_convert(amount decimal(18, 4), rate decimal(24, 12)) returns decimal(18, 4)
    return amount * rate
    {%- endcall -%}

    {%- call statement('money_divide') -%}
    create or replace function money_divide(amount decimal(38, 14), divisor bigint) returns decimal(18, 4)
    return cast((20000 * amount + divisor) div (2 * divisor) as decimal(19, 0)) * 0.0001
    {%- endcall -%}

    {%- call statement('money_units') -%}
    create or replace function money_units(amount decimal(18, 4)) returns decimal(18, 0)
    return amount * 10000
    {%- endcall -%}

    {%- call statement('money_share') -%}
    create or replace function money_share(amount decimal(18, 4), part decimal(18, 4), whole decimal(18, 4))
    returns decimal(18, 4)
    return cast(
        (2 * money_units(amount) * money_units(part) + money_units(whole)) div (2 * money_units(whole))
        as decimal(19, 0)
    ) * 0.0001
    {%- endcall -%}

    {%- call statement('money_fraction_part') -%}
    create or replace function money_fraction_part(fraction string, part integer) returns integer
    return split_part(fraction, '/', part)
    {%- endcall -%}

    {%- call statement('money_monthly') -%}
    create or replace function money_monthly(
        amount decimal(38, 14),
        interval_unit string,
        interval_count bigint,
        weeks_per_month string,
        days_per_month string
    )
    returns decimal(18, 4)
    return money_divide(
        amount * case interval_unit
            when 'week' then money_fraction_part(weeks_per_month, 1)
            when 'day' then money_fraction_part(days_per_month, 1)
            else 1
        end,
        case interval_unit
            when 'year' then 12
            when 'week' then money_fraction_part(weeks_per_month, 2)
            when 'day' then money_fraction_part(days_per_month, 2)
            else 1
        end * interval_count
    )
    {%- endcall -%}
{%- endmacro %}
