"""Region and endpoint of each service equal those of botocore."""

import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import NoRegionError

from vigil.aws import clients, credentials, endpoints
from vigil.aws.json_client import JsonClient
from vigil.aws.services import SERVICES
from vigil.runtime.settings import Settings

PREFIXES = {service.name: (service.service_id, service.endpoint_prefix) for service in SERVICES.values()}
PREFIXES["s3"] = ("S3", "s3")


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """An environment without variables and files of AWS."""
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_LAMBDA_FUNCTION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    clients.reset_session()
    yield monkeypatch
    clients.reset_session()


def known_regions():
    loader = botocore.session.get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")["partitions"]
    endpoint_data = loader.load_data("endpoints")["partitions"]
    named = [region for partition in partitions for region in partition["regions"]]
    more = [region for partition in endpoint_data for region in partition["regions"]]
    return sorted({region for region in (*named, *more) if "global" not in region})


def botocore_url(service, region):
    loader = botocore.session.get_session().get_component("data_loader")
    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    provider = EndpointProvider(rules, loader.load_data("partitions"))
    return provider.resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False).url


@pytest.mark.parametrize("service", PREFIXES)
def test_the_endpoints_of_all_regions_equal_those_of_botocore(service):
    regions = known_regions()
    assert len(regions) > 30
    for region in regions:
        found = endpoints.service_endpoint(*PREFIXES[service], region)
        assert found.origin == botocore_url(service, region)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"},
        {"AWS_ENDPOINT_URL": "http://[::1]:4566"},
        {"AWS_ENDPOINT_URL": "https://aws.example.org/base"},
        {"AWS_ENDPOINT_URL_DYNAMODB": "https://d.example.org", "AWS_ENDPOINT_URL": "http://example.org"},
        {"AWS_ENDPOINT_URL_DYNAMODB_STREAMS": "https://s.example.org:8443"},
        {"AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://s.example.org"},
        {"AWS_ENDPOINT_URL_EVENTBRIDGE": "https://e.example.org"},
        {"AWS_ENDPOINT_URL": "http://example.org", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    ],
)
def test_configured_endpoints_are_followed_as_by_botocore(environment, service, variables):
    for name, value in {"AWS_DEFAULT_REGION": "eu-west-1", **variables}.items():
        environment.setenv(name, value)
    small = clients.create_client(Settings("dev"), service)
    assert isinstance(small, JsonClient)
    expected = botocore.session.get_session().create_client(service).meta.endpoint_url
    assert small.meta.endpoint_url.rstrip("/") == expected.rstrip("/")


@pytest.mark.parametrize(
    "text",
    [
        "[default]\nregion = eu-north-1\n",
        "[default]\nregion = eu-north-1\nendpoint_url = https://all.example.org\n",
        "[default]\nregion = eu-north-1\nservices = here\n[services here]\nsqs =\n  endpoint_url = http://q:1\n",
    ],
)
@pytest.mark.parametrize("service", ["sqs", "kms"])
def test_configuration_files_are_read_outside_of_lambda(environment, tmp_path, service, text):
    (tmp_path / "config").write_text(text)
    small = clients.create_client(Settings("dev"), service)
    reference = botocore.session.get_session().create_client(service)
    assert small.meta.region_name == reference.meta.region_name == "eu-north-1"
    assert small.meta.endpoint_url.rstrip("/") == reference.meta.endpoint_url.rstrip("/")


def test_a_function_reads_no_configuration_file(environment, tmp_path):
    (tmp_path / "config").write_text("[default]\nregion = eu-north-1\nendpoint_url = https://all.example.org\n")
    environment.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    with pytest.raises(NoRegionError):
        endpoints.region()
    environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert clients.create_client(Settings("dev"), "kms").meta.endpoint_url == "https://kms.eu-west-1.amazonaws.com"
    assert credentials.session.cache_info().currsize == 0


@pytest.mark.parametrize(
    "variable",
    [
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "TRUE"),
        ("HTTPS_PROXY", "http://proxy"),
        ("https_proxy", "http://proxy"),
    ],
)
@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_special_networks_stay_on_botocore(environment, service, variable):
    environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
    environment.setenv(*variable)
    if service == "s3":
        other = object()
        assert clients.create_object_client(Settings("dev"), "b", lambda: other) is other
    else:
        assert not isinstance(clients.create_client(Settings("dev"), service), JsonClient)


@pytest.mark.parametrize("name", ["use_fips_endpoint", "use_dualstack_endpoint"])
def test_special_endpoints_of_configuration_files_stay_on_botocore(environment, tmp_path, name):
    (tmp_path / "config").write_text(f"[default]\nregion = us-east-1\n{name} = true\n")
    assert not isinstance(clients.create_client(Settings("dev"), "dynamodb"), JsonClient)
    clients.reset_session()
    environment.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert isinstance(clients.create_client(Settings("dev"), "dynamodb"), JsonClient)


@pytest.mark.parametrize(
    ("bucket", "stage", "url"),
    [
        ("models", "prod", "https://models.s3.eu-west-1.amazonaws.com"),
        ("models.a", "prod", "https://s3.eu-west-1.amazonaws.com/models.a"),
        ("models", "local", "https://s3.eu-west-1.amazonaws.com/models"),
    ],
)
def test_a_bucket_is_in_the_host_or_in_the_path(environment, bucket, stage, url):
    environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    client = clients.create_object_client(Settings(stage), bucket, object)
    assert client.meta.endpoint_url == url
