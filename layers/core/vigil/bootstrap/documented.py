"""The routes behind the one address, for its OpenAPI document."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> "list[APIRouter]":
    """Return the routers of the other functions behind the same address; only the OpenAPI document needs them."""
    from vigil.access.flags import routes as flags_routes
    from vigil.access.keys import routes as keys_routes
    from vigil.access.tenants import routes as tenants_routes
    from vigil.access.tokens import oauth_routes as session_routes
    from vigil.access.tokens import signing_keys_routes as token_routes
    from vigil.decisions.batches import routes as batches_routes
    from vigil.decisions.outcomes import routes as outcomes_routes
    from vigil.money.budgets import routes as budgets_routes
    from vigil.money.costs import routes as costs_routes
    from vigil.money.costs.prices import routes as prices_routes
    from vigil.money.forecasting import routes as forecasting_routes
    from vigil.money.usage import routes as metering_routes
    from vigil.money.usage.events import routes as usage_events_routes
    from vigil.operations.dead_letters import routes as dead_letters_routes
    from vigil.prediction.trials import routes as lifecycle_routes
    from vigil.privacy.erasure import routes as offboarding_routes
    from vigil.privacy.persons import routes as subjects_routes

    batches = [batches_routes.router, dead_letters_routes.router]
    tenancy = [tenants_routes.router, keys_routes.router, offboarding_routes.router]
    others = [flags_routes.router, lifecycle_routes.router, outcomes_routes.router, subjects_routes.router]
    money = [metering_routes.router, usage_events_routes.router, costs_routes.router, prices_routes.router]
    money += [budgets_routes.router, forecasting_routes.router]
    tokens = [session_routes.router, token_routes.router]
    return [*others, *batches, *money, *tenancy, *tokens]
