"""`/v1/prices`: what use costs, now and from when on; published by operators."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from vigil.money.costs.prices.schemas import PriceBookBody, PriceBookList, PriceBookView
from vigil.money.costs.prices.service import PriceBooks
from vigil.web.etags import cacheable
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/v1/prices", tags=["costs"], route_class=IdempotentRoute)


async def current_books(request: Request) -> PriceBooks:
    """Return the service that `bootstrap` put on the app."""
    return cast("PriceBooks", request.app.state.price_books)


Service = Annotated[PriceBooks, Depends(current_books)]


@router.get("", summary="List price books", dependencies=[cacheable(60)], responses=responses(401, 403, 503))
async def page(books: Service, _: Annotated[Principal, requires("costs:read")]) -> PriceBookList:
    """Return every price book by its version. A price never changes: a new book holds from a later hour on."""
    return PriceBookList(items=[PriceBookView.of(book) for book in books.all()])


@router.post("", status_code=201, summary="Publish prices", responses=responses(401, 403, 413, 415))
async def publish(
    books: Service, body: PriceBookBody, _: Annotated[Principal, requires("prices:write")]
) -> PriceBookView:
    """Publish the prices of every meter, valid from a full hour on; what has been used until then costs what it did."""
    return PriceBookView.of(books.publish(body.valid_from, body.ratios()))
