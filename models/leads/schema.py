"""Inputs and label of the `leads` model: the facts that a sales team knows on the day of the score."""

from vigil.prediction.engines.contract import Label
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.features.feature_spec import FeatureSpec, with_words

LABEL = Label(
    name="qualification",
    definition="The lead became an opportunity that sales accepted within 90 days after the day of the score.",
    version=1,
    horizon_days=90,
)

SOURCES = ("organic_search", "paid_search", "referral", "event", "partner", "cold_list")
INDUSTRIES = ("software", "manufacturing", "retail", "health", "finance", "public", "other")
REGIONS = ("north", "south", "east", "west", "overseas")
SENIORITIES = ("intern", "specialist", "manager", "director", "executive")
DEPARTMENTS = ("engineering", "operations", "finance", "marketing", "procurement", "other")

_COMPANY = (
    FeatureSpec("industry", "category", "industry", categories=INDUSTRIES),
    FeatureSpec("region", "category", "region", categories=REGIONS, missing="refuse"),
    FeatureSpec("employees", "integer", "employees of the company", "people", 1, 1_000_000, cost=2),
    FeatureSpec("revenue_keur", "number", "yearly revenue", "kEUR", 0, 1e9, other_units={"EUR": 1000}, cost=4),
    FeatureSpec("customers_nearby", "integer", "customers in the same region and industry", "companies", 0, 10_000),
)
_PERSON = (
    FeatureSpec("source", "category", "source of the lead", categories=SOURCES, missing="refuse"),
    FeatureSpec("seniority", "category", "seniority", categories=SENIORITIES, cost=2),
    FeatureSpec("department", "category", "department", categories=DEPARTMENTS, cost=2),
    FeatureSpec("free_email", "boolean", "address at a free mail provider", missing="refuse"),
    FeatureSpec("phone_given", "boolean", "phone number given", missing="refuse"),
    FeatureSpec("budget_keur", "number", "budget named", "kEUR", 0, 1e6, other_units={"EUR": 1000}, cost=8),
)
_HISTORY = (
    FeatureSpec("age_days", "integer", "days since the first contact", "days", 0, 3650, missing="refuse"),
    FeatureSpec("silent_days", "integer", "days since the last sign of interest", "days", 0, 3650),
    FeatureSpec("page_views_30d", "integer", "pages viewed in 30 days", "pages", 0, 10_000),
    FeatureSpec("pricing_views_30d", "integer", "views of the prices in 30 days", "pages", 0, 1000),
    FeatureSpec("emails_opened_30d", "integer", "emails opened in 30 days", "emails", 0, 300),
    FeatureSpec("emails_clicked_30d", "integer", "emails with a followed link in 30 days", "emails", 0, 300),
    FeatureSpec("webinar_minutes_90d", "number", "webinars in 90 days", "min", 0, 5000, other_units={"s": 60}),
    FeatureSpec("trial_days_30d", "integer", "days on which the trial was used in 30 days", "days", 0, 30),
    FeatureSpec("calls_answered_90d", "integer", "calls answered in 90 days", "calls", 0, 200, missing="refuse"),
    FeatureSpec("meetings_90d", "integer", "meetings in 90 days", "meetings", 0, 100, missing="refuse"),
    FeatureSpec("demo_requested", "boolean", "demonstration requested", missing="refuse"),
)

_SINGULARS = {
    "calls": "call",
    "companies": "company",
    "days": "day",
    "emails": "email",
    "meetings": "meeting",
    "pages": "page",
    "people": "person",
}
_LABELS = {
    "industry": {"public": "public sector"},
    "source": {
        "organic_search": "unpaid result of a search engine",
        "paid_search": "advertisement of a search engine",
        "cold_list": "bought list of addresses",
    },
}
"""Words for people by level, for the levels that are not words themselves."""

SPECS: tuple[FeatureSpec, ...] = with_words((*_COMPANY, *_PERSON, *_HISTORY), _SINGULARS, _LABELS)
GROUPS = (GroupAttribute("company_size", ("small", "medium", "large"), source="employees", cuts=(50.0, 1000.0)),)
"""Companies by employees: small ones must not wait longer than their chance of a purchase justifies."""
