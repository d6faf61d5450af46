"""The pages: the sign-in form, a link from the message to the press, and the home."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from tests.bench.floor import secrecy, store, work
from tests.bench.floor.setting import SECRET

MINUTE, DAY = 60 * 10**6, 86400 * 10**6
EMAIL = re.compile(r"[^\s@<>]{1,64}@[a-z0-9.-]+\.[a-z0-9-]+")
OPENED = re.compile(r"([A-Za-z0-9_-]{24})\.([A-Za-z0-9_-]{22})")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "strict-origin",
    "Cache-Control": "no-store",
}

app = Flask(__name__)
app.config.update(
    SECRET_KEY=SECRET,
    SESSION_COOKIE_NAME="floor_page",
    SESSION_COOKIE_SAMESITE="Lax",
    TRUSTED_HOSTS=["127.0.0.1"],
    MAX_CONTENT_LENGTH=1024 * 1024,
)
app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


@app.before_request
def only_own_forms() -> None:
    if request.method != "POST":
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        abort(403)
    if not secrets.compare_digest(request.form.get("csrf", ""), session.get("csrf", "-")):
        abort(400)


@app.after_request
def with_headers(response: Response) -> Response:
    response.headers.extend(HEADERS)
    return response


@app.template_global()
def csrf() -> str:
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(32)
    return str(session["csrf"])


@app.get("/p/<slug>/")
def front(slug: str) -> ResponseReturnValue:
    row = _visit(slug, request.cookies.get(f"floor_{slug}", ""))
    if row["contact_id"] is None:
        return render_template("sign_in.html", account=row, wrong="")
    hour = datetime.now(UTC).astimezone(ZoneInfo(row["time_zone"])).hour
    part = "morning" if 4 <= hour < 12 else "afternoon" if 12 <= hour < 18 else "evening"
    first = row["contact_name"].split(" ")[0]
    greeting = f"Good {part}, {first}" if first else f"Good {part}"
    return render_template("home.html", account=row, greeting=greeting, email=row["email"])


@app.post("/p/<slug>/")
def ask(slug: str) -> ResponseReturnValue:
    account = _visit(slug, "")
    email = request.form.get("email", "").strip()
    norm = email.casefold()
    if not EMAIL.fullmatch(norm):
        return render_template("sign_in.html", account=account, wrong="Enter an e-mail address.")
    secret = secrecy.new_secret()
    delivery_id = _owe_link(account["account_id"], norm, secrecy.digest(secret))
    if delivery_id is not None:
        work.deliver(delivery_id)
    session[f"flow_{slug}"] = [secret, email]
    return redirect(url_for("code", slug=slug), 303)


@app.get("/p/<slug>/code")
def code(slug: str) -> ResponseReturnValue:
    flow = session.get(f"flow_{slug}")
    if flow is None:
        return redirect(url_for("front", slug=slug), 303)
    return render_template("code.html", account=_visit(slug, ""), address=flow[1])


@app.get("/l/<token>")
def open_link(token: str) -> ResponseReturnValue:
    digest = secrecy.token_digest(token)
    if digest is None:
        return render_template("dead.html", why="A part of this link is missing."), 410
    handle = secrecy.handle_of(digest)
    response = redirect(url_for("page", handle=handle), 303)
    _set(response, f"floor_link_{handle}", f"{token}.{secrets.token_urlsafe(16)}", 1800)
    return response


@app.get("/l/open/<handle>")
def page(handle: str) -> ResponseReturnValue:
    digest, _nonce = _opened(handle)
    row = store.connection().execute(LOOK, (digest,)).fetchone()
    why = _why_dead(row)
    if why:
        return render_template("dead.html", why=why), 410 if row else 404
    if request.cookies.get(f"floor_{row[1]}"):
        visit = _visit(row[1], request.cookies[f"floor_{row[1]}"])
        if visit["contact_id"] == row[3]:
            return redirect(url_for("front", slug=row[1]), 303)
    account = {"name": row[0], "slug": row[1], "accent": row[2]}
    local, _, domain = row[4].rpartition("@")
    return render_template("link.html", account=account, masked=f"{local[:1]}•••@{domain}")


@app.post("/l/open/<handle>")
def press(handle: str) -> ResponseReturnValue:
    digest, nonce = _opened(handle)
    slug = request.form.get("portal", "")[:40]
    flow = session.get(f"flow_{slug}")
    secret = _redeem(digest, nonce, secrecy.digest(flow[0]) if flow else None)
    if secret is None:
        row = store.connection().execute(LOOK, (digest,)).fetchone()
        return render_template("dead.html", why=_why_dead(row)), 410 if row else 404
    response = redirect(url_for("front", slug=slug), 303)
    response.delete_cookie(f"floor_link_{handle}", httponly=True, samesite="Lax")
    session.pop(f"flow_{slug}", None)
    _set(response, f"floor_{slug}", secret, 30 * 86400)
    return response


@app.post("/p/<slug>/sign-out")
def sign_out(slug: str) -> ResponseReturnValue:
    digest = secrecy.digest(request.cookies.get(f"floor_{slug}", ""))
    with store.writing() as db:
        db.execute("DELETE FROM session WHERE digest = ?", (digest,))
    response = redirect(url_for("front", slug=slug), 303)
    response.delete_cookie(f"floor_{slug}", httponly=True, samesite="Lax")
    return response


VISIT = """
    SELECT a.id, a.name, a.slug, a.time_zone, a.accent, c.id, c.name, c.email FROM account a
    LEFT JOIN session s ON s.account_id = a.id AND s.digest = ? AND s.expires_at > ?
        AND s.last_seen_at > ?
    LEFT JOIN access x ON x.contact_id = s.contact_id AND x.auth_epoch = s.auth_epoch
        AND x.status IN ('invited', 'joined')
    LEFT JOIN contact c ON c.id = x.contact_id
    WHERE a.slug = ?
"""
VISIT_NAMES = (
    "account_id", "name", "slug", "time_zone", "accent", "contact_id", "contact_name", "email",
)  # fmt: skip
LOOK = """
    SELECT a.name, a.slug, a.accent, c.id, c.email, l.used_at, l.revoked_at, l.expires_at,
        l.auth_epoch = x.auth_epoch AND x.status IN ('invited', 'joined')
    FROM magic_link l JOIN account a ON a.id = l.account_id JOIN contact c ON c.id = l.contact_id
    JOIN access x ON x.contact_id = l.contact_id WHERE l.token_digest = ?
"""
REDEEM = """
    UPDATE magic_link SET used_at = :now, used_nonce = :nonce,
        used_bound = coalesce(flow_digest = :flow, 0)
    WHERE token_digest = :digest AND used_at IS NULL AND revoked_at IS NULL AND expires_at > :now
        AND EXISTS (SELECT 1 FROM access x WHERE x.contact_id = magic_link.contact_id
            AND x.auth_epoch = magic_link.auth_epoch AND x.status IN ('invited', 'joined'))
    RETURNING id, account_id, contact_id, used_bound, auth_epoch
"""


def _visit(slug: str, secret: str) -> dict[str, Any]:
    now = store.microseconds()
    digest = secrecy.digest(secret) if secret else b""
    row = store.connection().execute(VISIT, (digest, now, now - 7 * DAY, slug)).fetchone()
    if row is None:
        abort(404)
    return dict(zip(VISIT_NAMES, row, strict=True))


def _owe_link(account_id: int, email: str, flow: bytes) -> int | None:
    now, link_id, nonce = store.microseconds(), secrets.token_bytes(16), secrets.token_bytes(16)
    token = secrecy.derive_token(nonce, link_id)
    with store.writing() as db:
        row = db.execute(
            "SELECT c.id, x.auth_epoch FROM contact c JOIN access x ON x.contact_id = c.id "
            "WHERE c.account_id = ? AND c.email_norm = ? AND x.status IN ('invited', 'joined')",
            (account_id, email),
        ).fetchone()
        if row is None:
            return None
        db.execute(
            "INSERT INTO magic_link (id, account_id, contact_id, nonce, token_digest, code_mac, "
            "flow_digest, auth_epoch, created_at, expires_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (link_id, account_id, row[0], nonce, secrecy.token_digest(token),
             secrecy.code_mac(secrecy.code_of(token), link_id), flow, row[1], now,
             now + 10 * MINUTE),
        )  # fmt: skip
        return db.execute(
            "INSERT INTO delivery (contact_id, link_id, status, attempts, due_at, reply, browser, "
            "created_at) VALUES (?,?,'queued',0,?,'',?,?)",
            (row[0], link_id, now, request.headers.get("User-Agent", "")[:60], now),
        ).lastrowid


def _redeem(digest: bytes, nonce: str, flow: bytes | None) -> str | None:
    """Use the link up and open its one session, decided by the row count of one UPDATE."""
    now, secret = store.microseconds(), secrecy.new_secret()
    with store.writing() as db:
        row = db.execute(
            REDEEM,
            {"now": now, "nonce": secrecy.digest(nonce), "flow": flow, "digest": digest},
        ).fetchone()
        if row is None:
            return None
        link_id, account_id, contact_id, bound, epoch = row
        db.execute(
            "INSERT INTO session (digest, account_id, contact_id, link_id, bound, auth_epoch, "
            "created_at, last_seen_at, expires_at) VALUES (?,?,?,?,?,?,?,?,?)",
            (secrecy.digest(secret), account_id, contact_id, link_id, bound, epoch, now, now,
             now + 30 * DAY),
        )  # fmt: skip
        db.execute(
            "UPDATE access SET status = 'joined', joined_at = coalesce(joined_at, ?), "
            "last_seen_at = ? WHERE contact_id = ?",
            (now, now, contact_id),
        )
        if bound:
            db.execute(
                "UPDATE magic_link SET revoked_at = ? "
                "WHERE contact_id = ? AND used_at IS NULL AND revoked_at IS NULL",
                (now, contact_id),
            )
    return secret


def _why_dead(row: Any) -> str:
    if row is None:
        return "We do not know this link."
    *_, used_at, revoked_at, expires_at, may_enter = row
    if not may_enter:
        return "This link no longer lets you in."
    if used_at is not None:
        return "This link was already used."
    if revoked_at is not None:
        return "There is a newer link."
    return "This link has expired." if expires_at <= store.microseconds() else ""


def _opened(handle: str) -> tuple[bytes, str]:
    found = OPENED.fullmatch(request.cookies.get(f"floor_link_{handle}", ""))
    digest = secrecy.token_digest(found[1]) if found else None
    if found is None or digest is None or secrecy.handle_of(digest) != handle:
        abort(410)
    return digest, found[2]


def _set(response: Any, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="Lax")
