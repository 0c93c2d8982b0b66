"""Explanations of botocore's errors: which variable, file or permission is wrong, or that S3 does not answer."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tarmac.errors import InputError, SystemFailure, TarmacError

_FORBIDDEN = frozenset(
    {
        "400",
        "401",
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_ANSWERS: Sequence[tuple[frozenset[str], str]] = (
    (_FORBIDDEN, "no permission for {place}: {why}. Check the AWS keys, or ask for the right to it."),
    (frozenset({"404", "NoSuchKey", "NoSuchBucket"}), "{place} does not exist: {why}. Check --lake."),
    (
        frozenset({"301", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}),
        "{place} is in another region: {why}. Set AWS_REGION to the bucket's.",
    ),
    (frozenset({"RequestTimeTooSkewed"}), "S3 refused {place}: {why}. Set this machine's clock."),
)
"""S3 error codes that only the user can resolve."""

_TRANSIENT = frozenset(
    {
        "ClientError",
        "EndpointConnectionError",
        "ConnectionError",
        "ConnectionClosedError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "HTTPClientError",
        "ResponseStreamingError",
        "IncompleteReadError",
        "ChecksumError",
        "FlexibleChecksumError",
        "CapacityNotAvailableError",
        "S3UploadFailedError",
        "RetriesExceededError",
    }
)
"""Errors that a network or S3 may cause, and that may not recur. All other errors of botocore are errors of configuration."""

_HINTS: Mapping[str, str] = {
    "NoCredentialsError": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "PartialCredentialsError": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY together, or AWS_PROFILE",
    "ProfileNotFound": "Set AWS_PROFILE to a profile of {files}",
    "ConfigParseError": "Fix {files}",
    "ConfigNotFound": "Set AWS_CONFIG_FILE to an existing file, or unset it",
    "InvalidConfigError": "Fix {profile} in {files}",
    "CredentialRetrievalError": "Fix credential_process or the role of {profile} in {files}",
    "SSO": "Log in first: aws sso login{option}",
    "Login": "Log in first: aws login{option}",
    "Token": "Log in first: aws sso login{option}",
    "Region": "Set AWS_REGION to the bucket's region, for example us-east-1",
    "Proxy": "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
    "InvalidProxiesConfigError": "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
    "SSLError": "Check AWS_CA_BUNDLE (or ca_bundle in {files}) and AWS_ENDPOINT_URL",
    "Retry": "Fix AWS_MAX_ATTEMPTS or AWS_RETRY_MODE",
    "InvalidMaxRetryAttemptsError": "Fix AWS_MAX_ATTEMPTS",
    "Param": "Fix the bucket in --lake",
    "Arn": "Fix the access point's ARN in --lake",
    "Accesspoint": "Fix the access point's ARN in --lake, and AWS_REGION",
    "Endpoint": "Check AWS_REGION, AWS_ENDPOINT_URL and the bucket in --lake",
    "Metadata": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
}
"""Advice by the name of a botocore error, or a part of it; the first match is used."""


def explain_aws(error: Exception, place: str) -> TarmacError:
    """What an error of botocore, boto3 or s3transfer means for the object, bucket or lake `place`."""
    # The last attempt's error is the cause of RetriesExceededError.
    error = getattr(error, "last_exception", None) or error
    why = str(error).rstrip(".")
    name, code = type(error).__name__, code_of(error)
    for codes, message in _ANSWERS:
        if code in codes:
            return InputError(message.format(place=place, why=why))
    if name == "S3DownloadFailedError":
        return SystemFailure(
            f"{place} was replaced while it was read. Nothing was published; run the same command again."
        )
    if hint := _configuration_hint(error):
        return InputError(f"cannot open {place}: {why}. {hint}.")
    return SystemFailure(f"S3 failed at {place}: {why}. Nothing was published; run the same command again.")


def check_bundle(bundle: str) -> None:
    """Raise InputError if the configured file or folder of CA certificates cannot be used."""
    import ssl

    try:
        if Path(bundle).is_dir():
            return
        ssl.create_default_context(cafile=bundle)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the certificates {bundle} cannot be used: {getattr(error, 'strerror', None) or error}. Set AWS_CA_BUNDLE (or "
            "REQUESTS_CA_BUNDLE, or ca_bundle in AWS's config file) to a file of certificates in PEM, or unset it."
        ) from error


def explain_client(error: Exception) -> InputError:
    """The InputError for an error while a client is created or its credentials are read: the configuration is wrong."""
    if isinstance(error, InputError):
        return error
    why = str(error).rstrip(".")
    if isinstance(error, ValueError) and why.startswith("Invalid endpoint"):
        hint = "Set AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL to an address with http:// or https://"
    elif isinstance(error, json.JSONDecodeError):
        hint = _filled("Fix {profile} in {files}: its credential_process must print JSON")
    elif isinstance(error, OSError) and error.filename and not type(error).__module__.startswith("botocore"):
        hint = _hint_on_file(str(error.filename))
    else:
        hint = _configuration_hint(error) or _general_hint()
    return InputError(f"the configuration of AWS cannot be used: {why}. {hint}.")


def code_of(error: BaseException) -> str:
    """S3's error code; empty if the error did not come from S3."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _configuration_hint(error: Exception) -> str:
    """Which setting to fix; empty if the configuration is not the cause."""
    name, text = type(error).__name__, str(error)
    if name in {"HTTPClientError", "EndpointConnectionError"}:
        return _hint_on_connection(text)
    if name in _TRANSIENT or type(error).__module__.partition(".")[0] != "botocore":
        return ""
    hint = _HINTS.get(name) or _hint_on_value(text) or next((h for part, h in _HINTS.items() if part in name), "")
    return _filled(hint) if hint else _general_hint()


def _hint_on_value(text: str) -> str:
    """The environment variable whose value the error mentions."""
    given = {name: value for name, value in os.environ.items() if name.startswith("AWS_") and len(value) > 1}
    named = [name for name, value in sorted(given.items()) if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)]
    return f"Fix {named[0]}" if named else ""


def _hint_on_connection(text: str) -> str:
    if "Failed to parse" in text and any(
        os.environ.get(name) for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy")
    ):
        return _HINTS["Proxy"]
    unknown = re.search(r"\.([a-z0-9\-]+)\.amazonaws\.com", text)
    if unknown and unknown[1] not in _regions():
        return f"Set AWS_REGION to a region of AWS; {unknown[1]!r} is unknown"
    return ""


def _regions() -> frozenset[str]:
    import botocore.session

    session = botocore.session.Session()
    names = [session.get_available_regions("s3", partition) for partition in session.get_available_partitions()]
    return frozenset(name for some in names for name in some)


def _hint_on_file(file: str) -> str:
    for variable in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CA_BUNDLE"):
        if os.environ.get(variable) == file:
            return f"Set {variable} to an existing file that you may read"
    return _filled("Fix credential_process of {profile} in {files}: " + repr(file) + " cannot be run or read")


def _general_hint() -> str:
    given = sorted(name for name in os.environ if name.startswith("AWS_"))
    return _filled(f"Check {', '.join(given) + ', and ' if given else ''}{{profile}} in {{files}}")


def _filled(hint: str) -> str:
    profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    files = [
        str(Path(os.environ.get(variable) or default).expanduser())
        for variable, default in (
            ("AWS_CONFIG_FILE", "~/.aws/config"),
            ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        )
    ]
    return hint.format(
        profile=f"the profile {profile!r}" if profile else "the default profile",
        files=" or ".join(files),
        option=f" --profile {profile}" if profile else "",
    )
