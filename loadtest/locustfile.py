"""Load as it really comes: `make loadtest`, or locust with `SCAN_PATHS` naming a file of paths to scan.

The first line of that file is the popular code; the others are distinct ones. locust finds out how the
service feels under a mix; for ceilings use wrk (`make bench`), which costs less than what it measures.
"""

import os
import random
from pathlib import Path
from typing import Final

from locust import FastHttpUser, between, task

PATHS: Final = Path(os.environ["SCAN_PATHS"]).read_text(encoding="ascii").split()
JSON: Final = {"accept": "application/json"}


class Citizen(FastHttpUser):
    """Scans what an officer shows."""

    wait_time = between(0.05, 0.2)

    @task(10)
    def scan_the_popular_code(self) -> None:
        """Everybody scans the code that is in the news."""
        self._scan(PATHS[0], "popular code", "valid")

    @task(10)
    def scan_any_code(self) -> None:
        """Many officers are met."""
        self._scan(random.choice(PATHS), "any code", "valid")

    @task(3)
    def open_the_page(self) -> None:
        """A browser loads the page."""
        self.client.get(random.choice(PATHS), headers={"accept": "text/html"}, name="page")

    @task(2)
    def check_two_officers(self) -> None:
        """An inspection is done by two."""
        codes = [path[1:] for path in random.sample(PATHS, 2)]
        self.client.post("/check", json={"codes": codes}, name="two officers")

    @task(2)
    def scan_a_counterfeit(self) -> None:
        """One byte of the signature is changed."""
        number = int(random.choice(PATHS)[1:]) ^ (1 << random.randrange(100))
        self._scan(f"/{number}", "counterfeit", "forged")

    @task(1)
    def scan_something_else(self) -> None:
        """A QR code of another kind."""
        self._scan("/123456", "not ours", "not_a_certificate", status=404)

    def _scan(self, path: str, name: str, verdict: str, status: int = 200) -> None:
        with self.client.get(path, headers=JSON, name=name, catch_response=True) as reply:
            if reply.status_code != status or reply.json()["verdict"] != verdict:
                reply.failure(f"expected {verdict}")
            else:
                reply.success()
