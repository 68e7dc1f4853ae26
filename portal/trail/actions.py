"""The closed set of acts that the audit trail records, each with the words that a page shows."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIONS: dict[str, str | Promise] = {
    "signed_in": _("Signed in"),
    "sign_in_failed": _("Sign-in failed"),
    "signed_out": _("Signed out"),
    "password_changed": _("Password changed"),
    "access_denied": _("Access denied"),
    "organization_created": _("Organization created"),
    "person_invited": _("Person invited"),
    "invitation_withdrawn": _("Invitation withdrawn"),
    "invitation_accepted": _("Invitation accepted"),
    "role_changed": _("Role changed"),
    "person_removed": _("Person removed"),
    "network_connected": _("Network connected"),
    "network_changed": _("Network changed"),
    "network_settings_changed": _("Network settings changed at the vendor"),
    "key_added": _("API key added"),
    "key_rotated": _("API key rotated"),
    "key_refused": _("API key refused by the vendor"),
    "key_compromised": _("API key reported as compromised"),
    "sending_resumed": _("Sending resumed"),
    "secret_added": _("Signing secret added"),
    "secret_revealed": _("Signing secret revealed"),
    "secret_retired": _("Signing secret retired"),
    "address_rotated": _("Inbox address rotated"),
    "address_retired": _("Inbox address retired"),
    "recipe_pinned": _("Signature recipe pinned"),
    "recipe_unpinned": _("Signature recipe released"),
    "secrets_resealed": _("Secrets sealed with a new key"),
    "delivery_run_again": _("Delivery run again"),
    "quarantine_released": _("Quarantined deliveries released"),
    "payload_downloaded": _("Raw payload downloaded"),
    "job_row_changed": _("Row of a job changed"),
    "job_rows_left_out": _("Rows of a job left out"),
    "job_rows_put_back": _("Rows of a job put back"),
    "job_submitted": _("Job submitted"),
    "job_cancelled": _("Job cancelled"),
    "job_resumed": _("Job resumed"),
    "job_gone_on_with": _("Rows of a job prepared once more"),
    "job_repeated": _("Rehearsed job repeated on production"),
    "simulated": _("Load simulated"),
}
