"""All addresses of the portal."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from portal.accounts import views as accounts
from portal.api import reference as api_reference
from portal.api import views as tokens
from portal.explore import coverage, overview, support, task_figures, task_list, trail
from portal.explore import views as explore
from portal.explore.stock import gap_views as stock_gaps
from portal.explore.stock import low_views as stock_low
from portal.explore.stock import part_views as stock_parts
from portal.explore.stock import sheet_views as stock_sheets
from portal.explore.stock import views as stock
from portal.exports import views as exports
from portal.jobs import by_hand_views as by_hand
from portal.jobs import check_views as checks
from portal.jobs import follow_views as follow
from portal.jobs import single_views as single
from portal.jobs import take_away_views as take_away
from portal.jobs import upload_views as prepare
from portal.lib import health
from portal.networks import views as networks
from portal.notifications import views as notifications
from portal.timeline import views as timeline
from portal.webhooks import metrics
from portal.webhooks import views as webhooks

handler400 = "portal.lib.refusals.bad_request"
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("accounts/", include("portal.accounts.urls")),
    path("", overview.home, name="home"),
    path("help/", overview.help_page, name="help"),
    path("preferences/", accounts.preferences, name="preferences"),
    path("preferences/notifications/", notifications.preferences, name="notification_preferences"),
    path("unsubscribe/<str:token>/", notifications.unsubscribe, name="unsubscribe"),
    path("notices/", notifications.notices, name="notices"),
    path("notices/seen/", notifications.notices_seen, name="notices_seen"),
    path("networks/<slug:slug>/notices/<uuid:notice_id>/", notifications.notice, name="notice"),
    path("timeline/", timeline.timeline, name="timeline"),
    path("timeline/new/", timeline.new_events, name="new_events"),
    path("tasks/", task_list.task_table, name="tasks"),
    path("tasks/board/", task_list.task_board, name="task_board"),
    path("tasks/figures/", task_figures.figures, name="task_figures"),
    path("coverage/", coverage.coverage, name="coverage"),
    path("stock/", stock.stock, name="stock"),
    path("stock/gaps/", stock_gaps.gaps, name="stock_gaps"),
    path("stock/low/", stock_low.low, name="stock_low"),
    path("networks/", networks.network_list, name="networks"),
    path("networks/connect/", networks.connect, name="connect"),
    path("networks/<slug:slug>/", webhooks.network, name="network"),
    path("networks/<slug:slug>/listen/", webhooks.listen, name="listen"),
    path("networks/<slug:slug>/heard/", webhooks.heard, name="heard"),
    path("networks/<slug:slug>/settings/", networks.change, name="network_change"),
    path("networks/<slug:slug>/key/", networks.key, name="network_key"),
    path("networks/<slug:slug>/key/compromised/", networks.key_compromised, name="network_key_compromised"),
    path("networks/<slug:slug>/secrets/add/", networks.secret_add, name="secret_add"),
    path("networks/<slug:slug>/secrets/<uuid:secret_id>/reveal/", networks.secret_reveal, name="secret_reveal"),
    path("networks/<slug:slug>/secrets/<uuid:secret_id>/retire/", networks.secret_retire, name="secret_retire"),
    path("networks/<slug:slug>/address/rotate/", networks.address_rotate, name="address_rotate"),
    path("networks/<slug:slug>/recipe/release/", networks.recipe_release, name="recipe_release"),
    path("networks/<slug:slug>/silence/", coverage.silence, name="silence"),
    path("networks/<slug:slug>/quarantine/", webhooks.quarantine, name="quarantine"),
    path("networks/<slug:slug>/deliveries/<uuid:delivery_id>/again/", webhooks.again, name="delivery_again"),
    path("networks/<slug:slug>/events/<int:position>/", explore.event, name="event"),
    path("networks/<slug:slug>/events/<int:position>/raw/", explore.raw_payload, name="raw_payload"),
    path("networks/<slug:slug>/events/<int:position>/support/", support.event_bundle, name="event_bundle"),
    path(
        "networks/<slug:slug>/deliveries/<uuid:delivery_id>/support/", support.delivery_bundle, name="delivery_bundle"
    ),
    path("networks/<slug:slug>/things/<slug:kind>/", explore.subject, name="subject"),
    path("networks/<slug:slug>/stock/part/", stock_parts.part, name="stock_part"),
    path("networks/<slug:slug>/stock/location/", stock_parts.location, name="stock_location"),
    path("networks/<slug:slug>/stock/sheet.<str:kind>", stock_sheets.sheet, name="stock_sheet"),
    path("send/", prepare.choose, name="send"),
    path("jobs/", follow.job_list, name="jobs"),
    path("networks/<slug:slug>/send/<str:operation>/", prepare.upload, name="upload"),
    path("networks/<slug:slug>/send/<str:operation>/one/", single.new_item, name="new_item"),
    path("networks/<slug:slug>/send/<str:operation>/template.<str:kind>", prepare.template_file, name="template_file"),
    path("networks/<slug:slug>/send/<str:operation>/known/<str:column>/", single.suggest, name="suggest"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/", follow.job, name="job"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/columns/", prepare.columns, name="job_columns"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/item/", single.item, name="job_item"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/check/", checks.check, name="job_check"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/rows/<int:number>/", checks.row, name="job_row"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/send/", checks.send, name="job_send"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/cancel/", follow.cancel, name="job_cancel"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/resume/", follow.resume, name="job_resume"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/go-on/", follow.go_on, name="job_go_on"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/settle/", by_hand.settle, name="job_settle"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/repeat/", follow.repeat, name="job_repeat"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/progress/", follow.progress, name="job_progress"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/requests/<int:number>/", take_away.sent_request, name="job_request"),
    path(
        "networks/<slug:slug>/jobs/<uuid:job_id>/requests/<int:number>/support/",
        take_away.request_bundle,
        name="request_bundle",
    ),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/calls/<uuid:call_id>/", take_away.call, name="job_call"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/file/", take_away.original, name="job_file"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/bad-rows/", take_away.bad_rows_file, name="job_bad_rows"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/checked/", take_away.checked_rows_file, name="job_checked"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/results/", take_away.results_file, name="job_results"),
    path("people/", accounts.people_home, name="people"),
    path("people/<slug:organization>/", accounts.people, name="organization_people"),
    path("people/<slug:organization>/invite/", accounts.invite, name="invite"),
    path("people/<slug:organization>/<uuid:membership_id>/", accounts.member, name="member"),
    path("people/<slug:organization>/<uuid:membership_id>/remove/", accounts.member_remove, name="member_remove"),
    path(
        "people/<slug:organization>/invitations/<uuid:invitation_id>/resend/",
        accounts.invitation_resend,
        name="invitation_resend",
    ),
    path(
        "people/<slug:organization>/invitations/<uuid:invitation_id>/withdraw/",
        accounts.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("people/<slug:organization>/tokens/", tokens.token_list, name="api_tokens"),
    path("people/<slug:organization>/tokens/new/", tokens.token_new, name="api_token_new"),
    path("people/<slug:organization>/tokens/<uuid:token_id>/revoke/", tokens.token_revoke, name="api_token_revoke"),
    path("api/", api_reference.reference, name="api_reference"),
    path("api/v1/", include("portal.api.urls")),
    path("invitation/<str:token>/", accounts.invitation, name="invitation"),
    path("trail/", trail.trail, name="trail"),
    path("exports/", exports.export_list, name="exports"),
    path("exports/new/", exports.export_new, name="export_new"),
    path("exports/<uuid:export_id>/", exports.export, name="export"),
    path("exports/<uuid:export_id>/file/", exports.export_file, name="export_file"),
]
if settings.PORTAL_DEV:
    urlpatterns += [path("", include("portal.dev.urls"))]
