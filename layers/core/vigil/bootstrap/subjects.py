"""Wiring of the rights of persons: consents, exports, erasures."""

from functools import partial
from typing import TYPE_CHECKING

from vigil.bootstrap import access, process

if TYPE_CHECKING:
    from vigil.batches.persons import PersonRows
    from vigil.outcomes.persons.store import PersonOutcomes
    from vigil.scoring.persons.store import PersonDecisions
    from vigil.subjects.consents.store import DynamoConsents
    from vigil.subjects.erasures.store import DynamoCases
    from vigil.subjects.ports import Store
    from vigil.subjects.store import SubjectTable
    from vigil.tenancy.offboarding.ports import Erasable
    from vigil.tenancy.offboarding.service import Eraser


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of persons."""
    from vigil.subjects import routes
    from vigil.subjects.service import Subjects
    from vigil.tenancy.tenants import Change

    stores: dict[str, Store] = {
        "consents": consents(),
        "decisions": _decisions(),
        "outcomes": _outcomes(),
        "batch_rows": _batch_rows(),
        "certificates": _cases(),
    }
    keeps_consents = partial(access.tenants().change, change=Change(settings={"consents": True}))
    subjects = Subjects(consents(), _cases(), stores, keeps_consents, process.now)
    return process.api([routes.router], subjects=subjects, cursors=process.cursors(), claims=process.claims())


@process.once
def erase() -> process.Handler:
    """Return the Lambda entry of the erasure of persons."""
    from vigil.tenancy.offboarding.schedule import Erasing

    return process.telemetry().wrap(Erasing(eraser(), process.telemetry(), "subjects").handle)


def eraser() -> "Eraser":
    """Return the service that erases what is kept of persons."""
    from vigil.bootstrap import tenancy
    from vigil.tenancy.offboarding.service import Eraser

    config = process.settings()
    stores: dict[str, Erasable] = {
        "decisions": _decisions(),
        "outcomes": _outcomes(),
        "consents": consents(),
        "batches": _batch_rows(),
    }
    return Eraser(_cases(), stores, tenancy.seal(), config.stage, process.now, config.offboarding_pause)


@process.once
def consents() -> "DynamoConsents":
    """Return what persons declared."""
    from vigil.subjects.consents.store import DynamoConsents

    return DynamoConsents(_table())


def _cases() -> "DynamoCases":
    from vigil.subjects.erasures.store import DynamoCases

    return DynamoCases(_table(), _decisions().unlink)


def _decisions() -> "PersonDecisions":
    from vigil.scoring.model import iso
    from vigil.scoring.persons.store import PersonDecisions

    table = process.settings().decisions_table
    return PersonDecisions(process.client("dynamodb"), table, lambda: iso(process.now()))


def _outcomes() -> "PersonOutcomes":
    from vigil.outcomes.persons.store import PersonOutcomes

    return PersonOutcomes(process.client("dynamodb"), process.settings().outcomes_table, _decisions().ids)


def _batch_rows() -> "PersonRows":
    from vigil.batches.persons import PersonRows
    from vigil.bootstrap import batches

    return PersonRows(batches.books(), batches.files())


@process.once
def _table() -> "SubjectTable":
    from vigil.subjects.store import SubjectTable

    return SubjectTable(process.client("dynamodb"), process.settings().subjects_table)
