"""A workspace that fits a rehearsal world: its addresses, keys and lookup tables."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

WEBHOOK_SECRET = "rehearsal-webhook-secret"
PRIVACY_KEY = base64.urlsafe_b64encode(b"rehearsal" * 3 + b"-key!").decode()


def write_workspace(
    folder: Path,
    world: Mapping[str, Any],
    *,
    store: str = "sqlite:///crossdock.db",
    port: int = 8790,
    worker: str = "",
    limits: bool = True,
    more: Mapping[str, Any] | None = None,
) -> Path:
    """Write crossdock.yaml and the lookup tables for the world that printed this configuration.
    `more` is laid over the settings, section by section.
    """
    amazon, tims, sqs = world["amazon"], world["tims"], world.get("sqs")
    settings: dict[str, Any] = {
        "store": store,
        "clock": world["clock"],
        "listen": {"port": port},
        "amazon": {
            "seller_id": amazon["seller_id"], "region": amazon["region"],
            "marketplaces": amazon["marketplace_ids"], "client_id": amazon["client_id"],
            "client_secret": amazon["client_secret"], "refresh_token": amazon["refresh_token"],
            "endpoint": amazon["endpoint"], "lwa_endpoint": amazon["lwa"],
            "limits": limits,
        },
        "tims": {
            "url": tims["url"], "company": f"{tims['company']}/{tims['environment']}",
            "client_id": tims["client_id"], "client_secret": tims["client_secret"],
            "webhook": {"secret": WEBHOOK_SECRET, "public_url": f"http://127.0.0.1:{port}"},
            "limits": limits,
        },
    }  # fmt: skip
    if not store.startswith("sqlite"):  # workers who share a store need one key
        settings["privacy"] = {
            "key": base64.urlsafe_b64encode(b"rehearsal" * 3 + b"-key!").decode()
        }
    if worker:
        settings["worker"] = worker
    if sqs:
        settings["amazon"]["queue"] = {
            "url": sqs["url"], "endpoint": sqs["endpoint"], "region": sqs["region"],
            "access_key": sqs["access_key"], "secret_key": sqs["secret_key"],
        }  # fmt: skip
    for section, values in (more or {}).items():
        settings[section] = {**settings.get(section, {}), **values}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lookups").mkdir(exist_ok=True)
    for name, text in world["lookups"].items():
        (folder / "lookups" / name).write_text(text, encoding="utf-8")
    path = folder / "crossdock.yaml"
    path.write_text(yaml.safe_dump(json.loads(json.dumps(settings))), encoding="utf-8")
    path.chmod(0o600)
    return path
