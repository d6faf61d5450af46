"""What it means that a connection to a mail server could not be made."""

from __future__ import annotations

import smtplib
import ssl

from portal.channel import AuthenticationError, ChannelError, TemporaryError
from portal_email import replies
from portal_email.meanings import Stage

LOST = "The connection to the mail server was lost."


def failure_of(error: Exception, stage: Stage) -> ChannelError:
    """Return what *error* means for a connection that was being made."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return replies.error_for(
            stage, error.smtp_code, words if isinstance(words, bytes) else words.encode()
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        if stage == "login":
            reason = "The mail server does not offer a sign-in."
            return AuthenticationError(reason, cause="sign_in")
        reason = "The mail server does not offer encryption (STARTTLS)."
        return TemporaryError(reason, cause="unreachable")
    if isinstance(error, UnicodeError) and stage == "login":
        reason = "The mail server's user name and password must be written in ASCII."
        return AuthenticationError(reason, cause="sign_in")
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = "The mail server's certificate is not valid for its name."
        return TemporaryError(reason, reply=error.verify_message, cause="unreachable")
    if isinstance(error, TimeoutError):
        return TemporaryError("The mail server took too long.", cause="timeout")
    return TemporaryError(_why_unreachable(error), cause="unreachable")


def _why_unreachable(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPException):
        return LOST
    if isinstance(error, ssl.SSLError):
        return "No encrypted connection to the mail server could be made."
    return "The mail server could not be reached."
