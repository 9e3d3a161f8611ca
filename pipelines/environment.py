"""Settings that must stand before numpy and the heavy libraries are imported."""

import os
import platform


def prepare() -> None:
    """One BLAS kernel whatever the processor, so that the same inputs give the same bytes; no telemetry anywhere."""
    if platform.machine() == "x86_64":
        os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    os.environ.setdefault("MPLBACKEND", "Agg")
