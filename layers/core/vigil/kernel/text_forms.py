"""Words for the patterns of text fields. Errors show them instead of regular expressions."""

_CALENDAR_MONTH = r"20\d\d-(0[1-9]|1[0-2])"
_WORDS = {
    r"^[a-z][a-z0-9-]{0,31}$": "1 to 32 lowercase letters, digits and hyphens, with a letter first",
    r"^[A-Za-z0-9_:@-][A-Za-z0-9._:@-]{0,127}$": "1 to 128 letters, digits and . _ : @ -, without a point first",
    r"^[\x21-\x7e]{1,255}$": "1 to 255 visible ASCII characters, without spaces",
    r"^[\x21-\x7e]{1,256}$": "1 to 256 visible ASCII characters, without spaces",
    r"^[a-z][a-z0-9-]{1,63}$": "2 to 64 lowercase letters, digits and hyphens, with a letter first",
    r"^[a-z][a-z0-9-]{2,31}$": "3 to 32 lowercase letters, digits and hyphens, with a letter first",
    r"^[A-Za-z0-9._-]{1,80}$": "1 to 80 letters, digits and . _ -",
    r"^[0-9]{1,4}[mhd]$": "a number and m, h or d, for example 30m, 12h or 7d",
    rf"^{_CALENDAR_MONTH}$": "a month, for example 2026-03",
    rf"^{_CALENDAR_MONTH}(-(0[1-9]|[12]\d|3[01]))?$": "a month or a day, for example 2026-03 or 2026-03-31",
    r"^([^@\s]+@[^@\s]+)?$": "an e-mail address, or an empty text",
    r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$": "text without line ends and other control characters",
    r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$": "text without control characters except line feeds",
    r"^[A-Za-z0-9_][A-Za-z0-9._:-]{0,127}$": "1 to 128 letters, digits and . _ : -, with a letter, digit or _ first",
    r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$": "1 to 64 letters, digits and . _ : / -, with a letter or digit first",
    r"^sub-[0-9a-f]{40}$": "sub- and 40 hexadecimal digits, from POST /v1/subjects/lookup",
    r"^\*$": "an asterisk",
    r'^(\*|"[0-9]{1,12}")$': "an ETag of 1 to 12 digits in double quotes, or an asterisk",
    r"^[0-9A-Za-z.:_-]{1,45}$": "1 to 45 letters, digits and . : _ -",
    r"^[FSRPAUEC]{0,8}$": "initials of TCP flags: F S R P A U E C",
    r"^[a-z][a-z0-9_]{0,63}$": "1 to 64 lowercase letters, digits and underscores, with a letter first",
    r"^[!-?A-~]+@[!-?A-~]+$": "an e-mail address of visible ASCII characters",
    r"^[0-9a-f]{16}$": "16 hexadecimal digits, as the API shows ids of keys",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "a time of day with hours and minutes, for example 09:00",
    r"^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+-]*){1,2})$": "a name of the IANA database, for example Europe/Berlin",
    r"^(channel|schedule|member):[a-z0-9-]{1,40}$": "channel:, schedule: or member: and an id",
    r"^[a-z0-9][a-z0-9._-]{0,99}$": "1 to 100 lowercase letters, digits and . _ -, with a letter or digit first",
    r"^[a-z0-9_-]{1,40}$": "1 to 40 lowercase letters, digits and _ -",
    r"^[A-Za-z0-9._:-]{1,100}$": "1 to 100 letters, digits and . _ : -",
    r"^(https://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]{1,492})?$": "an https address of 500 characters at most, or none",
    r"^\d{4}(-\d\d(-\d\d)?)?$": "a year, a month or a day, for example 1990, 1990-05 or 1990-05-17",
}
MESSAGE = "has a form that is not allowed"


def has_words(pattern: str) -> bool:
    """Return True if errors describe this pattern by words of its own."""
    return pattern in _WORDS


def describe_pattern(pattern: str) -> str:
    """Return the words for a pattern."""
    return _WORDS.get(pattern, "the form that /docs describes for this field")
