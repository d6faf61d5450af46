"""Domain: the account's own host for its clients, the records to set, and what the DNS says."""

from __future__ import annotations

from flask import abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.config import settings
from portal.errors import DomainError
from portal.flows.check_domain import check_domain
from portal.flows.own_domain import ask_for_domain, remove_domain, say_proxied
from portal.languages import _
from portal.models.account_domain import AccountDomain, State
from portal.models.staff_role import Role
from portal.web.admin import domain_words
from portal.web.admin.desk import at_desk, desk, go
from portal.web.forms_domain import DomainForm

bp = desk("domains", __name__, path="/domain", roles=(Role.OWNER, Role.ADMIN))


@bp.get("/")
def show() -> ResponseReturnValue:
    account, _staff = at_desk()
    form = DomainForm(formdata=None)
    return _page(form, AccountDomain.of(account.id))


@bp.post("/")
def ask() -> ResponseReturnValue:
    account, staff = at_desk()
    form = DomainForm()
    if not form.validate():
        return _page(form, AccountDomain.of(account.id)), 422
    try:
        host = ask_for_domain(account, form.host.data, by=staff, request_id=g.request_id)
    except DomainError as error:
        form.host.errors = [str(error)]
        return _page(form, AccountDomain.of(account.id)), 422
    flash(_("Now set these records for %(host)s, then press Check now.", host=host), "good")
    return go(url_for(".show"))


@bp.post("/check")
def check() -> ResponseReturnValue:
    account, _staff = at_desk()
    domain = AccountDomain.of(account.id)
    return go(url_for(".show")) if domain is None else _look(domain)


@bp.post("/proxy")
def proxy() -> ResponseReturnValue:
    """Keep whether a proxy stands in front, and look at once what follows."""
    account, staff = at_desk()
    is_proxied = request.form.get("is_proxied") == "y"
    domain = say_proxied(account, is_proxied=is_proxied, by=staff, request_id=g.request_id)
    return go(url_for(".show")) if domain is None else _look(domain)


@bp.route("/remove", methods=["GET", "POST"])
def remove() -> ResponseReturnValue:
    account, staff = at_desk()
    if request.method == "POST":
        host = remove_domain(account, by=staff, request_id=g.request_id)
        if host:
            flash(
                _("%(host)s was removed. Its records in your DNS can go, too.", host=host), "good"
            )
        return go(url_for(".show"))
    domain = AccountDomain.of(account.id)
    if domain is None:
        abort(404)
    return render_template("admin/domain_remove.html", domain=domain, url=settings().url)


def _look(domain: AccountDomain) -> ResponseReturnValue:
    try:
        seen = check_domain(domain.id, is_pressed=True)
    except DomainError as error:
        flash(str(error), "bad")
        return go(url_for(".show"))
    if seen is not None and seen.state == State.VERIFIED:
        flash(_("%(host)s is in use.", host=seen.host), "good")
    else:
        flash(_("Not yet. What was found stands beside each record."), "note")
    return go(url_for(".show"))


def _page(form: DomainForm, domain: AccountDomain | None) -> str:
    found = settings()
    return render_template(
        "admin/domain.html",
        form=form,
        domain=domain,
        records=domain_words.records(domain, found.hostname) if domain else (),
        look=domain_words.look_of(domain) if domain else None,
        longest=found.longest_host,
        portal_url=found.url,
    )
