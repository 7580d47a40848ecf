"""python-cwt agrees with us on every vector that holds a code, or the vector says that it is laxer.

It knows the checks 2 to 6 but for the certificate claim, and the dates; not the text, whose key may say what,
or the register.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import generate
from tests.vectors.laxer import LAXER
from tests.vectors.test_vectors import FILES, read
from verifier.certificate.claims import CERTIFICATE
from verifier.certificate.model import Kind, Powers
from verifier.certificate.verdicts import Reason

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-cwt" / "bin" / "python"
SCRIPT = Path(__file__).with_name("python_cwt.py")
OF_ITS_STAGES = {
    Reason.TOO_LONG,  # of a code's bytes
    Reason.MALFORMED,
    Reason.UNKNOWN_KEY,
    Reason.WRONG_ALGORITHM,
    Reason.BAD_SIGNATURE,
    Reason.WRONG_PURPOSE,  # it is given the keys of certificates alone
    Reason.BAD_CLAIMS,
}
WITH_CODE = [path for path in FILES if read(path)["stages"]["code"]]


@pytest.fixture(scope="module")
def opinions() -> dict[str, Any]:
    assert PYTHON.exists(), "python-cwt has an environment of its own: make .venv-cwt/.installed"
    done = subprocess.run(
        [PYTHON, "-I", SCRIPT, generate.DIRECTORY / "trust.json", *WITH_CODE],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    given: dict[str, Any] = json.loads(done.stdout)
    return given


def due(vector: dict[str, Any]) -> str:
    """Give the outcome that is right at the stages that python-cwt knows."""
    if vector.get("offline", vector["expected"])["reason"] in OF_ITS_STAGES:
        return "refused"
    certificate = vector["stages"]["certificate"]
    if certificate and vector["now"] >= certificate["valid_until"]:
        return "expired"
    if certificate and vector["now"] < certificate["valid_from"]:
        return "not_yet_valid"
    return "accepted"


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.stem)
def test_it_agrees_or_the_vector_says_that_it_is_laxer(path: Path, opinions: dict[str, Any]) -> None:
    vector, opinion = read(path), opinions[path.stem]
    right, outcome = due(vector), opinion["outcome"]
    said = vector.get("laxer", {}).get("python-cwt")
    if said:
        is_laxer = outcome == "accepted" != right
        assert is_laxer, f"no longer laxer ({said}): {opinion}"
        return
    agrees = outcome == right or (right == "refused" and outcome != "accepted")
    assert agrees, f"{right} is right, and laxer.py says nothing of this: {opinion}"


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.stem)
def test_it_reads_the_claims_that_were_signed(path: Path, opinions: dict[str, Any]) -> None:
    vector, opinion = read(path), opinions[path.stem]
    facts = vector["stages"]["certificate"]
    if facts and opinion["outcome"] == "accepted" and "laxer" not in vector:
        assert opinion["claims"] == {
            "1": facts["issuer"],
            "4": facts["valid_until"],
            "5": facts["valid_from"],
            str(CERTIFICATE): certificate_claim(facts),
        }


def certificate_claim(facts: dict[str, Any]) -> dict[str, Any]:
    """Write the facts as docs/code-format.md does, and as JSON can hold them."""
    number, categories = facts["number"], facts["categories"]
    is_integer = number == "0" or (number.isdigit() and number[0] != "0" and int(number) < 1 << 64)
    claim = {
        1: int(number) if is_integer else number,
        2: Kind[facts["kind"].upper()],
        3: facts["holder"],
        4: facts["agency"],
        5: categories[0] if len(categories) == 1 else categories or None,
        6: facts["area"],
        7: Powers[facts["powers"].upper()] or None,
        8: [facts["status"]["list"], facts["status"]["index"]],
        9: facts["photo"],
        10: facts["restricted"] or None,
    }
    return {str(key): value for key, value in claim.items() if value is not None}


def test_it_is_laxer_where_a_vector_says_so_and_nowhere_else() -> None:
    assert {path.stem for path in FILES if "laxer" in read(path)} == set(LAXER)


def test_many_claims_are_compared(opinions: dict[str, Any]) -> None:
    accepted = [path for path in WITH_CODE if opinions[path.stem]["outcome"] == "accepted"]
    assert len([path for path in accepted if "laxer" not in read(path)]) > 60
