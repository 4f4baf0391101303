"""Patterns of personal data, with their check digits and ranges, kept from firing on scientific texts.

What they must not take for personal: DOIs, CAS, EC and ORCID numbers, InChIKeys, SMILES, accession numbers,
dates, coordinates, measured values. So they are narrow: a telephone number without a country code or the
North American form is not found, nor is a name. Finding nothing does not prove that nothing is there.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from aliquot.data.pattern import Pattern

_REMEDY = "Make sure that you may use them; otherwise replace them before training: a model can repeat them."

_COUNTRY_CODE = (  # ITU-T E.164; after 1 an area code follows that does not begin with 0 or 1
    r"(?:1(?=[ \-]?\(?[2-9]\d{2})|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[05-9]|9[679])\d)"
)
_INTERNATIONAL = re.compile(
    rf"\+(?<![\w.+\-].){_COUNTRY_CODE}[ \-]?(?:\(0?\d{{0,4}}\)[ \-]?)?"
    r"\d{1,14}(?:[ \-]\d{1,8}){0,5}(?![\w.]?\d)"
)
_NORTH_AMERICAN = re.compile(
    r"[2-9(](?<![\w.+\-(].)(?:(?<=\()[2-9]\d{2}\) ?|(?<!\()\d{2}-)[2-9]\d{2}-\d{4}(?![\w\-]|\.\d)"
)
_PHONE_DIGITS = range(9, 16)

_IBAN_LENGTHS = {  # ISO 13616, registry of SWIFT
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 ES24 FI18 "
        "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 KW30 KZ20 LB28 LI21 LT20 LU20 "
        "LV21 MC27 MD24 ME22 MK19 MT31 MU30 NL18 NO15 PK24 PL28 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 "
        "TN24 TR26 UA29 VA22 VG24 XK20",
    )
}


def _is_phone(text: str) -> bool:
    return sum(char.isdigit() for char in text) in _PHONE_DIGITS


def _is_email(text: str) -> bool:
    return re.search(r"@(?:[\w\-]+\.)*example\.(?:com|org|net)$", text, re.IGNORECASE) is None  # RFC 2606


def _is_iban(text: str) -> bool:
    code = text.replace(" ", "")
    if len(code) != _IBAN_LENGTHS.get(code[:2]):
        return False
    return int("".join(str(int(char, 36)) for char in code[4:] + code[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0  # Luhn, ISO/IEC 7812-1


def _is_address(text: str) -> bool:
    """Whether it is a public address; EC numbers (``3.4.21.4``) begin with one digit, as most versions do."""
    try:
        return (IPv6Address(text) if ":" in text else IPv4Address(text)).is_global
    except AddressValueError:
        return False


def _is_social_security(text: str) -> bool:
    return not text.startswith(("000", "666"))


# Each expression begins with few possible characters, which are found fast, and looks back from there.
PATTERNS = (
    Pattern(
        name="email",
        kind="personal",
        title="e-mail addresses",
        remedy=_REMEDY,
        regex=re.compile(r"@(?<=[A-Za-z0-9_]@)(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,24}(?![\w@\-])"),
        triggers=("@",),
        is_valid=_is_email,
    ),
    *(
        Pattern(
            name="phone_number",
            kind="personal",
            title="telephone numbers",
            remedy=_REMEDY,
            regex=regex,
            triggers=(mark,),
            is_numeric=True,
            is_valid=_is_phone,
        )
        for regex, mark in ((_INTERNATIONAL, "+"), (_NORTH_AMERICAN, "-"))
    ),
    Pattern(
        name="iban",
        kind="personal",
        title="bank accounts (IBAN, with right check digits)",
        remedy=_REMEDY,
        regex=re.compile(
            r"[A-Z](?<!\w.)[A-Z]\d{2}(?:[A-Z0-9]{10,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?!\w)"
        ),
        triggers=tuple("ABCDEFGHIKLMNPQRSTUVX"),
        is_numeric=True,
        is_valid=_is_iban,
    ),
    Pattern(
        name="payment_card",
        kind="personal",
        title="payment cards (with a right check digit)",
        remedy=_REMEDY,
        # Visa, Mastercard, Discover, American Express, by their first digits.
        regex=re.compile(
            r"[2-6](?<![\w.\-].)(?:"
            r"(?:(?<=4)\d{3}|(?<=5)[1-5]\d{2}|(?<=2)[2-7]\d{2}|(?<=6)(?:011|5\d{2}))"
            r"([ \-]?)\d{4}\1\d{4}\1\d{4}"
            r"|(?<=3)[47]\d{2}([ \-]?)\d{6}\2\d{5})(?![\w\-]|\.\d)"
        ),
        triggers=tuple("23456"),
        is_numeric=True,
        is_valid=_is_card,
    ),
    *(
        Pattern(
            name="ip_address",
            kind="personal",
            title="public IP addresses",
            remedy=_REMEDY,
            regex=re.compile(regex),
            triggers=(mark,),
            is_numeric=True,
            is_valid=_is_address,
        )
        for regex, mark in (
            (r"\d(?<![\w.\-].)\d{1,2}(?:\.\d{1,3}){3}(?![\w\-]|\.\d)", "."),
            (r"[0-9A-Fa-f](?<![\w:.].)[0-9A-Fa-f]{0,3}(?:::?[0-9A-Fa-f]{1,4}){2,7}(?![\w:])", ":"),
        )
    ),
    Pattern(
        name="us_social_security_number",
        kind="personal",
        title="numbers like those of US social security",
        remedy=_REMEDY,
        regex=re.compile(r"[0-8](?<![\w.\-].)\d{2}-(?!00)\d{2}-(?!0000)\d{4}(?![\w\-]|\.\d)"),
        triggers=("-",),
        is_numeric=True,
        is_valid=_is_social_security,
    ),
)
