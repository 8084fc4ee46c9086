"""Region and address of each service, as botocore finds them."""

import os
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import NoRegionError

from vigil.aws import credentials

_TRUE = "true"
_SUFFIXES = (
    (re.compile(r"cn-\w+-\d+"), "amazonaws.com.cn"),
    (re.compile(r"eusc-de-\w+-\d+"), "amazonaws.eu"),
    (re.compile(r"us-iso-\w+-\d+"), "c2s.ic.gov"),
    (re.compile(r"us-isob-\w+-\d+"), "sc2s.sgov.gov"),
    (re.compile(r"eu-isoe-\w+-\d+"), "cloud.adc-e.uk"),
    (re.compile(r"us-isof-\w+-\d+"), "csp.hci.ic.gov"),
)
"""Patterns of the regions of other partitions, with the domain of their services."""
_DOMAIN = "amazonaws.com"


class Endpoint(NamedTuple):
    """Address of a service."""

    is_encrypted: bool
    host: str
    port: int
    path: str

    @classmethod
    def from_url(cls, url: str) -> "Endpoint":
        """Return the endpoint of an http or https URL."""
        parts = urlsplit(url)
        is_encrypted = parts.scheme == "https"
        return cls(is_encrypted, parts.hostname or "", parts.port or (443 if is_encrypted else 80), parts.path or "/")

    @property
    def authority(self) -> str:
        """The value of the Host header: the host, with its port unless that is the default one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_encrypted else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The URL without its path."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.origin}{self.path}"


def region() -> str:
    """Return the region of this process. Raises NoRegionError if it has none."""
    found: str | None = os.environ.get("AWS_DEFAULT_REGION")
    if not found and not credentials.is_on_lambda():
        found = credentials.session().get_config_variable("region")
    if not found:
        raise NoRegionError
    return found


def service_endpoint(service_id: str, endpoint_prefix: str, region_name: str) -> Endpoint:
    """Return the endpoint of a service: a configured one, or the regional one."""
    configured = configured_url(service_id)
    return Endpoint.from_url(configured or f"https://{endpoint_prefix}.{region_name}.{domain(region_name)}")


def bucket_endpoint(bucket: str, region_name: str, *, is_path_style: bool) -> Endpoint:
    """Return the endpoint of a bucket, with the bucket in its host or, if it cannot be there, in its path."""
    regional = service_endpoint("S3", "s3", region_name)
    if is_path_style or configured_url("S3") or "." in bucket:
        return regional._replace(path=f"{regional.path.rstrip('/')}/{bucket}/")
    return regional._replace(host=f"{bucket}.{regional.host}")


def domain(region_name: str) -> str:
    """Return the domain of the services of a region's partition."""
    return next((suffix for pattern, suffix in _SUFFIXES if pattern.fullmatch(region_name)), _DOMAIN)


def configured_url(service_id: str) -> str | None:
    """Return the URL that variables or, outside of Lambda, configuration files set for a service."""
    name = service_id.upper().replace(" ", "_")
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == _TRUE:
        return None
    if found := os.environ.get(f"AWS_ENDPOINT_URL_{name}") or os.environ.get("AWS_ENDPOINT_URL"):
        return found
    return None if credentials.is_on_lambda() else _url_of_files(name.lower())


def is_ordinary() -> bool:
    """Return True unless a FIPS or dual-stack endpoint or a proxy is configured. Those stay on botocore."""
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy")):
        return False
    names = ("use_fips_endpoint", "use_dualstack_endpoint")
    if credentials.is_on_lambda():
        return not any(os.environ.get(f"AWS_{name}".upper(), "").lower() == _TRUE for name in names)
    return not any(credentials.session().get_config_variable(name) for name in names)


def _url_of_files(name: str) -> str | None:
    """Return the URL of a service in the profile of the configuration files."""
    session = credentials.session()
    profile = session.get_scoped_config()
    services = session.full_config.get("services", {}).get(profile.get("services"), {})
    found: str | None = services.get(name, {}).get("endpoint_url") or profile.get("endpoint_url")
    return found
