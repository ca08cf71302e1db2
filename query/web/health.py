"""`/healthz`: whether the server can answer, for what watches over it. Asks for no access token."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from index.errors import PagelensError
from query.service.service import SearchService

HEALTH_PATH = "/healthz"


class HealthBody(BaseModel):
    """Whether the index can be read; why not is said to those alone who may ask more."""

    status: Literal["ok", "unavailable"] = Field(
        description="Whether the index can be read.", examples=["ok"]
    )


def make_router(service: SearchService) -> APIRouter:
    """The one path."""
    router = APIRouter()

    @router.get(
        HEALTH_PATH,
        responses={503: {"model": HealthBody, "description": "The index cannot be read."}},
    )
    def health(response: Response) -> HealthBody:
        """Whether the server can answer."""
        try:
            _ = service.fingerprint
        except PagelensError:
            response.status_code = 503
            return HealthBody(status="unavailable")
        return HealthBody(status="ok")

    return router
