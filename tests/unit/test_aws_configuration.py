"""What is wrong with the configuration of AWS is the user's to fix: exit code 2, the reason, and the variable or file."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore import exceptions
from botocore.awsrequest import AWSRequest, AWSResponse

from tarmac.errors import InputError, SystemFailure
from tarmac.storage import s3
from tarmac.storage.aws import explain_aws
from tarmac.storage.lake import open_lake
from tarmac.storage.s3 import S3Access

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No setting of AWS and no proxy but those that a test sets; the config file is `config`."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.upper().endswith("_PROXY")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(s3, "ATTEMPTS", 1)
    return monkeypatch


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        (
            KEYS | {"AWS_ENDPOINT_URL": "localhost:9000"},
            ("Invalid endpoint: localhost:9000", "AWS_ENDPOINT_URL", "http://"),
        ),
        (KEYS | {"AWS_ENDPOINT_URL_S3": "minio"}, ("Invalid endpoint: minio", "AWS_ENDPOINT_URL_S3")),
        (KEYS | {"AWS_REGION": "us east 1"}, ("us east 1", "AWS_REGION")),
        (KEYS | {"AWS_CA_BUNDLE": "/none/ca.pem"}, ("/none/ca.pem", "No such file", "AWS_CA_BUNDLE")),
        (KEYS | {"AWS_CA_BUNDLE": __file__}, (__file__, "AWS_CA_BUNDLE", "PEM")),
        (KEYS | {"HTTP_PROXY": NOBODY, "AWS_ENDPOINT_URL": "http://s3.test"}, ("proxy", NOBODY, "HTTP_PROXY")),
        (KEYS | {"AWS_DEFAULTS_MODE": "bogus"}, ("bogus", "AWS_DEFAULTS_MODE")),
        (KEYS | {"AWS_REQUEST_CHECKSUM_CALCULATION": "bogus"}, ("bogus", "AWS_REQUEST_CHECKSUM_CALCULATION")),
        ({"AWS_PROFILE": "nobody"}, ("nobody", "AWS_PROFILE", "config")),
        ({"AWS_ENDPOINT_URL": NOBODY}, ("Unable to locate credentials", "AWS_ACCESS_KEY_ID")),
        ({"AWS_ACCESS_KEY_ID": "key"}, ("AWS_SECRET_ACCESS_KEY", "together")),
        (
            {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE": "/none/token"},
            ("/none/token", "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ),
    ],
    ids=lambda value: next(reversed(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_variable_is_named(environment: dict[str, str], says: tuple[str, ...], aws: pytest.MonkeyPatch) -> None:
    """No request is made with it, and none is worth making again."""
    for name, value in environment.items():
        aws.setenv(name, value)
    with pytest.raises(InputError) as caught:
        open_lake("s3://lake").check_exists()
    assert [text for text in says if text not in str(caught.value)] == [], str(caught.value)


SSO = "sso_start_url=https://x.awsapps.com/start\nsso_region=us-east-1\n"
ROLE = "sso_account_id=123456789012\nsso_role_name=r\n"


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        (f"[profile p]\n{SSO}{ROLE}", ("SSO Token", "aws sso login --profile p")),
        (f"[profile p]\nsso_session=s\n{ROLE}[sso-session s]\n{SSO}", ("SSO Token", "aws sso login --profile p")),
        (f"[profile p]\nsso_session=none\n{ROLE}", ("none", "the profile 'p'", "config")),
        ("[profile p]\ncredential_process=/none/program\n", ("/none/program", "credential_process", "'p'", "config")),
        ("[profile p]\ncredential_process=false\n", ("custom-process", "credential_process", "'p'", "config")),
        ("[profile p]\ncredential_process=echo hello\n", ("must print JSON", "'p'", "config")),
        ("[profile p]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=q\n", ('"q"', "'p'", "config")),
        ("[profile p\n", ("parse", "config")),
        ("[profile p]\ns3=\n  addressing_style=odd\n", ("odd", "config")),
        ("[profile p]\nendpoint_url=localhost\n", ("Invalid endpoint: localhost", "http://")),
    ],
)
def test_what_is_wrong_in_a_profile_is_named(profile: str, says: tuple[str, ...], aws: pytest.MonkeyPatch) -> None:
    """With the file that has it."""
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(profile)
    aws.setenv("AWS_PROFILE", "p")
    with pytest.raises(InputError) as caught:
        open_lake("s3://lake").check_exists()
    assert [text for text in says if text not in str(caught.value)] == [], str(caught.value)


def test_a_server_that_is_down_is_the_systems_fault(aws: pytest.MonkeyPatch) -> None:
    """The same request may work later: exit code 1."""
    for name, value in (KEYS | {"AWS_ENDPOINT_URL": NOBODY}).items():
        aws.setenv(name, value)
    with pytest.raises(SystemFailure, match="S3 failed at s3://lake: Could not connect"):
        open_lake("s3://lake").check_exists()


@pytest.mark.parametrize(("region", "kind"), [("us-esat-1", InputError), ("us-east-1", SystemFailure)])
def test_a_host_of_a_region_that_is_unknown_is_a_wrong_region(region: str, kind: type[Exception]) -> None:
    """A known region's host that does not answer is the network's."""
    error = exceptions.EndpointConnectionError(endpoint_url=f"https://lake.s3.{region}.amazonaws.com/")
    failure = explain_aws(error, "s3://lake")
    assert type(failure) is kind
    assert ("AWS_REGION" in str(failure)) == (kind is InputError)


def test_every_error_of_botocore_is_explained() -> None:
    """Those that a network causes may work later; all others say what to set right."""
    transient = {
        "ConnectionError",
        "HTTPClientError",
        "EndpointConnectionError",
        "ReadTimeoutError",
        "ConnectTimeoutError",
    }
    for name, kind in vars(exceptions).items():
        if isinstance(kind, type) and issubclass(kind, exceptions.BotoCoreError):
            error = kind.__new__(kind)
            Exception.__init__(error, "the reason")
            failure = explain_aws(error, "s3://lake")
            assert "the reason" in str(failure)
            if name in transient:
                assert isinstance(failure, SystemFailure), name


def _answered(access: S3Access, lake: str) -> AWSRequest:
    """The request that looking for the lake sends."""
    sent: list[AWSRequest] = []

    def answer(request: AWSRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, _Body())

    client = access.client()
    client.meta.events.register("before-send.s3", answer)
    try:
        open_lake(lake, access=access).check_exists()
    finally:
        client.meta.events.unregister("before-send.s3", answer)
    return sent[0]


class _Body:
    def stream(self, *_: Any, **__: Any) -> Any:
        yield b"<ListBucketResult/>"


def test_requests_say_who_pays_where_a_bucket_demands_it(aws: pytest.MonkeyPatch) -> None:
    """Every request does, signed with the rest; without the setting none."""
    for name, value in KEYS.items():
        aws.setenv(name, value)
    header = "x-amz-request-payer"
    paid = _answered(S3Access(requester_pays=True), "s3://lake").headers
    assert paid[header] in ("requester", b"requester")
    assert header in str(paid["Authorization"])
    assert header not in _answered(S3Access(), "s3://lake").headers


@pytest.mark.parametrize("separator", ["/", ":"])
def test_an_access_point_is_a_bucket(separator: str, aws: pytest.MonkeyPatch) -> None:
    """By its ARN, with a prefix after it."""
    for name, value in KEYS.items():
        aws.setenv(name, value)
    arn = f"arn:aws:s3:us-east-1:123456789012:accesspoint{separator}point"
    request = _answered(S3Access(), f"s3://{arn}/a/b")
    assert urlsplit(request.url).hostname == "point-123456789012.s3-accesspoint.us-east-1.amazonaws.com"
    assert "prefix=a%2Fb%2F" in request.url
    assert open_lake(f"s3://{arn}/a/b/").root == f"s3://{arn}/a/b"


@pytest.mark.parametrize("address", ["s3:/x", "s3:x/y", "gs://lake/x", "file:///lake", "s3://", "s3://LAKE", "s3a:/x"])
def test_an_address_that_is_no_lake_is_not_a_folder(address: str) -> None:
    """Nothing is made of that name."""
    with pytest.raises(InputError, match="is neither a folder nor s3://bucket/prefix"):
        open_lake(address)
