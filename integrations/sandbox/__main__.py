"""Starts the sandbox: `python -m integrations.sandbox --host 127.0.0.1 --port 8001 --data DIR`."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import uvicorn

from integrations.sandbox import app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m integrations.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--data", type=Path, required=True, help="directory for the sandbox's state")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    uvicorn.run(
        app.build(options.data),
        host=options.host,
        port=options.port,
        access_log=False,
        # Calls that were told to hang must not hold up the end.
        timeout_graceful_shutdown=2,
        server_header=False,
    )


if __name__ == "__main__":
    main()
