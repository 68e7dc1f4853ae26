"""Draws the control page: plain HTML, one style sheet of our own, no script."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from integrations.sandbox import bodies, contract
from integrations.sandbox.network import CALL_FAULTS, UNKNOWN_PARTS, Network
from integrations.sandbox.page_parts import (
    Html,
    badge,
    button,
    choice,
    code,
    details,
    field,
    form,
    hidden,
    join,
    number,
    quiet,
    section,
    table,
    text,
)
from integrations.sandbox.store import QueuedDelivery
from integrations.sandbox.world import World

_SHOWN = 40  # of each kind of thing in a network
_DELIVERIES = 10  # shown at once; the others are folded
_WEBHOOKS = ("Event", "Address", "Signature")


def document(title: str, content: Html, *, notice: str = "") -> str:
    said = f'<p class="notice" role="status">{text(notice)}</p>' if notice else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)} · Vendor sandbox</title>"
        '<link rel="stylesheet" href="/static/sandbox.css"></head><body>'
        '<header><a class="brand" href="/">Vendor sandbox</a>'
        f"{badge('Development only: invented data, not the vendor', 'amber')}</header>"
        f"<main>{said}{content}</main></body></html>"
    )


def home(world: World) -> Html:
    cards = [_card(world, network) for network in world.networks.values()]
    empty = quiet("No network yet. Create one: its API key is what the portal asks for.")
    create = form(
        "/networks",
        field("Name", "name", "Sandbox plant", required="required"),
        field("Time zone", "timezone", "Europe/Paris", required="required"),
        field("Currency", "currency", "EUR", required="required", maxlength=3),
        choice("Plan", "plan", contract.PLANS, "premium"),
        choice("Language of its data", "language", ("en", "fr"), "en"),
        button("Create network", style="primary"),
        style="grid",
    )
    return join([Html("<h1>Networks</h1>"), join(cards) if cards else empty, section("Create a network", create)])


def _card(world: World, network: Network) -> Html:
    counts = world.store.counts(network.id)
    numbers = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items())) or "none yet"
    traits = [network.timezone, network.currency, network.plan.capitalize()]
    traits += ["demo plant"] if network.demo else []
    traits += ["trickle on"] if network.settings.trickle else []
    return Html(
        f'<article class="card"><div><h2><a href="/networks/{network.id}">{text(network.name)}</a></h2>'
        f"{quiet(' · '.join(traits))}</div><dl>"
        f"<dt>API key</dt><dd>{code(network.keys[-1]) if network.keys else 'none'}</dd>"
        f"<dt>Webhooks</dt><dd>{len(network.subscriptions)} of {len(bodies.EVENT_NAMES)} event types</dd>"
        f"<dt>Deliveries</dt><dd>{text(numbers)}</dd></dl></article>"
    )


def network_page(world: World, network: Network) -> Html:
    traits = f"{network.timezone} · {network.currency} · {network.plan.capitalize()}"
    return join(
        [
            Html(f'<p><a href="/">← All networks</a></p><h1>{text(network.name)}</h1>'),
            Html(f'<p class="quiet">Network id {code(network.id)} · {text(traits)}</p>'),
            _keys(network),
            _subscriptions(network),
            _send(network),
            _trickle(network),
            _faults(world, network),
            _settings(network),
            _deliveries(world, network),
            _inside(world, network),
            _post(network, "delete", button("Delete this network and its data", style="danger")),
        ]
    )


def _post(network: Network, action: str, *pieces: Html, style: str = "row") -> Html:
    return form(f"/networks/{network.id}/{action}", *pieces, style=style)


def _keys(network: Network) -> Html:
    rows = [
        (code(key), _post(network, "keys/revoke", hidden("api_key", key), button("Revoke"))) for key in network.keys
    ]
    return section(
        "API keys",
        quiet("Paste a key into the portal to connect this network."),
        table(("Key", ""), rows) if rows else quiet("Every key is revoked."),
        _post(network, "keys", button("Issue one more key")),
    )


def _subscriptions(network: Network) -> Html:
    rows = []
    for event in bodies.EVENT_NAMES:
        known = network.subscriptions.get(event)
        signed = ("signed" if known.secret else "unsigned") if known else "none"
        rows.append((text(event), code(known.url) if known else Html(""), text(signed)))
    boxes = "".join(
        f'<label class="check"><input type="checkbox" name="events" value="{event}" checked> {event}</label>'
        for event in bodies.EVENT_NAMES
    )
    first = next(iter(network.subscriptions.values()), None)
    return section(
        "Webhooks",
        badge("Starter has no webhooks: nothing is sent.", "amber") if network.plan == "starter" else Html(""),
        details(f"{len(network.subscriptions)} of {len(rows)} events have one", table(_WEBHOOKS, rows)),
        _post(
            network,
            "subscriptions",
            field(
                "Address (empty ends the chosen webhooks)",
                "url",
                first.url if first else "",
                wide=True,
                placeholder="http://localhost:8002/hooks/…/",
            ),
            field("Signing secret (optional)", "secret", (first and first.secret) or "", wide=True),
            Html(f'<fieldset class="wide"><legend>For these events</legend>{boxes}</fieldset>'),
            button("Set webhooks", style="primary"),
            style="grid",
        ),
    )


def _send(network: Network) -> Html:
    return section(
        "Send now",
        _post(network, "send", button("Send one of each event", style="primary")),
        _post(network, "send", choice("Event", "event", bodies.EVENT_NAMES), button("Send this event")),
        quiet("Events come from real acts in the invented plant, so one may bring others along."),
    )


def _trickle(network: Network) -> Html:
    settings = network.settings
    return section(
        f"Live trickle: {'on' if settings.trickle else 'off'}",
        _post(
            network,
            "trickle",
            number("Events a minute", "per_minute", settings.trickle_per_minute, step="0.1"),
            button("Switch on", name="on", value="true"),
            button("Switch off", name="on", value="false"),
        ),
    )


def _faults(world: World, network: Network) -> Html:
    faults, held = network.faults, world.store.counts(network.id).get("held", 0)
    return section(
        "Faults",
        _post(
            network,
            "faults",
            choice("The next API calls answer", "call", CALL_FAULTS, faults.call),
            number("Number of calls", "calls", faults.calls),
            number("Seconds (time-outs)", "seconds", faults.seconds, step="0.1"),
            number("Next webhooks unsigned", "unsigned", faults.unsigned),
            number("Next webhooks with a stale time", "stale", faults.stale),
            number("Next webhooks sent twice", "twice", faults.twice),
            number("Next webhooks out of order", "shuffle", faults.shuffle),
            number("Next webhooks held back", "hold_back", faults.hold_back),
            button("Set faults"),
            style="grid",
        ),
        _post(network, "release", button(f"Release what is held back ({held})")),
    )


def _settings(network: Network) -> Html:
    settings = network.settings
    intervals = ", ".join(f"{seconds:g}" for seconds in settings.retry_intervals)
    return section(
        "Settings",
        _post(
            network,
            "settings",
            number("Seconds from a write to its effect", "event_delay", settings.event_delay, step="0.1"),
            field("Seconds before the two repeats", "retry_intervals", intervals),
            number("Webhook time-out, seconds", "call_timeout", settings.call_timeout, step="0.1"),
            choice("Unknown parts in a bulk write", "unknown_parts", UNKNOWN_PARTS, settings.unknown_parts),
            button("Save settings"),
            style="grid",
        ),
    )


def _deliveries(world: World, network: Network) -> Html:
    rows = [_delivery(delivery) for delivery in world.store.recent(network.id, 50)]
    if not rows:
        return section("Last deliveries", quiet("Nothing was sent yet."))
    head = ("Created (UTC)", "Event", "State", "Answers", "Body")
    more = rows[_DELIVERIES:]
    folded = details(f"Show {len(more)} more", table(head, more)) if more else Html("")
    return section("Last deliveries", table(head, rows[:_DELIVERIES]), folded)


def _delivery(delivery: QueuedDelivery) -> tuple[Html, ...]:
    colour = {"delivered": "green", "failed": "red", "held": "amber"}.get(delivery.state, "blue")
    answers = ", ".join(
        str(answer.get("status", answer.get("error"))) + (f" in {answer['ms']:g} ms" if "ms" in answer else "")
        for answer in delivery.answers
    )
    created = datetime.fromtimestamp(delivery.created, UTC).strftime("%Y-%m-%d %H:%M:%S")
    body = text(json.dumps(delivery.body, indent=2, ensure_ascii=False))
    return (
        Html(f'<span class="nowrap">{created}</span>'),
        join([text(delivery.event), *(badge(flag, "amber") for flag in delivery.flags)], " "),
        badge(delivery.state, colour),
        text(answers or "none yet"),
        details("Show", Html(f"<pre>{body}</pre>")),
    )


def _inside(world: World, network: Network) -> Html:
    plant = world.plant(network)
    parts = [
        (
            code(part.reference),
            text(part.name),
            text(f"{part.total:,}"),
            text("" if part.minimum is None else f"{part.minimum:g}"),
        )
        for part in list(plant.parts.values())[:_SHOWN]
    ]
    machines = [
        (code(machine.id), code(machine.code or ""), text(machine.name))
        for machine in list(plant.machines.values())[:_SHOWN]
    ]
    people = [
        (code(person.id), text(f"{person.first_name} {person.last_name}"), text(person.email))
        for person in plant.people.values()
    ]
    places = [(text(place.name),) for place in list(plant.places.values())[:_SHOWN]]
    return section(
        "Inside this network",
        quiet(
            f"{len(plant.parts):,} parts, {len(plant.machines):,} equipments, {len(plant.places):,} locations, "
            f"{len(plant.tasks):,} open tasks. The first of each, to write about in the portal:"
        ),
        details(
            "Parts",
            table(("Reference", "Name", "Stock", "Minimum"), parts, numeric=frozenset((2, 3))),
        ),
        details("Equipments", table(("Id", "Item code", "Name"), machines)),
        details("People", table(("Id", "Name", "E-mail"), people)),
        details("Locations", table(("Name",), places)),
    )
