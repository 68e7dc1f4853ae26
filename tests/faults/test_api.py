"""Schemathesis asks the read API of a running product for a while: no failure, no answer that its document lacks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portal.api.document import document
from tests.faults.conftest import environment_of
from tests.faults.test_jobs import manage

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

SECONDS = 150
EXAMPLES = 30  # of each route, at most
# 414 is how the server refuses what is far too long.
REFUSALS = [400, 401, 403, 404, 405, 406, 414, 422]
# Behind these addresses there is something, so that not all requests with a network in them end at 404.
KNOWN = """
[checks.negative_data_rejection]
expected-statuses = {refusals}

[[operations]]
include-path-regex = "/networks/.network./(events|ledger|stock)"
parameters = {{ "path.network" = "{network}" }}

[[operations]]
include-path-regex = "/networks/.network./jobs"
parameters = {{ "path.network" = "{network}", "path.job" = "{job}" }}
"""


def test_schemathesis_finds_no_failure_and_no_difference(product: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    data, run = product
    network = run["networks"][0]["slug"]
    path = tmp_path / "stock.csv"
    path.write_text("reference,quantity\n" + "".join(f"PART-{number},5\n" for number in range(20)))
    job = manage(
        data, "submit_job", "--network", network, "--operation", "replaceSparePartStock", "--file", str(path), "--wait"
    )["job"]
    token = manage(data, "create_api_token", "--organization", run["organization"], "--scopes", "read")["token"]
    config = tmp_path / "schemathesis.toml"
    config.write_text(KNOWN.format(refusals=REFUSALS, network=network, job=job))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run",
            f"{run['portal_url']}/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}",
            "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--max-time", str(SECONDS),
            "--no-color",
        ],
        cwd=tmp_path, env=environment_of(data), capture_output=True, text=True, timeout=SECONDS * 3, check=False,
    )  # fmt: skip
    print(done.stdout[-6000:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"Tested: {len(document()['paths'])}\n" in done.stdout
    assert re.search("Fuzzing .in ", done.stdout), "the time was over before"
