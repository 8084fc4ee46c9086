"""`/v1/tenants/{tenant_id}/certificate`: that everything a tenant owned is erased, signed."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from vigil.privacy.erasure.service import Certificates
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses
from vigil.web.tenant_routes import TenantId

router = APIRouter(prefix="/v1/tenants/{tenant_id}/certificate", tags=["tenants"])
Manager = Annotated[Principal, requires("tenants:manage")]


class CertificateView(BaseModel):
    """A signed statement of an erasure."""

    tenant_id: str
    payload: str = Field(description="The statement as it was signed: JSON, whose every byte counts.")
    signature: str = Field(description="Base64 of DER, over the SHA-256 of `payload` in UTF-8.")
    algorithm: str
    key_arn: str = Field(description="The key of KMS that signed; `GetPublicKey` gives what verifies.")


@router.get("", summary="The certificate of an erasure", responses=responses(401, 403, 404, 503))
async def get(request: Request, tenant_id: TenantId, _: Manager) -> CertificateView:
    """Return what was erased of a closed tenant, store by store, signed; 404 before it is closed. For operators."""
    certificates: Certificates = request.app.state.certificates
    certificate = certificates.get(tenant_id)
    return CertificateView(**{name: getattr(certificate, name) for name in CertificateView.model_fields})
