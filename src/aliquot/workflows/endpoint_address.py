"""An endpoint of somebody else: whether what is asked of it makes sense, and whose key it gets."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aliquot.core.endpoint import EndpointJob
from aliquot.errors import InputError
from aliquot.evaluation.wording import TITLES

OPENAI_URL = "https://api.openai.com"


def find_key_env(endpoint: str) -> str:
    """Return the variable whose key is sent unasked: OpenAI's to OpenAI, none to anybody else."""
    is_openai = f"{endpoint.strip()}/".startswith(f"{OPENAI_URL}/")
    return "OPENAI_API_KEY" if is_openai else ""


def require_possible(job: EndpointJob) -> None:
    """Refuse a job that cannot be carried out as it stands.

    Raises:
        InputError: With the option concerned.
    """
    try:
        address = urlsplit(job.url)
        (address.hostname or "").encode("idna")
    except ValueError as error:
        raise refused(f"Found {job.url!r}, which is no address: {error}.", "Correct --endpoint.") from error
    if address.scheme not in ("http", "https") or not address.hostname:
        raise refused(f"Found {job.url!r}, expected an address.", "For example https://api.example.org/v1")
    if address.username or address.password or address.query or address.fragment:
        raise refused(
            "The address holds a user, a key or a query; it is written into files.",
            "Give the address alone, and the key in an environment variable (--endpoint-key-env).",
        )
    if job.name in TITLES:
        raise refused(f"{job.name!r} is the name of a model of the run.", "Choose another name.", "--as")
    numbers = {
        "--price-in": job.price_in, "--price-out": job.price_out, "--max-cost-usd": job.max_cost_usd,
    }  # fmt: skip
    for option, number in numbers.items():
        if number is not None and not 0 <= number < float("inf"):
            raise refused(f"Found {number}, expected US dollars.", "Give a number from 0 on.", option)
    if job.max_cost_usd is not None and job.cost_usd(0, 0) is None:
        raise refused(
            "A cap on cost needs prices.",
            "Give --price-in and --price-out, in USD for a million tokens.",
            "--max-cost-usd",
        )
    if not 1 <= job.num_at_once <= 64:
        raise refused(f"Found {job.num_at_once}, expected 1 to 64.", "4 suits most.", "--num-at-once")


def is_clear_text(url: str) -> bool:
    """Whether what is sent to an address can be read on its way: no encryption, and another machine."""
    address = urlsplit(url)
    host = address.hostname or ""
    try:
        is_own = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_own = False
    return address.scheme == "http" and not is_own


def refused(message: str, hint: str, location: str = "--endpoint") -> InputError:
    """Return the error of an option that makes no sense."""
    return InputError(message, code="endpoint_invalid", location=location, hint=hint)
