"""The database and its secrets: one row per promise, checked on the templates."""

from typing import Any

from tests.support.aws_template import Promise, Template, tags


def database(template: Template) -> dict[str, Any]:
    return template.only("RDS::DBInstance")


DATABASE: list[Promise] = [
    ("its name", "lab", lambda t: database(t)["DBInstanceIdentifier"], "database-ml"),
    ("Postgres 18", "lab prod", lambda t: (database(t)["Engine"], database(t)["EngineVersion"]), ("postgres", "18")),
    ("small in lab", "lab", lambda t: database(t)["DBInstanceClass"], "db.t3.micro"),
    (
        "in the two database subnets",
        "lab prod",
        lambda t: [tags(t.behind(one))["Name"] for one in t.behind(database(t)["DBSubnetGroupName"])["SubnetIds"]],
        ["database-1", "database-2"],
    ),
    ("encrypted", "lab prod", lambda t: database(t)["StorageEncrypted"], True),
    ("not public", "lab prod", lambda t: database(t)["PubliclyAccessible"], False),
    (
        "TLS forced",
        "lab prod",
        lambda t: t.behind(database(t)["DBParameterGroupName"])["Parameters"]["rds.force_ssl"],
        "1",
    ),
    (
        "the parameters are for its version",
        "lab prod",
        lambda t: t.behind(database(t)["DBParameterGroupName"])["Family"],
        "postgres18",
    ),
    (
        "RDS and Secrets Manager keep and rotate the master's password",
        "lab prod",
        lambda t: (database(t)["ManageMasterUserPassword"], "MasterUserPassword" in database(t)),
        (True, False),
    ),
    ("a week of backups", "lab", lambda t: database(t)["BackupRetentionPeriod"], 7),
    (
        "a month of backups, which outlive the database",
        "prod",
        lambda t: (database(t)["BackupRetentionPeriod"], database(t)["DeleteAutomatedBackups"]),
        (30, False),
    ),
    (
        "one zone, deletable",
        "lab",
        lambda t: (database(t)["MultiAZ"], database(t)["DeletionProtection"]),
        (False, False),
    ),
    (
        "two zones, protected",
        "prod",
        lambda t: (database(t)["MultiAZ"], database(t)["DeletionProtection"]),
        (True, True),
    ),
    (
        "a last snapshot when prod's is deleted or replaced",
        "prod",
        lambda t: [
            (one["DeletionPolicy"], one["UpdateReplacePolicy"])
            for one in t.resources.values()
            if one["Type"] == "AWS::RDS::DBInstance"
        ],
        [("Snapshot", "Snapshot")],
    ),
    (
        "its one group",
        "lab prod",
        lambda t: [t.behind(one)["GroupDescription"] for one in database(t)["VPCSecurityGroups"]],
        ["Tarmac: database"],
    ),
    ("no RDS for a trial", "min", lambda t: t.all("RDS::DBInstance"), {}),
    (
        "every secret is made by Secrets Manager, 40 letters and digits at least",
        "lab prod min",
        lambda t: {
            (one["GenerateSecretString"]["PasswordLength"] >= 40, "SecretString" in one)
            for one in t.all("SecretsManager::Secret").values()
        },
        {(True, False)},
    ),
]
