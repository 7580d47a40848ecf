"""`make loadtest`: a register of its own, a server, and locust on it for half a minute."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from loadtest.http_cost import serving_ours
from loadtest.stock import prepare

CODES: Final = 1_000
USERS: Final = 50
SECONDS: Final = 30


def main() -> int:
    """Run the mix; fail if any answer was not what is known to be true."""
    with tempfile.TemporaryDirectory(prefix="liangzheng-load-") as directory:
        data_dir = Path(directory)
        paths = data_dir / "paths.txt"
        paths.write_text("".join(f"/{digits}\n" for digits in prepare(data_dir, CODES)))
        with serving_ours(data_dir) as server:
            command = [
                *(
                    sys.executable,
                    "-m",
                    "locust",
                    "--headless",
                    "--only-summary",
                    "--exit-code-on-error",
                    "1",
                ),
                *("-f", str(Path(__file__).with_name("locustfile.py"))),
                *("-H", f"http://127.0.0.1:{server.port}", "-u", str(USERS), "-r", "25", "-t", f"{SECONDS}s"),
            ]
            return subprocess.run(
                command, env=os.environ | {"SCAN_PATHS": str(paths)}, check=False
            ).returncode


if __name__ == "__main__":
    sys.exit(main())
