"""The tags of a repository.

    GET /v2/NAME/tags/list?n=1000      {"name": ..., "tags": [...]}; more behind `Link: <...?last=TAG>; rel="next"`

Source: distribution-spec 1.1, "Listing Tags"; RFC 8288 for the header.
"""

import re
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from engine.errors import InvalidInput
from engine.image import reference
from engine.image.registry.http.transport import Registry

TAGS_MAX: Final = 10_000
_PAGE: Final = 1000
_NEXT: Final = re.compile(r'<([^<>]{1,2000})>\s*;[^,]{0,200}rel="?next"?', re.ASCII | re.IGNORECASE)


class _Page(msgspec.Struct):
    """One answer; a repository without tags has null."""

    tags: Annotated[list[str], msgspec.Meta(max_length=TAGS_MAX)] | None = None


def tags(registry: Registry) -> list[str]:
    """All of them, in the registry's order, each once. Raises InvalidInput where there are too many, or no tags."""
    found: dict[str, None] = {}
    query = urlencode({"n": _PAGE})
    while query:
        answer = registry.request("GET", f"tags/list?{query}", expected={HTTPStatus.OK})
        before = len(found)
        found |= dict.fromkeys(_page(answer.content))
        if len(found) > TAGS_MAX:
            raise InvalidInput(f"the repository has more than {TAGS_MAX} tags", hint="get those that you need by name")
        query = _next(answer.headers.get("Link", "")) if len(found) > before else ""
    return list(found)


def _page(data: bytes) -> list[str]:
    try:
        page = msgspec.json.decode(data, type=_Page)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise InvalidInput(f"the registry's list of tags is not valid: {err}") from err
    for tag in page.tags or []:
        reference.parse(f"name:{tag}")
    return page.tags or []


def _next(link: str) -> str:
    """The query of the next page; whatever else the address says, the registry stays the same."""
    match = _NEXT.search(link)
    last = parse_qs(urlsplit(match[1]).query).get("last", [""])[0] if match else ""
    return urlencode({"n": _PAGE, "last": last}) if last else ""
