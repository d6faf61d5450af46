"""Product errors: what a flow raises when it cannot go on, each with words for the person."""

from __future__ import annotations


class PortalError(Exception):
    """A journey cannot go on. The text is one plain sentence that names what to do next."""


class SettingsError(PortalError):
    """The installation cannot start as it is set up."""


class AddressError(PortalError):
    """What was typed is not an e-mail address or phone number that can be used."""


class PhoneError(AddressError):
    """What was typed is no phone number that can be used."""


class AccessError(PortalError):
    """The contact is suspended or revoked, so nothing is sent to them."""


class TakenError(PortalError):
    """Another row of the account already has this value."""


class DomainError(PortalError):
    """The account's own domain cannot be asked for, or looked up, now."""


class PictureError(PortalError):
    """What was uploaded is no picture that can be shown."""


class RunError(PortalError):
    """The run is not in a state in which this can be done."""


class TagError(PortalError):
    """What was typed is no tag."""


class AlreadyShownError(PortalError):
    """This link was made by an earlier press of the same button and was shown then."""


class LinkEndedError(PortalError):
    """The link was used, replaced or cut off, or its time is over: it opens nothing any more."""


class QueueDownError(PortalError):
    """The queue cannot be reached: the sweep will find the work in the outbox."""


class GoneError(PortalError):
    """Somebody else changed, merged or deleted what this was about."""


class TeamError(PortalError):
    """This may not be done to the staff of an account, or not by this person."""


class PasskeyError(PortalError):
    """What a browser sent is no passkey of ours, or not in time. It says no more than that."""


class FactorError(PortalError):
    """A second factor cannot be changed like that."""
