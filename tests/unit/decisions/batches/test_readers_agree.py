"""Scorer, consents, export and erasure agree about the subject of a row, however its id is spelled."""

import csv
import io
import json
from random import Random

import pytest

from tests.support.batch_rows import person_rows_of
from tests.support.fakes.tenant_keys import tenant_key
from tests.unit.decisions.batches.world import GOOD, World
from vigil.decisions.batches.subject_rows import SubjectRows
from vigil.privacy.persons.model import Person

ROWS = 500
"""Random rows per file; two forms give 1,000 spellings."""
IDS = ("P-1", "4711", "a.b:c@d", "X")
UNTIL = "2999-01-01"
KEY = tenant_key("acme")


def escaped(random, text):
    """Return a JSON text in which some characters are escaped."""
    letters = [f"\\u{ord(each):04{random.choice('xX')}}" if random.random() < 0.4 else each for each in text]
    return '"' + "".join(letters) + '"'


def strangers(mine):
    return [f"{mine}1", f"x{mine}", f"{mine}-{mine}", "Q", mine.swapcase() if mine.swapcase() != mine else "q"]


def json_row(random, mine, canary):
    """Return a random JSON row, and True if it names the subject."""
    member, space = escaped(random, "subject_id"), random.choice(["", " ", "\t"])
    features = GOOD | {"age": random.randint(20, 60)}
    whose = mine if (named := random.random() < 0.6) else random.choice(strangers(mine))
    value, kind = escaped(random, whose), random.randrange(10)
    if kind == 0:  # an unknown name, which can be a fact about the person
        features = {canary: 1, mine: 2}
    elif kind == 1:
        features |= {"stage": canary}
    elif kind == 2:
        features |= {"stage": mine, "site": canary}
    elif kind == 3:
        value = json.dumps(random.choice([f" {whose} ", f"{whose}\t", f"\n{whose}"]))
    elif kind == 4 and whose.isdigit():
        value = random.choice([whose, f"{whose}.0", f"{whose}e0", f"{int(whose) / 100}e2"])
    elif kind == 5:
        value = random.choice([f"[{value}]", f'{{"id":{value}}}'])
    parts = [f"{member}{space}:{space}{value}", f'"features":{json.dumps(features)}']
    if kind in (6, 7):
        parts.append(f'"{canary}":1')
    random.shuffle(parts)
    if kind == 8:  # cut short behind the id
        parts.sort(key=lambda part: part.startswith('"features"'))
        return f"{{{space}{parts[0]},{json.dumps(canary)}", named
    return "{" + space + f"{space},{space}".join(parts) + "}", named


def csv_row(random, mine, canary):
    """Return a random CSV row of `stage,subject_id,age`, and True if it names the subject."""
    whose = mine if (named := random.random() < 0.6) else random.choice(strangers(mine))
    cells, kind = ["II", whose, str(random.randint(20, 60))], random.randrange(8)
    if kind == 0:
        cells[0] = canary
    elif kind == 1:
        cells[0] = f"{canary}\n{canary}"
    elif kind == 2:
        cells.append(canary)
    elif kind == 3:
        cells[1] = random.choice([f" {whose}", f"{whose} ", f"\t{whose} "])
    elif kind == 4:
        cells[0] = mine
    text = io.StringIO()
    quoting = random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    csv.writer(text, lineterminator=random.choice(["", "\r"]), quoting=quoting).writerow(cells)
    return (f'II,"{whose[0]}"{whose[1:]},{canary}' if kind == 5 else text.getvalue()), named


def world_of(form, seed, mine):
    """Return a world with a file of random rows, its batch, and the canaries of the person's rows."""
    random, world, lines, canaries = Random(f"{form}{seed}"), World(), [], []
    write = csv_row if form == "csv" else json_row
    for number in range(ROWS // len(IDS)):
        row, named = write(random, mine, canary := f"CANARY{number:04}X")
        lines += [row, *random.choice([[], [""]])]
        canaries += [canary] if named and canary in row else []
    head = "stage,subject_id,age\n" if form == "csv" else ""
    world.withdrawn = set()
    return world, f"{head}{chr(10).join(lines)}\n".encode(), canaries


def erase(rows, person):
    while found := rows.find(person, None).keys:
        while found:
            found = rows.delete(person, found)


@pytest.mark.parametrize("form", ["ndjson", "csv"])
@pytest.mark.parametrize("mine", IDS)
def test_no_value_of_an_erased_row_is_left_in_any_spelling(form, mine):
    world, content, canaries = world_of(form, 7, mine)
    batch = world.upload(content, form)
    world.run()
    assert world.state(batch) == "completed_with_errors"
    before = world.results(batch)
    person, rows = (
        Person("acme", KEY.pseudonym(mine), UNTIL),
        person_rows_of(world.books, world.files, world.clock),
    )
    entries = rows.read(person, None, lambda: 300.0).entries
    told = "".join(json.dumps(entry["row"]) for entry in entries)
    places = [entry["offset"] for entry in entries if "offset" in entry]
    named = "".join(content[place:].split(b"\n")[0].decode("latin-1") for place in places)
    assert [canary for canary in canaries if canary not in told + named] == []
    assert [canary for canary in canaries if canary in named and canary in told] == []
    assert len(canaries) > ROWS / len(IDS) / 5
    answered = [line for line in before if answers(form, line, mine)]
    assert len(answered) > 2

    erase(rows, person)
    left = b"".join(each for versions in world.files.objects.values() for each in versions if each)
    assert [canary for canary in canaries if canary.encode() in left] == []
    after = world.results(batch)
    assert [line for line in after if answers(form, line, mine)] == []
    assert len(after) == len(before)
    kept = [(old, new) for old, new in zip(before, after, strict=True) if answers(form, old)]
    assert all(new == old for old, new in kept if not answers(form, old, mine))
    bad = [new for new in after if not answers(form, new)]
    assert all(
        '"input_hash":null' in line if form == "ndjson" else line.split(",")[1] in {"", "input_hash"} for line in bad
    )
    assert not any("CANARY" in line for line in (*before, *after))


def answers(form, line, subject=None):
    """Return True for the line of an answered row, of any subject or of this one."""
    found = (
        json.loads(line)
        if form == "ndjson"
        else dict(zip(("row", "hash", "subject_id"), line.split(","), strict=False))
    )
    name = found.get("subject_id")
    return bool(name) and name != "subject_id" and subject in {None, name}


@pytest.mark.parametrize("form", ["ndjson", "csv"])
@pytest.mark.parametrize("mine", IDS)
def test_a_withdrawn_consent_holds_in_every_spelling(form, mine):
    world, content, _ = world_of(form, 7, mine)
    free = world.upload(content, form)
    world.run()
    answered = [answers(form, line, mine) for line in world.results(free)]
    bound, _, _ = world_of(form, 7, mine)
    bound.withdrawn = {KEY.pseudonym(mine)}
    batch = bound.upload(content, form)
    bound.run()
    refused = ["has withdrawn the consent" in line for line in bound.results(batch)]
    assert [line for line in bound.results(batch) if answers(form, line, mine)] == []
    assert all(refuses for refuses, answer in zip(refused, answered, strict=True) if answer)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"subject_id":4711}', True),
        ('{"subject_id":4711.0}', True),
        ('{"subject_id":47.11e2}', True),
        ('{"subject_id":"\\u0034711"}', True),
        ('{"subject_id":"4711","subject_id":"7"}', True),
        ('{"subject_id":" 4711 "}', True),
        ('{"subject_id":["4711"]}', True),
        ('{"id":"4711"}', True),
        ('["4711"]', True),
        ('\ufeff{"subject_id":"4711"}', True),
        ('{"subject_id":"\\u00347', False),
        ('{"subject_id":"\\u0034711"', True),
        ('{"subject_id":4711,', True),
        ('{"subject_id":47110}', False),
        ('{"subject_id":4711.5}', False),
        ('{"subject_id":1e999999999}', False),
        ('{"subject_id":"7","features":{"subject_id":"4711"}}', False),
        ('{"subject_id":"47111"}', False),
    ],
)
def test_a_bad_row_names_every_subject_its_id_could_mean(line, named):
    assert (SubjectRows("ndjson", (), "4711".__eq__).match(f"{line}\n".encode()) is not None) is named


def test_an_error_line_of_an_output_names_no_subject():
    line = b'{"row":4711,"input_hash":"4711","errors":[{"field":"row","message":"is bad","bound":"4711"}]}\n'
    assert SubjectRows("ndjson", (), "4711".__eq__, is_output=True).match(line) is None
