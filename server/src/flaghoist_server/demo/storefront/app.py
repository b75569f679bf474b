"""The storefront's pages and its checkout, on Litestar; four flags decide what a visitor gets.

This is how an application uses Flaghoist: it asks `flags.is_enabled(key, who)` where it matters,
in the middle of a request, and goes on. There is nothing to await and nothing that can fail.

Each answer names in `x-served` what was served, which is what the demo's screen counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol

from litestar import Litestar, get, post
from litestar.contrib.jinja import JinjaTemplateEngine
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.response import Template
from litestar.template import TemplateConfig

from flaghoist_server.demo.storefront.catalogue import CATALOGUE, Product, recommended

__all__ = ["Switches", "make_app"]

HERE = Path(__file__).parent
CLASSIC_STEPS = ("Address", "Delivery", "Payment", "Review")

Visitor = Annotated[str, Parameter(query="user", max_length=100)]


class Switches(Protocol):
    """All that the storefront wants of flags: `flaghoist.flags` is one."""

    def is_enabled(self, key: str, context: str, default: bool = False) -> bool:
        """Whether this visitor gets it."""


def make_app(flags: Switches, process: str) -> Litestar:
    """The storefront, deciding by `flags`."""

    @get("/", sync_to_thread=False)
    def shop(user: Visitor = "you") -> Template:
        """The shop's window."""
        sharp = flags.is_enabled("image-pipeline-v2", user)
        suggestions = recommended(user) if flags.is_enabled("recommendations", user) else ()
        served = {"pictures": "v2" if sharp else "v1", "suggestions": len(suggestions)}
        return _page("shop.html", user, served, products=CATALOGUE, suggestions=suggestions)

    @get("/checkout", sync_to_thread=False)
    def checkout(user: Visitor = "you") -> Template:
        """The way to pay: one page for those who have the flag, four steps for the others."""
        one_page = flags.is_enabled("new-checkout", user)
        steps = ("One page",) if one_page else CLASSIC_STEPS
        return _page("checkout.html", user, {"checkout": _name(one_page)}, steps=steps)

    @post("/orders", sync_to_thread=False)
    def order(user: Visitor = "you") -> Template:
        """Place an order by the checkout that this visitor has."""
        way = _name(flags.is_enabled("new-checkout", user))
        return _page("thanks.html", user, {"checkout": way})

    @get("/pictures/{slug:str}", sync_to_thread=False)
    def picture(slug: str, sharp: bool = False) -> Template:
        """A product's picture."""
        product = next((one for one in CATALOGUE if one.slug == slug), None)
        if product is None:
            raise NotFoundException(f"no product {slug!r}")
        return Template(
            "picture.svg",
            context={"bands": _bands(product), "sharp": sharp},
            media_type="image/svg+xml",
        )

    @get("/orders.csv", media_type="text/csv", sync_to_thread=False)
    def export(user: Visitor = "you") -> str:
        """The back office's export, gone for all who do not have the flag any more."""
        if not flags.is_enabled("legacy-export", user):
            raise NotFoundException("the export is switched off: legacy-export")
        return "order,user,total\n1,user-42,24.00\n"

    @get("/storefront.css", media_type="text/css", sync_to_thread=False)
    def style() -> str:
        return (HERE / "storefront.css").read_text(encoding="utf-8")

    def _page(name: str, user: str, served: Mapping[str, object], **more: object) -> Template:
        dark = flags.is_enabled("dark-theme", user)
        context = {"user": user, "process": process, "dark": dark, **served, **more}
        header = "; ".join(f"{what}={which}" for what, which in served.items())
        return Template(name, context=context, headers={"x-served": header})

    return Litestar(
        [shop, checkout, order, picture, export, style],
        template_config=TemplateConfig(directory=HERE / "templates", engine=JinjaTemplateEngine),
        openapi_config=None,
        logging_config=None,
    )


def _name(one_page: bool) -> str:
    return "one-page" if one_page else "classic"


def _bands(product: Product) -> list[tuple[float, float, float, float, str]]:
    """The stripes as rectangles in a field of 120 by 80: x, y, width, height, colour."""
    size = (80 if product.lying else 120) / len(product.stripes)
    return [
        (0, place * size, 120, size, colour)
        if product.lying
        else (place * size, 0, size, 80, colour)
        for place, colour in enumerate(product.stripes)
    ]
