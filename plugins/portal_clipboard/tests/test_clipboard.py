"""The clipboard channel shows the link and keeps nothing."""

from __future__ import annotations

from portal.channel import Message, Operator, SendRequest, Settings
from portal_clipboard import portal_channels


def test_the_link_is_handed_to_the_one_who_asked():
    (channel,) = portal_channels(operator=Operator())
    link = "https://portal.acme.example/l/abcdefghijklmnopqrstuvwx"
    request = SendRequest("d-1", "magic", "", "Carl", Message("", link), link, "Acme")
    sent = channel.send(request, Settings())
    assert (sent.status, sent.show) == ("delivered", link)
    assert channel.caps.synchronous
    assert channel.caps.kinds == {"magic"}
