"""What can go wrong at TIMS, by name. Settings beyond chance and window are in brackets."""

FAULTS = {
    "rate_limited": "429 although the key is within its rate [seconds].",
    "maintenance": "503 with Retry-After, all the time or in a nightly window [from, minutes].",
    "server_error_burst": "500 or 503 for this call and the next ones [status, length].",
    "reply_lost_after_write": "A write is stored, then its reply is lost [how: reset or silence].",
    "reset_before": "The connection is reset before anything is carried out.",
    "silence": "No answer ever comes and nothing is carried out.",
    "malformed_json": "The answer is 2xx with half of its JSON; a write is stored all the same.",
    "slow": "The answer takes its time, and a write holds a place meanwhile [seconds].",
    "stale_version": "Somebody at TIMS changes the record just before an If-Match arrives.",
    "token_expired_early": "An access token is refused before its hour is over.",
    "ancient_ship_date": "A shipment says that it left in 1995.",
    "webhook_lost": "A delivery never arrives though TIMS lists it as sent.",
    "webhook_late": "A delivery is posted late [seconds].",
    "webhook_doubled": "A delivery is posted twice [seconds between].",
    "webhook_reordered": "A delivery is overtaken by later ones [seconds at most].",
    "webhook_bad_signature": "A delivery carries a signature that does not fit.",
}
