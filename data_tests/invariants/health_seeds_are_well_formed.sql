-- Lists the problems of the seeds of health, in words. dbt builds nothing that reads them until they are fixed.
{%- set signals = health_signals() | map(attribute=0) | list %}
{%- set chances = health_signals() | selectattr(1, 'equalto', 'expansion') | map(attribute=0) | list %}
with score_cards as (
    select * from {{ ref('health_score_cards') }}
),

measures as (
    select * from {{ ref('health_measures') }}
),

bands as (
    select * from {{ ref('health_bands') }}
),

plays as (
    select * from {{ ref('alert_plays') }}
),

measure_counts as (
    select count(*) > 0 as has_measures from measures
),

card_weights as (
    select
        score_card,
        sum(weight) as weight
    from measures
    group by score_card
),

band_bounds as (
    select
        max(case when band = 'red' then from_score end) as red_from,
        max(case when band = 'yellow' then from_score end) as yellow_from,
        max(case when band = 'green' then from_score end) as green_from
    from bands
),

card_counts as (
    select count(*) as cards_for_all from score_cards
    where segment = 'all'
),

bounds as (
    select
        band_bounds.*,
        card_counts.cards_for_all,
        measure_counts.has_measures
    from band_bounds
    cross join card_counts
    cross join measure_counts
),

problems as (
    select
        'health_score_cards' as seed,
        coalesce(score_cards.segment, 'a row') as target,
        case
            when score_cards.segment is null then 'segment is missing: write all for every other segment'
            when card_weights.score_card is null
                then 'score_card ' || coalesce(score_cards.score_card, '') || ' has no row in health_measures'
        end as problem
    from score_cards
    left join card_weights on score_cards.score_card = card_weights.score_card
    union all
    select
        'health_measures' as seed,
        coalesce(score_card, 'a row') || ' ' || coalesce(measure, '') as target,
        case
            when score_card is null then 'score_card is missing'
            when
                measure is null
                or measure not in (
                    {%- for name in health_measures() %}
                    '{{ name }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
                then 'measure is none of {{ health_measures() | join(", ") }}'
            when weight is null or weight < 0 then 'weight must be a number of at least 0'
            when score_0_at is null or score_100_at is null or score_0_at = score_100_at
                then 'score_0_at and score_100_at must be two different numbers'
        end as problem
    from measures
    union all
    select
        'health_measures' as seed,
        score_card as target,
        case when weight <= 0 then 'the weights add up to 0: give at least one measure a weight' end as problem
    from card_weights
    where score_card is not null
    union all
    select
        'health_bands' as seed,
        coalesce(band, 'a row') as target,
        case when band is null or band not in ('red', 'yellow', 'green') then 'band is none of red, yellow, green' end
            as problem
    from bands
    union all
    select
        'health_bands' as seed,
        'all bands' as target,
        case
            -- Without any measure there is no health at all.
            when not has_measures then null
            when red_from is null or yellow_from is null or green_from is null
                then 'red, yellow and green each need a row with from_score'
            when red_from <> 0 then 'red must begin at 0'
            when yellow_from <= 0 or green_from <= yellow_from or green_from > 100
                then 'bands overlap: write 0 < from_score of yellow < from_score of green <= 100'
        end as problem
    from bounds
    union all
    select
        'health_score_cards' as seed,
        'all' as target,
        case when cards_for_all = 0 and has_measures then 'the row for segment all is missing' end as problem
    from bounds
    union all
    select
        'alert_plays' as seed,
        coalesce(signal, 'a row') as target,
        case
            when
                signal is null
                or signal not in (
                    {%- for name in signals %}
                    '{{ name }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
                then 'signal is none of {{ signals | join(", ") }}'
            when threshold is null then 'threshold is missing'
            when
                coalesce(severity, '') not in ('high', 'medium', 'opportunity')
                or (severity = 'opportunity') <> (
                    signal in (
                        {%- for name in chances %}
                        '{{ name }}'{{ ',' if not loop.last }}
                        {%- endfor %}
                    )
                )
                then 'severity is high or medium for a risk, and opportunity for a chance to grow'
            when coalesce(trim(suggested_play), '') = '' then 'suggested_play is missing'
            when suggested_play like '%@%' then 'suggested_play is published: write no e-mail address'
        end as problem
    from plays
)

select
    seed,
    target,
    problem
from problems
where problem is not null
order by seed, target, problem
