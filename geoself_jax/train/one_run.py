"""Whether all hosts train the same run: the first thing that differs is named, and what to do."""

import json
from typing import Any

from geoself_jax.core.errors import DATA
from geoself_jax.runtime import hosts
from geoself_jax.runtime.lost_hosts import HostError
from geoself_jax.runtime.workdir import difference

_DO = {
    "versions": "install the same versions on every host",
    "config": "start the same command, with the same configuration file, on every host",
    "start": "start the same command, with the same configuration file, on equal hosts",
    "model": "copy the same files to every host",
    "skeleton": "copy the same files to every host",
    "data": "copy the same files to every host",
    "arrays_sha256": "copy the same files to every host",
}
"""What of a record all must share, in the order in which it is compared, and what to do."""


def check_same(record: dict[str, Any]) -> None:
    """Makes sure that all hosts run the same; all must ask.

    Args:
        record: Of the run that this host is to train (`record.run_record`).

    Raises:
        GeoselfError: They do not: on every host the same line, of the first that differs (65).
    """
    start = {**record["starts"][0], "distributed": None}
    own = json.loads(json.dumps({**record, "start": start}))
    own = {key: own[key] for key in _DO}
    if hosts.all_same(json.dumps(own)):
        return
    first = json.loads(hosts.said_by_all(json.dumps(own) if hosts.is_leader() else "")[0])
    said = hosts.said_by_all(json.dumps(_first_difference(own, first)))
    for host, found in enumerate(map(json.loads, said)):
        if found:
            raise _error(host, *found)
    raise HostError("the hosts", "they have different runs", _DO["config"], DATA)


def _first_difference(own: dict[str, Any], first: dict[str, Any]) -> list[Any]:
    """Key of the part that differs, name of the value, here and on host 0; [] where none does."""
    for key in _DO:
        found = difference(first.get(key), own[key], key)
        if found is not None:
            name, theirs, ours = found
            return [key, name, *(str(value)[:80] for value in (ours, theirs))]
    return []


def _error(host: int, key: str, name: str, here: str, first: str) -> HostError:
    why = f"{first} on host 0, and all train one run"
    return HostError(f"host {host}: {name} is {here}", why, _DO[key], DATA)
