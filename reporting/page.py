"""Templates to text: everything is escaped except the plots, which are drawn here."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reporting.amounts import amount, bracket, figure_text, number, percent, short_digest, usd, usd_short, utc
from reporting.scorecard import count, observed_text, threshold_text
from reporting.tiles import quantity_text, statuses_text

if TYPE_CHECKING:
    from jinja2 import Environment


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        amount=amount,
        bracket=bracket,
        count=count,
        figure=figure_text,
        number=number,
        observed=observed_text,
        percent=percent,
        quantity=quantity_text,
        short=short_digest,
        statuses=statuses_text,
        threshold=threshold_text,
        usd=usd,
        usd_short=usd_short,
        utc=utc,
    )
    return environment


def render(template: str, **context: Any) -> str:
    """The page; a name that the template asks for and the context lacks is an error, not an empty field."""
    return _environment().get_template(template).render(**context)


def drawn(svg: str) -> Any:
    """Marks a plot as markup; only what `reporting.charts` returned may pass here."""
    from markupsafe import Markup

    return Markup(svg)  # noqa: S704
