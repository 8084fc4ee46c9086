"""`vigil demo`: a tour of the service over HTTP, with API keys and rows that no model was trained on."""

import csv
import json
import shlex
import time
from collections.abc import Iterable
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer
from rich.bar import Bar
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from cli import deployment
from cli.answers import readable, render_answer, render_heading
from cli.api import Key, connect, connect_second_tenant, format_field_error, open_download, request_json, send
from cli.costs import load_costs
from cli.demo_alerts import acknowledge_page, paged
from cli.demo_monitoring import has_packages, show_simulations
from cli.pager import Pager
from cli.svg import save_svg
from cli.tables import TableConsole
from models import recipe

SEED = 7
"""Seed of the rows, another one than that of the training."""
BATCH_ROWS = 300
"""Rows of the batch; the last one has no features."""
FILE_ROWS = 1_000
"""Rows of the CSV file that the demo writes for `vigil batch submit`."""
BATCH_SECONDS = 60
"""Maximum time to wait for the end of the batch, in seconds."""
USAGE_SECONDS = 20
"""Maximum time to wait until all predictions are counted, in seconds."""
SVG_WIDTH = 104
"""Width of the picture, in characters."""
REASONS = 2
"""Reasons shown per score."""
Body = dict[str, Any]
Answer = dict[str, Any]


def demo_command(
    rows: Annotated[int, typer.Option(min=1, max=50, help="Rows to score with each model")] = 2,
    svg: Annotated[Path | None, typer.Option(dir_okay=False, help="SVG picture of the output to write")] = None,
    key: Key = None,
) -> None:
    """Show a tour: scores with reasons, exactly-once requests, errors, a batch, a page, isolation, costs, a drift."""
    out = TableConsole(record=True, width=SVG_WIDTH) if svg else TableConsole()
    with connect(key) as client:
        bodies = _tour(client, rows, out)
        if svg:
            save_svg(out, svg, "vigil demo")
        shortest = _shortest(bodies)
        _show_next_steps(client, shortest, TableConsole())


def _tour(client: httpx.Client, rows: int, out: Console) -> list[Body]:
    """Print every step of the tour; return the bodies of the score requests."""
    other = connect_second_tenant(client)
    if other is None:
        return _steps(client, rows, out, None, None)
    with other, paged(client) as pager:
        return _steps(client, rows, out, other, pager)


def _steps(
    client: httpx.Client, rows: int, out: Console, other: httpx.Client | None, pager: Pager | None
) -> list[Body]:
    """Print every step; those that need another tenant or the pager only with it."""
    counted, bodies = _count_predictions(client), list[Body]()
    _print_heading(out, 1, "Scores", "a probability, a decision and its main reasons, for rows unknown to the models")
    for name in recipe.recipe_names():
        samples = _mix_labels(recipe.load_recipe(name).samples(SEED, 10 * rows), rows)
        labels = [sample.pop("_label") for sample in samples]
        requests = [{"model": name, **sample, "explain": True} for sample in samples]
        answers = [request_json(client, "POST", "/v1/scores", json=body) for body in requests]
        out.print(_model_scores(client, name, answers, labels), crop=False)
        bodies += requests
    shortest = _shortest(bodies)
    _print_heading(out, 2, "Exactly once", "one request, sent twice with the same Idempotency-Key")
    out.print(_replay(client, shortest))
    _print_heading(out, 3, "Clear errors", "a request with a value that is not allowed and an unknown field")
    out.print(_mistake(client, shortest))
    _print_heading(out, 4, "Batches", f"{BATCH_ROWS} rows at once, the last one without its features")
    out.print(_batch(client, shortest))
    if pager:
        _print_heading(out, 5, "Alerts", "a decision with high risk pages somebody, who acknowledges")
        out.print(acknowledge_page(client, pager))
    if other:
        _print_heading(out, 6, "Isolated tenants", "another tenant requests a decision of the first one")
        out.print(_other_tenant(other, answers[0]["decision_id"], shortest))
    _print_heading(out, 7, "Costs", "of this tenant in this month, at the prices of the service")
    out.print(_costs(client, counted + len(bodies) + 1 + BATCH_ROWS - 1))
    if has_packages():
        _print_heading(out, 8, "Monitoring", "simulated months of production; in one of them, supplies become longer")
        out.print(*show_simulations(), sep="\n")
    return bodies


def _show_next_steps(client: httpx.Client, body: Body, out: Console) -> None:
    """Write a request, a script that sends it, and a CSV file to try; print how to continue."""
    api_url = str(client.base_url).rstrip("/")
    command = format_curl(api_url, client.headers["Authorization"], body)
    script, request, rows = (deployment.state_folder() / name for name in ("score.sh", "score.json", "rows.csv"))
    script.touch(mode=0o700)
    script.write_text(command + "\n")
    request.write_text(json.dumps(body, indent=2) + "\n")
    _write_rows(rows, body["model"])
    _print_next(out, "\nSend a request yourself", (f"(sh {script} runs this command)", "dim"))
    out.print(command, soft_wrap=True, highlight=False)
    _print_next(out, "\nRead its answer in words", f" .venv/bin/vigil score {request}")
    submit = f".venv/bin/vigil batch submit {rows} --model {body['model']} --wait"
    _print_next(out, f"\nScore a file of {FILE_ROWS:,} rows", f" {submit}")
    _print_next(out, "Try every endpoint", f" {api_url}/docs")


def _print_next(out: Console, title: str, text: str | tuple[str, str]) -> None:
    out.print(Text.assemble((title, "bold"), " ", text), soft_wrap=True)


def format_curl(api_url: str, authorization: str, body: Body) -> str:
    """Return the shell command that sends one score request."""
    headers = f"Authorization: {authorization}", "Content-Type: application/json", f"Idempotency-Key: {uuid4()}"
    options = "".join(f" -H {shlex.quote(header)}" for header in headers)
    return f"curl -s {api_url}/v1/scores{options} -d {shlex.quote(json.dumps(body))}"


def _write_rows(file: Path, name: str) -> None:
    """Write held-out rows of a model as a CSV file for a batch."""
    samples = list(recipe.load_recipe(name).samples(SEED, FILE_ROWS))
    columns = list(samples[0]["features"])
    with file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["subject_id", *columns])
        rows.writerows([sample["subject_id"], *map(sample["features"].get, columns)] for sample in samples)


def _shortest(bodies: list[Body]) -> Body:
    return min((body for body in bodies if "features" in body), key=lambda body: len(json.dumps(body)))


def _mix_labels(samples: Iterable[Body], count: int) -> list[Body]:
    """Return `count` samples that alternate between the labels, a positive one first."""
    by_label: dict[Any, list[Body]] = {}
    for sample in samples:
        by_label.setdefault(sample["_label"], []).append(dict(sample))
    positive_first = sorted(by_label, key=lambda label: label != 1)
    turns = chain.from_iterable(zip_longest(*(by_label[label] for label in positive_first)))
    return list(islice((sample for sample in turns if sample), count))


def _print_heading(out: Console, number: int, title: str, text: str) -> None:
    out.print(Text.assemble(f"\n{number}. ", (title, "bold"), (f": {text}", "dim")))


def _model_scores(client: httpx.Client, name: str, answers: list[Answer], labels: list[Any]) -> Group:
    model = request_json(client, "GET", f"/v1/models/{name}")
    bands = [band["name"] for band in model["bands"]]
    truths = (f"(truth: {'unknown' if label is None else 'yes' if label else 'no'})" for label in labels)
    scores = (render_answer(answer, bands, REASONS, truth) for answer, truth in zip(answers, truths, strict=True))
    return Group(render_heading(answers[0], model["label"]["name"]), *scores)


def _replay(client: httpx.Client, body: Body) -> str:
    headers = {"Idempotency-Key": f"demo-{uuid4()}"}
    first, second = (send(client, "POST", "/v1/scores", json=body, headers=headers) for _ in range(2))
    same = "identical bytes" if first.content == second.content else "DIFFERENT BYTES"
    replayed = second.headers.get("Idempotency-Replayed")
    return (
        f"   Status {first.status_code}, then {second.status_code} with Idempotency-Replayed: {replayed}.\n"
        f"   Both answers: {same}, one decision."
    )


def _mistake(client: httpx.Client, body: Body) -> Text:
    wrong = {next(iter(body["features"])): 1e9, "colour": "blue"}
    response = send(client, "POST", "/v1/scores", json=body | {"features": body["features"] | wrong})
    problem = response.json()
    lines = [f"   Status {response.status_code}: {problem['title']}"]
    lines += [f"     {format_field_error(**error)}" for error in problem["errors"]]
    return Text("\n".join(lines))


def _batch(client: httpx.Client, body: Body) -> Text:
    """Score a batch whose last row is invalid; return its state and its errors."""
    rows = [{"features": body["features"], "subject_id": f"row-{number}"} for number in range(1, BATCH_ROWS)]
    rows.append({"subject_id": f"row-{BATCH_ROWS}"})
    began = time.monotonic()
    batch = request_json(client, "POST", "/v1/batches", json={"model": body["model"], "rows": rows})
    path = f"/v1/batches/{batch['batch_id']}"
    while batch["ended_at"] is None and time.monotonic() - began < BATCH_SECONDS:
        time.sleep(0.2)
        batch = request_json(client, "GET", path)
    counts = batch["rows"]
    text = f"   {readable(batch['state'])} after {time.monotonic() - began:.1f} s: "
    text += f"{counts['done'] - counts['failed']} rows scored, {counts['failed']} failed"
    if batch["ended_at"]:
        with open_download(request_json(client, "GET", f"{path}/errors")["url"]) as response:
            failed = [json.loads(line) for line in response.read().splitlines()]
        text += "".join(f"\n     row {row['row']}: {format_field_error(**row['errors'][0])}" for row in failed)
    return Text(text)


def _other_tenant(other: httpx.Client, decision_id: str, body: Body) -> str:
    """Request a decision of another tenant and an unknown one, then score a row; return the results as text."""
    foreign, unknown = (
        send(other, "GET", f"/v1/scores/{name}") for name in (decision_id, f"{decision_id[:-8]}{uuid4().hex[:8]}")
    )
    same = all(foreign.json()[part] == unknown.json()[part] for part in ("type", "title", "status", "detail"))
    comparison = "the same answer as" if same else "ANOTHER ANSWER than"
    scored = send(other, "POST", "/v1/scores", json=body)
    usage = request_json(other, "GET", "/v1/usage")
    quota = usage["quota"]
    return (
        f"   {usage['tenant_id']} gets status {foreign.status_code}, {comparison} for an id that does not exist.\n"
        f"   Its own score: status {scored.status_code}; {quota['left']:,} of {quota['limit']:,} predictions are left "
        f"until {quota['resets_at'][:10]}."
    )


def _costs(client: httpx.Client, predictions: int) -> Group:
    """Return the costs of the month by category, after a wait until this many predictions are counted."""
    began = time.monotonic()
    while _count_predictions(client) < predictions and time.monotonic() - began < USAGE_SECONDS:
        time.sleep(0.5)
    costs = load_costs(client, group_by="category")
    largest = max((row["micros"] for row in costs["items"]), default=1)
    table = Table.grid(padding=(0, 2))
    for row in costs["items"]:
        bar = Bar(max(largest, 1), 0, max(row["micros"], 0), width=30)
        table.add_row(" ", readable(row["category"]), f"{row['micros'] / 1e6:.4f} USD", bar)
    table.add_row(" ", "total", f"{costs['total_micros'] / 1e6:.4f} USD", "", style="bold")
    delays = "   API calls are counted five minutes later, stored files after each hour."
    return Group(table, Text(delays, style="dim"))


def _count_predictions(client: httpx.Client) -> int:
    return int(request_json(client, "GET", "/v1/usage")["total"]["predictions"])
