{#- Why a record of a connected system counts nowhere or only in part. `expected` is true for what happens in every
    company; any other reason needs somebody to look. -#}
{% macro exception_reasons() -%}
    {{ return({
        'deleted': {'expected': true, 'text': 'The system deleted the records.'},
        'draft_contract': {'expected': true, 'text': 'Drafts of contracts. They count when they are activated.'},
        'history_unknown': {'expected': true, 'text': 'Nothing tells what came before. Figures of that time lack it.'},
        'incomplete': {'expected': true, 'text': 'Begun but never finished. They are no answer, and count as invited where there was an invitation.'},
        'list_cut': {'expected': false, 'text': 'The system delivered only the beginning of a list in the record. Load the list as an object of its own.'},
        'merge_cycle': {'expected': false, 'text': 'Records merged into each other in a circle. Each counts on its own.'},
        'merged_record': {'expected': true, 'text': 'Merged into another record, which counts in their place.'},
        'never_paid': {'expected': true, 'text': 'Subscriptions that never began, because the first payment failed.'},
        'no_date': {'expected': false, 'text': 'Without a date, so they belong to no period and count nowhere.'},
        'no_score': {'expected': true, 'text': 'Answered without a score on the scale question. They count as invited where there was an invitation.'},
        'not_an_answer': {'expected': true, 'text': 'Closed by a quota or a screening question. They are no answer.'},
        'not_nps_scale': {'expected': false, 'text': 'Answers on a scale of 1 to 10, which is not NPS. Seed survey_questions can say what the question is.'},
        'not_sent': {'expected': true, 'text': 'Invitations that the system did not send.'},
        'orphan_contact': {'expected': false, 'text': 'Contacts of an account that was not delivered. They count without an account.'},
        'orphan_invoice': {'expected': false, 'text': 'Invoices of a customer or subscription that was not delivered.'},
        'orphan_item': {'expected': false, 'text': 'Items of a subscription that was not delivered.'},
        'orphan_line': {'expected': false, 'text': 'Lines of an invoice that was not delivered.'},
        'orphan_response': {'expected': false, 'text': 'Responses of a survey or a person that was not delivered. Answers among them count.'},
        'other_survey_type': {'expected': true, 'text': 'Questions that are not known to be NPS, CSAT or CES. Seed survey_questions can say what they are.'},
        'preview': {'expected': true, 'text': 'Previews by the authors of the survey.'},
        'price_unknown': {'expected': false, 'text': 'No price is known, so the MRR is missing.'},
        'spam': {'expected': true, 'text': 'Marked as spam by the survey system.'},
        'test_mode': {'expected': true, 'text': 'Test data.'},
        'unknown_currency': {'expected': false, 'text': 'The currency is missing or unknown.'},
        'unknown_status': {'expected': false, 'text': 'The connector does not know the status.'},
        'unsubscribed': {'expected': true, 'text': 'Invitations after the person had unsubscribed.'},
        'vendor_mrr_differs': {'expected': false, 'text': 'MRR differs from the figure of the billing system.'},
    }) }}
{%- endmacro %}
