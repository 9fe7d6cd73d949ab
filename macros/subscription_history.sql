{#- From versions of subscriptions to their timelines. The billing systems whose objects hold the whole state of a
    subscription share it. The macros read a relation with these columns:
      subscription_id, origin, version_at   the key; a timeline is made of each origin
      history_source                        evidence of the version
      status                                trialing, active, paused, ended or none
      service_from                          start of the subscription
      known_from                            instant from which the first version is evidence
      trial_end, paused_from                where the version changes its status
      ends_at                               end of service that happened or is scheduled
    and carry all other columns along. -#}

{#- One row per subscription, origin, evidence and stretch at which one version holds. Service ends where the version
    says, or where a later version of any origin says that it ended. The last stretch before an end has the facts of
    that end. -#}
{% macro subscription_stretches(versions, carried) -%}
    {%- set end_facts = ['cancel_requested_at', 'cancel_kind', 'cancel_reason'] -%}
    with versions as (
        select
            *,
            row_number() over same_origin as version_number,
            -- The last version of an origin holds until another origin knows better.
            coalesce(lead(version_at) over same_origin, lead(version_at) over same_subscription) as next_version_at,
            min(case when status = 'ended' then version_at end) over (
                partition by subscription_id
                order by version_at, origin
                rows between 1 following and unbounded following
            ) as next_end_version_at
        from {{ versions }}
        window
            same_origin as (partition by subscription_id, origin order by version_at),
            same_subscription as (partition by subscription_id order by version_at, origin)
    ),

    ended_versions as (
        select
            *,
            row_number() over (partition by subscription_id, version_at order by origin) as origin_rank
        from versions
        where status = 'ended'
    ),

    ends as (
        select
            versions.*,
            next_ends.ends_at as told_end,
            next_ends.cancel_requested_at as told_cancel_requested_at,
            next_ends.cancel_kind as told_cancel_kind,
            next_ends.cancel_reason as told_cancel_reason,
            {{ earliest('versions.ends_at', 'next_ends.ends_at') }} as served_until,
            {{ earliest(
                'versions.next_version_at', earliest('versions.ends_at', 'next_ends.ends_at')
            ) }} as held_to
        from versions
        left join ended_versions as next_ends
            on
                versions.subscription_id = next_ends.subscription_id
                and versions.next_end_version_at = next_ends.version_at
                and next_ends.origin_rank = 1
    ),

    {#- The first version of the object is evidence from its current term on, and says what came before without proof. -#}
    stretches as (
        select
            *,
            'snapshot' as evidence,
            service_from as valid_from,
            {{ earliest('held_to', earliest('known_from', 'version_at')) }} as valid_to
        from ends
        where version_number = 1 and origin = 'subscriptions'
        union all
        select
            *,
            history_source as evidence,
            case
                when version_number = 1 and origin = 'subscriptions'
                    then greatest(service_from, {{ earliest('known_from', 'version_at') }})
                else greatest(service_from, version_at)
            end as valid_from,
            held_to as valid_to
        from ends
    )

    select
        subscription_id,
        origin,
        version_at,
        evidence as history_source,
        case when status = 'ended' then 'active' else status end as status,
        trial_end,
        paused_from,
        valid_from,
        valid_to,
        version_number = max(version_number) over (partition by subscription_id, origin) as is_latest,
        case
            when valid_to = served_until
                then coalesce(
                    case when valid_to = told_end then told_cancel_requested_at end,
                    cancel_requested_at,
                    case
                        when
                            valid_to = told_end
                            and told_cancel_kind = 'voluntary'
                            and (ends_at is null or status = 'ended')
                            then valid_to
                        when status = 'ended' and cancel_kind = 'voluntary' then valid_to
                    end
                )
        end as cancel_requested_at,
        {%- for fact in end_facts[1:] %}
        case when valid_to = served_until then {# #}
            {{- 'case when valid_to = told_end then told_' ~ fact ~ ' else ' ~ fact ~ ' end' }} end as {{ fact }},
        {%- endfor %}
        {{ carried | join(',\n        ') }},
        _batch_id,
        _loaded_at
    from stretches
    where
        status <> 'none'
        and (valid_to is null or valid_from < valid_to)
{%- endmacro %}


{#- The states of subscriptions, from their stretches: a version that knows the end of its trial or the start of its pause
    has several. -#}
{% macro subscription_states(stretches) -%}
    with stretches as (
        select * from {{ stretches }}
    ),

    states as (
        select
            *,
            'trialing' as state,
            valid_from as state_from,
            {{ earliest('valid_to', 'trial_end') }} as state_to
        from stretches
        where trial_end > valid_from or (status = 'trialing' and trial_end is null)
        union all
        select
            *,
            'active' as state,
            greatest(valid_from, coalesce(trial_end, valid_from)) as state_from,
            {{ earliest('valid_to', "case when status = 'paused' then paused_from end") }} as state_to
        from stretches
        where not (status = 'trialing' and trial_end is null)
        union all
        select
            *,
            'paused' as state,
            greatest(valid_from, coalesce(trial_end, valid_from), paused_from) as state_from,
            valid_to as state_to
        from stretches
        where status = 'paused'
    )

    select
        subscription_id,
        customer_key,
        state as status,
        state_from as valid_from,
        state_to as valid_to,
        {%- for fact in ['cancel_requested_at', 'cancel_kind', 'cancel_reason'] %}
        case when state_to = valid_to then {{ fact }} end as {{ fact }},
        {%- endfor %}
        history_source,
        _batch_id,
        _loaded_at
    from states
    where state_to is null or state_from < state_to
{%- endmacro %}
