"""What docs/plugins.md tells authors works as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal import checks, scaffold
from portal.channel import ReceiptRequest

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()


def samples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def typed(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Type *script* into a shell, as somebody with a lenient umask does."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euc", f"umask 022\n{script}"],
        cwd=folder,
        env={**clean, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_commands_of_the_evening_work_in_their_order(tmp_path: Path) -> None:
    begin, install = samples("sh")[:2]
    assert "portal run\n" in install
    home = tmp_path / "home"
    script = (begin + install).replace("portal run\n", "").replace("/srv/portico", str(home))
    done = typed(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "relay  0.1.0  loaded  channels relay" in done.stdout
    assert home.stat().st_mode & 0o777 == (home / "plugins").stat().st_mode & 0o777 == 0o700


def test_the_contract_of_the_page_is_kept_by_a_new_plugin(tmp_path: Path) -> None:
    scaffold.write("relay", tmp_path)
    contract = samples("python")[1]
    (tmp_path / "portal-relay" / "tests" / "test_contract.py").write_text(contract)
    done = typed("cd portal-relay && portal plugin check .", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok       relay: A receipt that was changed, or has no signature" in done.stdout


def test_the_receipt_of_the_page_is_signed_as_new_plugins_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaffold.write("relay", tmp_path)
    head, body = samples("http")[0].rstrip("\n").split("\n\n")
    lines = dict(line.lower().split(": ") for line in head.splitlines()[1:])
    monkeypatch.syspath_prepend(tmp_path / "portal-relay")
    from portal_relay.receipts import parse  # type: ignore[import-not-found]

    (receipt,) = parse(ReceiptRequest("POST", "/", lines, body.encode()), "a-receipt-secret")
    assert (receipt.status, receipt.key) == ("delivered", "delivery-1")


# A refusal that urlopen raises is closed when it is collected: the short plugin does no better.
@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_short_channel_loses_no_message_to_a_redirect(tmp_path: Path) -> None:
    (tmp_path / "relay.py").write_text(samples("python")[0])
    failed = {
        line.says: line.words for line in checks.of(tmp_path / "relay.py") if line.state == "failed"
    }
    assert not [says for says in failed if "redirect" in says or "odd or deep JSON" in says]
    assert len(failed) == 4, failed
