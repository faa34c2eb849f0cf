"""What can go wrong at Amazon, by name. Settings beyond chance and window are in brackets."""

FAULTS = {
    "throttle_below_rate": "Real quotas are below the published ones in the header [share].",
    "server_error_burst": "500 or 503 for this call and the next ones [status, length].",
    "reply_lost_after_write": "A write is stored, then its reply is lost [how: reset or silence].",
    "reset_before": "The connection is reset before anything is carried out.",
    "silence": "No answer ever comes and nothing is carried out.",
    "malformed_json": "A read answers 200 with half of its JSON.",
    "html_error": "The gateway answers with an HTML page in place of JSON [status].",
    "partial_page": "A search page holds fewer orders than there are, with a token for the rest.",
    "repeated_page": "A search page begins with orders of the page before.",
    "hidden_from_search": "An order is found only by its id [seconds; for ever when absent].",
    "included_data_outage": "400 for requests that ask for one includedData value [value].",
    "package_invisible": "A confirmed package is not shown by getOrder at first [seconds].",
    "repeat_refused": "A repeated shipment confirmation answers 400 though the first one stands.",
    "notification_lost": "A notification is never sent.",
    "notification_late": "A notification is sent late [seconds].",
    "notification_doubled": "A notification is sent twice [seconds between].",
    "notification_reordered": "A notification is overtaken by later ones [seconds at most].",
    "token_expired_early": "An access token is refused before its hour is over [status].",
    "grant_revoked": "The seller has revoked the authorisation.",
}
