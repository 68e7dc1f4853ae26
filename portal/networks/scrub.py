"""Takes secrets out of texts that leave the portal: those that are stored, by comparison, and what looks like one."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from portal.lib.sealing import SealingError, sealer
from portal.networks.models import Credential, InboxAddress, Network, SigningSecret

GONE = "[taken out]"
SHORTEST = 6  # characters; what is shorter than any secret would cut words to pieces
# What a header, a JSON member or an address calls a secret, whoever wrote it.
NAMED = re.compile(
    r"""(?ix)((?:api[-_]?key|authorization|secret|password|token|cookie)["']?\s*[:=]\s*["']?)(?!\[taken\ out\])
    (?:bearer\s+|basic\s+)?[^\s"',;&]{4,}"""
)
ADDRESS = re.compile(r"(/hooks/)(?!\[taken out\])[^/\s'\"]+")


def scrub(network: Network, text: str) -> str:
    """Return a text without any secret of a network. Needs the network's scope."""
    for secret in sorted(_stored(network), key=len, reverse=True):
        if len(secret) >= SHORTEST:
            for form in _forms(secret):
                text = text.replace(form, GONE)
    return ADDRESS.sub(rf"\1{GONE}", NAMED.sub(rf"\1{GONE}", text))


def _forms(secret: str) -> list[str]:
    """Return how a secret stands in plain text, in JSON and in addresses; the longest first."""
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")}
    return sorted(forms, key=len, reverse=True)


def _stored(network: Network) -> set[str]:
    sealed = [
        *Credential.objects.filter(network_id=network.id).values_list("sealed_key", flat=True),
        *SigningSecret.objects.filter(network_id=network.id).values_list("sealed_secret", flat=True),
        *InboxAddress.objects.filter(network_id=network.id).values_list("sealed_token", flat=True),
    ]
    found = set()
    for each in sealed:
        try:
            found.add(sealer().open(each))
        except SealingError:  # sealed with a key that is gone: nobody can hold it in clear
            continue
    return found
