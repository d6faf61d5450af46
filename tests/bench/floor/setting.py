"""Where the floor lives and whom it mails through, from the environment."""

from __future__ import annotations

import os
from pathlib import Path

HOME = Path(os.environ["FLOOR_HOME"])
PORT = int(os.environ["FLOOR_PORT"])
SMTP_PORT = int(os.environ["FLOOR_SMTP_PORT"])
URL = f"http://127.0.0.1:{PORT}"
DATABASE = HOME / "floor.db"
QUEUE = HOME / "queue.db"
SECRET = b"the floor's secret, which guards nothing but a benchmark"
