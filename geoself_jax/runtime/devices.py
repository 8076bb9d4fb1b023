"""Which devices and hosts a process computes on, and where compiled programs are kept."""

import inspect
import ipaddress
import os
import re
import signal
import socket
import threading
from collections import Counter
from typing import Any

import jax

from geoself_jax.core.cache_folder import cache_folder, machine
from geoself_jax.core.config import Config, DistributedConfig
from geoself_jax.core.errors import UNAVAILABLE, GeoselfError, usage_error
from geoself_jax.runtime import coordination, lost_hosts, phases

CONNECT_SECONDS = 300

MTLS = ("JAX_MTLS_CERT_FILE", "JAX_MTLS_KEY_FILE", "JAX_MTLS_CA_FILE")
"""JAX's variables for certificates, by which hosts know each other and encrypt (0.12)."""

SHORTEST_COMPILATION = 0.02
"""Seconds, above which a compiled program is kept: a command has dozens that take a tenth."""


def start(config: Config) -> None:
    """Chooses the devices, joins the other hosts and turns the compilation cache on.

    To be called before anything else touches a device.

    Raises:
        GeoselfError: No such device, or the other hosts cannot be reached (69).
    """
    if config.device != "auto":  # "": JAX's own order, accelerators before the CPU that feeds them
        jax.config.update("jax_platforms", "cpu" if config.device == "cpu" else "")
    use_compilation_cache()
    _join(config.distributed)
    _check_even(devices())
    lost_hosts.patience.least = 60 * config.distributed.stuck_minutes
    lost_hosts.watch()
    require(config.device)


def require(device: str) -> None:
    """Makes sure that jax runs on `auto`, any device, or on the one that is named.

    Raises:
        GeoselfError: It runs on another, or on hosts that were not joined (69).
    """
    found = devices()[0].platform
    _check_joined()
    if device not in ("auto", found):
        raise _missing(device, f"JAX finds {found} only", "--config.device=cpu")


def devices() -> list[jax.Device]:
    """The devices of the platform that JAX chose, or that `jax_platforms` sets.

    Once they are known, `phases` knows which host is the first.

    Raises:
        GeoselfError: There is none of that kind (69).
    """
    try:
        found = jax.devices()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0] if str(error) else "JAX here has nothing for it"
        asked = jax.config.jax_platforms or "any"  # type: ignore[attr-defined]
        raise _missing(asked, reason, "JAX_PLATFORMS=cpu") from error
    phases.set_leading(jax.process_index() == 0)
    return found


def _check_joined() -> None:
    """Makes sure that hosts can agree: a TPU pod's are several also where nobody joined them.

    Their devices know each other; what hosts agree by is of `jax.distributed` alone.

    Raises:
        GeoselfError: This process is one of several that were not joined (69).
    """
    if jax.process_count() > 1 and not coordination.is_there():
        raise GeoselfError(
            f"the other hosts: JAX sees {jax.process_count()}",
            "they were not joined, and cannot agree on one run",
            "train with --config.distributed.coordinator=cluster on every host",
            UNAVAILABLE,
        )


def _check_even(found: list[jax.Device]) -> None:
    """Each host feeds an equal share of a batch: all have as many devices.

    Where they have not, every host detects it and waits for the others at a barrier: a host that
    loses the leader before would be aborted without a message.
    """
    counts = Counter(device.process_index for device in found)
    if len(set(counts.values())) > 1:
        jax.distributed.shutdown()  # a barrier
        listed = ", ".join(f"{counts[process]} on host {process}" for process in sorted(counts))
        raise GeoselfError(
            f"devices: {listed}",
            "wanted equally many on each host",
            "start with equal hosts",
            UNAVAILABLE,
        )


def _missing(asked: str, reason: str, other: str) -> GeoselfError:
    do = f"install JAX for it, or set {other}"
    return GeoselfError(f"no device: {asked}", reason, do, UNAVAILABLE)


def describe() -> str:
    """One line that names the devices of all hosts."""
    found = jax.devices()
    hosts = f" on {jax.process_count()} hosts" if jax.process_count() > 1 else ""
    return f"devices: {len(found)} x {found[0].device_kind} ({found[0].platform}){hosts}"


def memory() -> int:
    """Bytes of one device's memory, on a CPU the machine's; 0 where it is not known."""
    device = jax.local_devices()[0]
    if device.platform != "cpu":
        return int((device.memory_stats() or {}).get("bytes_limit", 0))
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return 0


def compute_type(config: Config) -> str:
    """`float32` or `bfloat16`: what `auto` means on these devices."""
    if config.compute != "auto":
        return config.compute
    return "float32" if jax.devices()[0].platform == "cpu" else "bfloat16"


def cluster() -> str:
    """`slurm` or `tpu` where this process says that it is one of several of it, else nothing."""
    if int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1:
        return "slurm"
    return "tpu" if "," in os.environ.get("TPU_WORKER_HOSTNAMES", "") else ""


def local_device_ids() -> list[int] | None:
    """All of a node's GPUs where SLURM gives it one task; else jax's choice, one GPU a task."""
    alone = re.fullmatch(r"1(\(x\d+\))?", os.environ.get("SLURM_STEP_TASKS_PER_NODE", ""))
    count = os.environ.get("SLURM_GPUS_ON_NODE", "")
    return list(range(int(count))) if alone and count.isdigit() and int(count) else None


def _join(config: DistributedConfig) -> None:
    if config.coordinator == "none" or (config.coordinator == "auto" and not cluster()):
        return
    if config.process >= config.processes:
        raise usage_error(
            f"config.distributed.process={config.process}",
            f"there are {config.processes} processes, numbered from 0",
            "set distributed.processes too",
        )
    _check_encrypted()
    on_sigterm = signal.getsignal(signal.SIGTERM)
    options: dict[str, Any] = {
        "initialization_timeout": CONNECT_SECONDS,
        # Hosts are watched in `lost_hosts`; jax would abort one whose other is frozen for a while.
        "heartbeat_timeout_seconds": max(CONNECT_SECONDS, int(60 * config.stuck_minutes)),
    }
    try:
        if config.coordinator in ("auto", "cluster"):
            jax.distributed.initialize(local_device_ids=local_device_ids(), **options)
        else:
            options["coordinator_bind_address"] = own_address(config.coordinator)
            jax.distributed.initialize(
                config.coordinator, config.processes, config.process, **options
            )
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GeoselfError(
            "the other hosts", reason, "start the same command on every host", UNAVAILABLE
        ) from error
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_sigterm)  # jax put its own there, which would swallow it


def own_address(coordinator: str) -> str | None:
    """The coordinator's address, if it is one of this machine's, for it to listen there alone.

    JAX's own choice is every address of the machine. That is left where JAX's variable says
    another, and of a name, which a machine may know as its loopback and others not.

    Args:
        coordinator: HOST:PORT.
    """
    if "JAX_COORDINATOR_BIND_ADDRESS" in os.environ:
        return None
    host = coordinator.rpartition(":")[0].strip("[]")
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
    except (OSError, ValueError):  # another machine's, or a name
        return None
    return coordinator


def is_too_old_for_mtls() -> bool:
    """Whether this JAX neither encrypts what its hosts say nor asks who they are."""
    return "mtls_cert_file" not in inspect.signature(jax.distributed.initialize).parameters


def _check_encrypted() -> None:
    """Refuses to talk in plain text where certificates are set and this JAX does not use them.

    Raises:
        GeoselfError: JAX is too old for them (69).
    """
    asked = [name for name in MTLS if os.environ.get(name)]
    if asked and is_too_old_for_mtls():
        raise GeoselfError(
            f"{asked[0]} is set",
            f"JAX {jax.__version__} does not know it: the hosts would talk in plain text",
            "install JAX 0.12 or newer, or unset it",
            UNAVAILABLE,
        )


def use_compilation_cache() -> None:
    """Keeps compiled programs in the user's cache folder, which none but the user may enter.

    A program is code: a folder that others can write to is not used. Programs for a CPU are kept
    apart by what that CPU can do, for homes that several machines share. JAX's own setting
    (JAX_COMPILATION_CACHE_DIR) is left as it is.
    """
    if jax.config.jax_compilation_cache_dir is not None:  # type: ignore[attr-defined]
        return
    folder = cache_folder(f"{machine()}-{jax.__version__}")
    if folder is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", SHORTEST_COMPILATION)
