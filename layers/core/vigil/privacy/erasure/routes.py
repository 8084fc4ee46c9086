"""`/v1/tenants/{tenant_id}/certificate`: the signed certificate of a tenant's erasure."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vigil.privacy.erasure.service import Certificates
from vigil.web.app_state import from_app
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses
from vigil.web.tenant_routes import TenantId

router = APIRouter(prefix="/v1/tenants/{tenant_id}/certificate", tags=["tenants"])
Manager = Annotated[Principal, requires("tenants:manage")]
Service = Annotated[Certificates, from_app("certificates")]


class CertificateView(BaseModel):
    """A signed statement of an erasure."""

    tenant_id: str
    payload: str = Field(description="The signed statement: JSON; verify exactly these bytes.")
    signature: str = Field(description="ECDSA signature of the SHA-256 of `payload` in UTF-8, as base64 of DER.")
    algorithm: str
    key_arn: str = Field(description="KMS key of the signature; `GetPublicKey` of KMS returns its public key.")


@router.get(
    "", name="get_certificate", summary="Fetch the certificate of an erasure", responses=responses(401, 403, 404, 503)
)
async def get(certificates: Service, tenant_id: TenantId, _: Manager) -> CertificateView:
    """Return the signed statement of a closed tenant's erasure, store by store; 404 until the tenant is closed.

    Only for operators.
    """
    certificate = certificates.get(tenant_id)
    return CertificateView(**{name: getattr(certificate, name) for name in CertificateView.model_fields})
