"""Runs the baseline server: `python -m loadtest.serve_bare PORT`."""

import sys

from verifier.cli.serve import run

if __name__ == "__main__":
    run("loadtest.bare:create", host="127.0.0.1", port=int(sys.argv[1]))
