"""The routes behind the one address, for its OpenAPI document."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> "list[APIRouter]":
    """Return the routers of the other functions behind the same address; only the OpenAPI document needs them."""
    from vigil.batches import routes as batches_routes
    from vigil.budgets import routes as budgets_routes
    from vigil.costs import routes as costs_routes
    from vigil.costs.prices import routes as prices_routes
    from vigil.deadletters import routes as dead_letters_routes
    from vigil.flags import routes as flags_routes
    from vigil.forecasting import routes as forecasting_routes
    from vigil.lifecycle import routes as lifecycle_routes
    from vigil.metering import routes as metering_routes
    from vigil.metering.events import routes as usage_events_routes
    from vigil.outcomes import routes as outcomes_routes
    from vigil.sessions import routes as session_routes
    from vigil.subjects import routes as subjects_routes
    from vigil.tenancy import routes as tenants_routes
    from vigil.tenancy.keys import routes as keys_routes
    from vigil.tenancy.offboarding import routes as offboarding_routes
    from vigil.tokens import routes as token_routes

    batches = [batches_routes.router, dead_letters_routes.router]
    tenancy = [tenants_routes.router, keys_routes.router, offboarding_routes.router]
    others = [flags_routes.router, lifecycle_routes.router, outcomes_routes.router, subjects_routes.router]
    money = [metering_routes.router, usage_events_routes.router, costs_routes.router, prices_routes.router]
    money += [budgets_routes.router, forecasting_routes.router]
    tokens = [session_routes.router, token_routes.router]
    return [*others, *batches, *money, *tenancy, *tokens]
