"""The tables, one a file: columns, queries, and rules about one row."""

from portal.models import outbox_figures
from portal.models.account import Account
from portal.models.account_domain import AccountDomain
from portal.models.account_tally import AccountTally, SignInDay
from portal.models.brand_image import BrandImage
from portal.models.channel_setting import ChannelSetting
from portal.models.channel_trial import ChannelTrial
from portal.models.client_session import ClientSession
from portal.models.client_view import ClientView
from portal.models.contact import Contact
from portal.models.contact_tag import ContactTag
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.event_chain import EventChain
from portal.models.event_cursor import EventCursor
from portal.models.event_seal import EventSeal
from portal.models.magic_link import Kind, MagicLink
from portal.models.message_words import MessageWords
from portal.models.pace import Pace
from portal.models.plugin_cursor import PluginCursor
from portal.models.plugin_fault import PluginFault
from portal.models.portal_access import Access, PortalAccess
from portal.models.rate_count import RateCount
from portal.models.reminder import Reminder
from portal.models.run import Run
from portal.models.run_piece import RunPiece
from portal.models.run_row import RunRow
from portal.models.saved_view import SavedView
from portal.models.sign_in_request import SignInRequest
from portal.models.staff import Staff
from portal.models.staff_challenge import StaffChallenge
from portal.models.staff_half_sign_in import StaffHalfSignIn
from portal.models.staff_invitation import StaffInvitation
from portal.models.staff_link import StaffLink
from portal.models.staff_passkey import StaffPasskey
from portal.models.staff_recovery_code import StaffRecoveryCode
from portal.models.staff_role import Role, StaffRole
from portal.models.staff_session import StaffSession
from portal.models.staff_task import StaffTask
from portal.models.staff_totp import StaffTotp
from portal.models.support_code import SupportCode
from portal.models.tag import Tag
from portal.models.worker_sign import WorkerSign

__all__ = [
    "Access",
    "Account",
    "AccountDomain",
    "AccountTally",
    "BrandImage",
    "ChannelSetting",
    "ChannelTrial",
    "ClientSession",
    "ClientView",
    "Contact",
    "ContactTag",
    "Delivery",
    "Event",
    "EventChain",
    "EventCursor",
    "EventSeal",
    "Kind",
    "MagicLink",
    "MessageWords",
    "Pace",
    "PluginCursor",
    "PluginFault",
    "PortalAccess",
    "RateCount",
    "Reminder",
    "Role",
    "Run",
    "RunPiece",
    "RunRow",
    "SavedView",
    "SignInDay",
    "SignInRequest",
    "Staff",
    "StaffChallenge",
    "StaffHalfSignIn",
    "StaffInvitation",
    "StaffLink",
    "StaffPasskey",
    "StaffRecoveryCode",
    "StaffRole",
    "StaffSession",
    "StaffTask",
    "StaffTotp",
    "SupportCode",
    "Tag",
    "WorkerSign",
    "outbox_figures",
]
