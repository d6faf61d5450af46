"""From a contact's Apprise URL to the service that it names, with every door shut but the one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from portal.channel import PermanentError
from portal_apprise.form import NEVER
from portal_apprise.library import library
from portal_apprise.lines import is_private_name

LONGEST = 1000
SCHEME = re.compile(r"([a-z0-9]{1,20})://\S+", re.IGNORECASE)
NOT_HTTP = frozenset({"socket", "smtplib", "subprocess"})


def open_service(
    address: str, allowed: frozenset[str], *, seconds: float, may_stay_inside: bool = False
) -> Any:
    """Return the library's object for *address*, without I/O; it gives up well within *seconds*.

    Raises PermanentError when it cannot be used, in words that never repeat the address: it is a
    secret.
    """
    name = name_of(address)
    if name not in allowed or not is_harmless(name):
        raise PermanentError(
            f"The service {name} is not among those that messages may use here. "
            "The channel's settings list them.",
            cause="not_allowed",
        )
    asset = library().AppriseAsset(async_mode=False, http_redirects=False, service_timeout=0)
    service = library().Apprise.instantiate(address.strip(), asset=asset)
    if service is None or _reads_files(service):
        raise _bad(f"This is not an address that the service {name} understands.")
    service = _bounded(service, seconds)
    if len(service) != 1:
        raise _bad("This address names several receivers. Give one: the link is for one person.")
    if not may_stay_inside and _names_its_host(service) and is_private_name(service.host or ""):
        raise PermanentError("The address leads into a private network.", cause="not_allowed")
    return service


def name_of(address: str) -> str:
    """Return the service's name, the word before `://`. Raises PermanentError when none is."""
    found = SCHEME.fullmatch(address.strip())
    if found is None or len(address) > LONGEST:
        raise _bad("This is not an Apprise URL, such as tgram://token/chat.")
    return found[1].lower()


def unknown(names: frozenset[str]) -> list[str]:
    """Return those of *names* that the installed library lacks or that could never be used."""
    return sorted(name for name in names if not is_harmless(name))


def is_harmless(name: str) -> bool:
    """Tell whether the service *name* speaks HTTP and nothing else.

    The others write to this machine's desktop, log or files, or open lines of their own that
    nobody watches.
    """
    services = library().plugins.N_MGR
    if name in NEVER or name not in services:
        return False
    imported = {word for module in _modules_of(services[name]) for word in vars(module)}
    return "requests" in imported and not imported & NOT_HTTP


def _modules_of(service: type) -> Iterator[Any]:
    """Yield the modules that *service* is made of, but for the base of all services."""
    for one in service.__mro__:
        if one.__module__.startswith("apprise.plugins.") and one.__name__ != "NotifyBase":
            yield sys.modules[one.__module__]


def _reads_files(service: Any) -> bool:
    """Tell whether the address makes the service read a file of this machine, as a template."""
    attachments = library().AppriseAttachment
    return any(isinstance(one, attachments) and len(one) > 0 for one in vars(service).values())


def _names_its_host(service: Any) -> bool:
    return any("{host}" in template for template in service.templates)


def _bounded(service: Any, seconds: float) -> Any:
    """Take back what an address may ask for: no check of certificates, redirects, long waits."""
    service.verify_certificate = True
    service.redirects = False
    service.retry = 0
    service.socket_connect_timeout = seconds / 6
    service.socket_read_timeout = seconds / 2
    return service


def _bad(words: str) -> PermanentError:
    return PermanentError(words, cause="bad_address")
