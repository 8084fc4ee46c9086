"""`/v1/prices`: price books, listed for tenants and published by operators."""

from typing import Annotated

from fastapi import APIRouter

from vigil.money.costs.prices.schemas import PriceBookBody, PriceBookList, PriceBookView
from vigil.money.costs.prices.service import PriceBooks
from vigil.web.app_state import from_app
from vigil.web.etags import cacheable
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/prices", tags=["prices"], route_class=IdempotentRoute)
Service = Annotated[PriceBooks, from_app("price_books")]


@router.get(
    "",
    name="list",
    summary="List price books",
    dependencies=[cacheable(60)],
    responses=responses(401, 403, 503),
)
async def list_price_books(books: Service, _: Annotated[Principal, requires("costs:read")]) -> PriceBookList:
    """Return every price book in order of versions. A price never changes; a new book is valid from a later hour."""
    return PriceBookList(items=[PriceBookView.from_book(book) for book in books.list_books()])


@router.post("", name="create", status_code=201, summary="Publish prices", responses=responses(401, 403, 413, 415))
async def publish_prices(
    books: Service, body: PriceBookBody, _: Annotated[Principal, requires("prices:write")]
) -> PriceBookView:
    """Publish the prices of every meter, valid from a full hour. Earlier usage keeps its old price."""
    return PriceBookView.from_book(books.publish(body.valid_from, body.ratios()))
