"""The names that users and schedules rely on: asset keys with their groups and inputs, checks, jobs, schedules, sensors."""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "definitions.json"


def snapshot() -> dict[str, Any]:
    """Everything that is named in the Dagster definitions."""
    from pipelines.definitions import defs

    graph = defs.resolve_asset_graph()
    repository = defs.get_repository_def()
    return {
        "assets": {
            key.to_user_string(): {
                "group": graph.get(key).group_name,
                "after": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
                "partitioned": graph.get(key).is_partitioned,
            }
            for key in sorted(graph.get_all_asset_keys())
        },
        "checks": sorted(f"{key.asset_key.to_user_string()}:{key.name}" for key in graph.asset_check_keys),
        "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        "schedules": {item.name: [item.cron_schedule, item.execution_timezone] for item in repository.schedule_defs},
        "sensors": sorted(item.name for item in repository.sensor_defs),
    }


def text() -> str:
    return json.dumps(snapshot(), indent=1, sort_keys=True) + "\n"


def regenerate() -> None:
    FILE.write_text(text())
