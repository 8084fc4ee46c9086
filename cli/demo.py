"""`vigil demo`: held-out rows scored over HTTP, through API Gateway and the authorizer, as a client would."""

import csv
import json
import shlex
import time
from collections.abc import Iterable, Mapping
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer
from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli import deployment
from cli.api import Key, call, connect, neighbour
from cli.costs import bars, pages
from models import recipe

SEED = 7
BATCH_ROWS = 300
FILE_ROWS = 1_000
BATCH_SECONDS = 60
COUNTED_SECONDS = 20
out = Console()
_JSON = "Content-Type: application/json"
Body = dict[str, Any]
Answer = dict[str, Any]


def demo_command(
    rows: Annotated[int, typer.Option(min=1, max=50, help="Rows of each model")] = 4, key: Key = None
) -> None:
    """Score held-out rows of every model, prove a replay, keep tenants apart, say what it cost, and how to go on."""
    with connect(key) as client:
        before, bodies = _predictions(client), []
        for name in recipe.recipe_names():
            samples = _mixed(recipe.load_recipe(name).samples(SEED, 10 * rows), rows)
            labels = [sample.pop("_label") for sample in samples]
            bodies += (asked := [{"model": name, **sample, "explain": True} for sample in samples])
            answers = [call(client, "POST", "/v1/scores", json=body) for body in asked]
            out.print(_answers(client, name, answers, labels))
        shortest = min((body for body in bodies if "features" in body), key=lambda body: len(json.dumps(body)))
        out.print(_replay(client, shortest))
        out.print(_mistake(client, shortest))
        out.print(_batch(client, shortest))
        if other := neighbour(client):
            with other:
                out.print(_apart(other, answers[0]["decision_id"], shortest))
        out.print(_spent(client, before + len(bodies) + 1 + BATCH_ROWS - 1))
    api_url = str(client.base_url).rstrip("/")
    command = curl(api_url, client.headers["Authorization"], shortest)
    script = deployment.home() / "score.sh"
    script.touch(mode=0o700)
    script.write_text(command + "\n")
    _file(deployment.home() / "rows.csv", shortest["model"])
    out.print(f"\n[bold]Once more, by hand[/] [dim](also in {script})[/]")
    out.print(command, soft_wrap=True, highlight=False, markup=False)
    out.print(f"\n[bold]Every endpoint, to try out[/]  {api_url}/docs", soft_wrap=True)


def curl(api_url: str, credential: str, body: Body) -> str:
    """Return the command line that sends one score request."""
    sent = f"Authorization: {credential}", _JSON, f"Idempotency-Key: {uuid4()}"
    headers = "".join(f" -H {shlex.quote(header)}" for header in sent)
    return f"curl -s {api_url}/v1/scores{headers} -d {shlex.quote(json.dumps(body))}"


def _file(file: Path, name: str) -> None:
    """Write held-out rows of a model as a batch takes them."""
    samples = list(recipe.load_recipe(name).samples(SEED, FILE_ROWS))
    columns = list(samples[0]["features"])
    with file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["subject_id", *columns])
        rows.writerows([sample["subject_id"], *map(sample["features"].get, columns)] for sample in samples)


def _mixed(samples: Iterable[Body], count: int) -> list[Body]:
    """Return the first samples of every label in turn, as far as there are any."""
    by_label: dict[Any, list[Body]] = {}
    for sample in samples:
        by_label.setdefault(sample["_label"], []).append(dict(sample))
    turns = chain.from_iterable(zip_longest(*by_label.values()))
    return list(islice((sample for sample in turns if sample), count))


def _answers(client: httpx.Client, name: str, answers: list[Answer], labels: list[Any]) -> Group:
    model = call(client, "GET", f"/v1/models/{name}")
    bands = [band["name"] for band in model["bands"]]
    version, digest = answers[0]["model"]["version"], answers[0]["model"]["digest"]
    head = Text.assemble(("\n" + name, "bold"), f" version {version}  ", (digest[:23] + "…", "dim"))
    rows = (_answer(answer, label, bands) for answer, label in zip(answers, labels, strict=True))
    return Group(head, Text(model["label"]["definition"], style="dim"), *rows)


def _answer(answer: Answer, label: Any, bands: list[str]) -> Group:
    colour = _colour(answer["band"], bands)
    line = Table.grid(padding=(0, 2))
    line.add_row(
        Text(answer["subject_id"], style="bold"),
        Bar(1.0, 0, answer["probability"] or 0.0, width=20, color=colour),
        "unknown" if answer["probability"] is None else f"{answer['probability']:.3f}",
        Text(answer["band"], style=colour),
        "→ " + answer["decision"].replace("_", " "),
        Text(f"(truth: {label})", style="dim"),
    )
    reasons = (_reason(reason) for reason in (answer["explanation"] or [])[:3])
    return Group("", line, _votes(answer["engines"], bands), *_abstention(answer["abstention"]), *reasons)


def _votes(engines: list[Body], bands: list[str]) -> Text:
    signs = {"positive": ("▲", "red"), "negative": ("▼", "green"), "abstain": ("·", "dim")}
    line = Text("   ", overflow="ellipsis", no_wrap=True)
    for engine in engines:
        sign, style = signs[engine["vote"]]
        chance = "" if engine["probability"] is None else f" {engine['probability']:.2f}"
        veto = f" at least {engine['veto']}" if engine["veto"] else ""
        line.append(f"{sign} {engine['name']}{chance}", style).append(veto, _colour(engine["veto"], bands)).append("  ")
    return line


def _abstention(abstention: Body | None) -> Iterable[Text]:
    if abstention:
        why = ", ".join(abstention["reasons"]).replace("_", " ")
        fact = abstention["missing_fact"]
        help_ = f"; knowing the {fact['label']} would most likely resolve it" if fact else ""
        yield Text(f"   no decision: {why}{help_}", style="yellow", overflow="ellipsis", no_wrap=True)


def _reason(reason: Mapping[str, Any]) -> Text:
    arrow, style = ("▲", "red") if reason["contribution"] > 0 else ("▼", "green")
    fact = reason["text"].split(";")[0]
    return Text.assemble(
        "   ", (f"{arrow} {reason['contribution']:+.2f}", style), "  ", fact, no_wrap=True, overflow="ellipsis"
    )


def _colour(band: str | None, bands: list[str]) -> str:
    if band not in bands:
        return "yellow"
    rank = bands.index(band) / max(1, len(bands) - 1)
    return "green" if rank == 0 else "red" if rank == 1 else "yellow"


def _replay(client: httpx.Client, body: Body) -> Panel:
    key = f"demo-{uuid4()}"
    headers = {"Idempotency-Key": key}
    first, second = (client.post("/v1/scores", json=body, headers=headers) for _ in range(2))
    same = "the same bytes" if first.content == second.content else "OTHER BYTES"
    replayed = second.headers.get("Idempotency-Replayed")
    return _panel(
        "exactly once",
        f"Sent twice with Idempotency-Key [bold]{key}[/]: answered {first.status_code}, then {second.status_code} with "
        f"Idempotency-Replayed: {replayed}, {same}, one decision: {second.json()['decision_id']}",
    )


def _batch(client: httpx.Client, body: Body) -> Panel:
    """Score a few hundred rows, the last of them bad, as one batch."""
    row = {"features": body["features"]}
    rows = [row | {"subject_id": f"row-{number}"} for number in range(1, BATCH_ROWS)]
    rows.append({"subject_id": f"row-{BATCH_ROWS}"})
    began = time.monotonic()
    batch = call(client, "POST", "/v1/batches", json={"model": body["model"], "rows": rows})
    address = f"/v1/batches/{batch['batch_id']}"
    while batch["ended_at"] is None and time.monotonic() - began < BATCH_SECONDS:
        time.sleep(0.2)
        batch = call(client, "GET", address)
    told = f"{batch['rows']['total']} rows: [bold]{batch['state']}[/] after {time.monotonic() - began:.1f} s"
    if batch["ended_at"]:
        url = call(client, "GET", f"{address}/errors")["url"]
        told += "\n" + httpx.get(url, trust_env=False).text.strip()
    return _panel("many at once", told)


def _apart(other: httpx.Client, decision_id: str, body: Body) -> Panel:
    """Have another tenant ask for a decision that is not its own, and score something itself."""
    foreign, nobodys = (
        other.get(f"/v1/scores/{name}") for name in (decision_id, f"{decision_id[:-8]}{uuid4().hex[:8]}")
    )
    same = all(foreign.json()[part] == nobodys.json()[part] for part in ("type", "title", "status", "detail"))
    as_if = "the same as for an id that nobody has" if same else "OTHER WORDS than for an id that nobody has"
    scored = other.post("/v1/scores", json=body)
    usage = call(other, "GET", "/v1/usage")
    quota, tenant = usage["quota"], usage["tenant_id"]
    left = f"{quota['left']:,} of {quota['limit']:,} predictions are left until {quota['resets_at'][:10]}"
    return _panel(
        "tenants apart, limits that are true",
        f"[bold]{tenant}[/] asks for that decision: {foreign.status_code} {foreign.json()['title']}, {as_if}.\n"
        f"It scores a row of its own: {scored.status_code}, {left}.\nRateLimit: {scored.headers['RateLimit']}",
    )


def _spent(client: httpx.Client, predictions: int) -> Table:
    """Return what the month costs by now, once so many predictions are counted."""
    began = time.monotonic()
    while _predictions(client) < predictions and time.monotonic() - began < COUNTED_SECONDS:
        time.sleep(0.5)
    return bars(pages(client, group_by="category"), "category")


def _predictions(client: httpx.Client) -> int:
    return int(call(client, "GET", "/v1/usage")["total"]["predictions"])


def _mistake(client: httpx.Client, body: Body) -> Panel:
    wrong = {next(iter(body["features"])): 1e9, "colour": "blue"}
    response = client.post("/v1/scores", json=body | {"features": body["features"] | wrong})
    title = f"a mistake, answered {response.status_code} {response.headers['content-type']}"
    return _panel(title, Text(json.dumps(response.json(), indent=2)))


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, title_align="left")
