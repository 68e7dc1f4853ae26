"""All addresses of the portal."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from portal.accounts import views as accounts
from portal.explore import overview, trail
from portal.explore import views as explore
from portal.explore.stock import gap_views as stock_gaps
from portal.explore.stock import low_views as stock_low
from portal.explore.stock import part_views as stock_parts
from portal.explore.stock import views as stock
from portal.jobs import follow_views as follow
from portal.jobs import prepare_views as prepare
from portal.jobs import single_views as single
from portal.lib import health
from portal.networks import views as networks
from portal.timeline import views as timeline
from portal.webhooks import metrics
from portal.webhooks import views as webhooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("accounts/", include("allauth.account.urls")),
    path("", overview.home, name="home"),
    path("help/", overview.help_page, name="help"),
    path("preferences/", accounts.preferences, name="preferences"),
    path("timeline/", timeline.timeline, name="timeline"),
    path("timeline/new/", timeline.new_events, name="new_events"),
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
    path("networks/<slug:slug>/quarantine/", webhooks.quarantine, name="quarantine"),
    path("networks/<slug:slug>/deliveries/<uuid:delivery_id>/again/", webhooks.again, name="delivery_again"),
    path("networks/<slug:slug>/events/<int:position>/", explore.event, name="event"),
    path("networks/<slug:slug>/events/<int:position>/raw/", explore.raw_payload, name="raw_payload"),
    path("networks/<slug:slug>/things/<slug:kind>/", explore.subject, name="subject"),
    path("networks/<slug:slug>/stock/part/", stock_parts.part, name="stock_part"),
    path("networks/<slug:slug>/stock/location/", stock_parts.location, name="stock_location"),
    path("send/", prepare.choose, name="send"),
    path("jobs/", follow.job_list, name="jobs"),
    path("networks/<slug:slug>/send/<str:operation>/", prepare.upload, name="upload"),
    path("networks/<slug:slug>/send/<str:operation>/one/", single.new_item, name="new_item"),
    path("networks/<slug:slug>/send/<str:operation>/template.<str:kind>", prepare.template_file, name="template_file"),
    path("networks/<slug:slug>/send/<str:operation>/known/<str:column>/", single.suggest, name="suggest"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/", follow.job, name="job"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/columns/", prepare.columns, name="job_columns"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/item/", single.item, name="job_item"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/check/", prepare.check, name="job_check"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/rows/<int:number>/", prepare.row, name="job_row"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/send/", prepare.send, name="job_send"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/cancel/", follow.cancel, name="job_cancel"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/resume/", follow.resume, name="job_resume"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/go-on/", follow.go_on, name="job_go_on"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/repeat/", follow.repeat, name="job_repeat"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/progress/", follow.progress, name="job_progress"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/requests/<int:number>/", follow.sent_request, name="job_request"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/calls/<uuid:call_id>/", follow.call, name="job_call"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/file/", follow.original, name="job_file"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/bad-rows/", follow.bad_rows_file, name="job_bad_rows"),
    path("networks/<slug:slug>/jobs/<uuid:job_id>/results/", follow.results_file, name="job_results"),
    path("people/", accounts.people_home, name="people"),
    path("people/<slug:organization>/", accounts.people, name="organization_people"),
    path("people/<slug:organization>/invite/", accounts.invite, name="invite"),
    path("people/<slug:organization>/<uuid:membership_id>/", accounts.member, name="member"),
    path("people/<slug:organization>/<uuid:membership_id>/remove/", accounts.member_remove, name="member_remove"),
    path(
        "people/<slug:organization>/invitations/<uuid:invitation_id>/withdraw/",
        accounts.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("invitation/<str:token>/", accounts.invitation, name="invitation"),
    path("trail/", trail.trail, name="trail"),
]
if settings.PORTAL_DEV:
    urlpatterns += [path("", include("portal.dev.urls"))]
