"""A workspace that is connected to a rehearsal world."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossdock.kernel.errors import Misuse

FILE = "crossdock.yaml"
MARK = "# Connected to a rehearsal world"


def refuse_real(folder: Path) -> None:
    """A Misuse when the folder is a workspace that no rehearsal made."""
    file = folder / FILE
    if file.exists() and not file.read_text(encoding="utf-8").startswith(MARK):
        raise Misuse(f"{folder} is a workspace of its own; name another folder for the rehearsal")


def make_workspace(folder: Path, ready: Mapping[str, Any], lookups: Mapping[str, str]) -> None:
    """Settings, secrets and lookup tables for that world; never over a real workspace."""
    from crossdock.settings.secrets import write_private

    refuse_real(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(_settings(ready), encoding="utf-8")
    secrets = folder / "secrets.env"
    secrets.unlink(missing_ok=True)
    amazon, tims = ready["amazon"], ready["tims"]
    write_private(
        secrets,
        f"AMAZON_CLIENT_SECRET={amazon['client_secret']}\n"
        f"AMAZON_REFRESH_TOKEN={amazon['refresh_token']}\n"
        f"TIMS_CLIENT_SECRET={tims['client_secret']}\n"
        f"SQS_SECRET_KEY={ready['sqs']['secret_key']}\n",
    )
    (folder / "lookups").mkdir(exist_ok=True)
    for name, rows in lookups.items():
        (folder / "lookups" / name).write_text(rows, encoding="utf-8")


def _settings(ready: Mapping[str, Any]) -> str:
    """YAML whose values are JSON: every JSON value is a YAML value."""
    amazon, tims, sqs = ready["amazon"], ready["tims"], ready["sqs"]
    sections: dict[str, dict[str, Any]] = {
        "amazon": {
            "seller_id": amazon["seller_id"],
            "region": amazon["region"],
            "marketplaces": amazon["marketplace_ids"],
            "client_id": amazon["client_id"],
            "client_secret": "${AMAZON_CLIENT_SECRET}",
            "refresh_token": "${AMAZON_REFRESH_TOKEN}",
            "endpoint": amazon["endpoint"],
            "lwa_endpoint": amazon["lwa"],
            "queue": {
                "url": sqs["url"],
                "endpoint": sqs["endpoint"],
                "region": sqs["region"],
                "access_key": sqs["access_key"],
                "secret_key": "${SQS_SECRET_KEY}",
            },
        },
        "tims": {
            "url": tims["url"],
            "company": f"{tims['company']}/{tims['environment']}",
            "client_id": tims["client_id"],
            "client_secret": "${TIMS_CLIENT_SECRET}",
        },
    }
    lines = [f"{MARK}: {ready['control']}", f"clock: {json.dumps(ready['clock'])}"]
    for name, fields in sections.items():
        lines += [f"{name}:", *(f"  {key}: {json.dumps(x)}" for key, x in fields.items())]
    return "\n".join(lines) + "\n"
