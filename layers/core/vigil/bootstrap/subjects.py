"""Wiring of the rights of persons: consents, exports, erasures."""

from functools import partial
from typing import TYPE_CHECKING

from vigil.bootstrap import access, process

if TYPE_CHECKING:
    from vigil.decisions.batches.persons_store import PersonRows
    from vigil.decisions.outcomes.persons_store import PersonOutcomes
    from vigil.decisions.scoring.persons_store import PersonDecisions
    from vigil.privacy.erasure.ports import ErasableStore
    from vigil.privacy.erasure.service import Eraser
    from vigil.privacy.persons.consents_store import DynamoConsents
    from vigil.privacy.persons.erasures_store import DynamoPersonErasures
    from vigil.privacy.persons.ports import PersonStore
    from vigil.privacy.persons.store import PersonTable


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of persons."""
    from vigil.access.tenants.service import TenantChange
    from vigil.privacy.persons import routes
    from vigil.privacy.persons.service import PersonRights

    stores: dict[str, PersonStore] = {
        "consents": consents(),
        "decisions": _decisions(),
        "outcomes": _outcomes(),
        "batch_rows": _batch_rows(),
        "certificates": _cases(),
    }
    keeps_consents = partial(access.tenants().change, change=TenantChange(settings={"consents": True}))
    subjects = PersonRights(consents(), _cases(), stores, keeps_consents, process.now)
    return process.api([routes.router], subjects=subjects, cursors=process.cursors(), claims=process.claims())


@process.once
def erase() -> process.Handler:
    """Return the Lambda entry of the erasure of persons."""
    from vigil.privacy.erasure.schedule import ErasureSchedule

    return process.telemetry().wrap(ErasureSchedule(eraser(), process.telemetry(), "subjects").handle)


def eraser() -> "Eraser":
    """Return the service that erases what is kept of persons."""
    from vigil.bootstrap import tenancy
    from vigil.privacy.erasure.service import Eraser

    config = process.settings()
    stores: dict[str, ErasableStore] = {
        "decisions": _decisions(),
        "outcomes": _outcomes(),
        "consents": consents(),
        "batches": _batch_rows(),
    }
    return Eraser(_cases(), stores, tenancy.seal(), config.stage, process.now, config.offboarding_pause)


@process.once
def consents() -> "DynamoConsents":
    """Return what persons declared."""
    from vigil.privacy.persons.consents_store import DynamoConsents

    return DynamoConsents(_table())


def _cases() -> "DynamoPersonErasures":
    from vigil.privacy.persons.erasures_store import DynamoPersonErasures

    return DynamoPersonErasures(_table(), _decisions().unlink)


def _decisions() -> "PersonDecisions":
    from vigil.decisions.scoring.persons_store import PersonDecisions
    from vigil.kernel.time import format_timestamp

    table = process.settings().decisions_table
    return PersonDecisions(process.client("dynamodb"), table, lambda: format_timestamp(process.now()))


def _outcomes() -> "PersonOutcomes":
    from vigil.decisions.outcomes.persons_store import PersonOutcomes

    return PersonOutcomes(process.client("dynamodb"), process.settings().outcomes_table, _decisions().decision_ids)


def _batch_rows() -> "PersonRows":
    from vigil.bootstrap import batches
    from vigil.decisions.batches.persons_store import PersonRows

    return PersonRows(batches.books(), batches.files())


@process.once
def _table() -> "PersonTable":
    from vigil.privacy.persons.store import PersonTable

    return PersonTable(process.client("dynamodb"), process.settings().subjects_table)
