#!/usr/bin/env bash
# Drives one Cloud TPU VM or pod slice: create, run, fetch, delete, or all four. See --help.
# Written for bash 3.2 and later: a Mac still ships that one.
set -uo pipefail

usage() {
  cat <<'EOF'
Usage: launch/tpu_vm.sh COMMAND --name=NAME --zone=ZONE [OPTION ...] [-- TRAINING ARGUMENT ...]

Commands
  create   makes the TPU; from then on it bills
  run      sends the source's last commit to all workers, installs it, trains on all workers; what
           is not committed, such as data, is not sent: the training must find it over there
  fetch    copies the run's folder to --out
  delete   deletes the TPU and all that is on it
  all      create, run, fetch, delete; the TPU is deleted on every way out, Ctrl-C included

Options (--name=NAME or --name NAME)
  --name=NAME        of the TPU
  --zone=ZONE        such as us-west4-a
  --type=TYPE        accelerator (create, all), such as v5litepod-8; our networks need one chip
  --version=VERSION  runtime (create, all): v2-alpha-tpuv5-lite for v5e, v2-alpha-tpuv5 for v5p,
                     v2-alpha-tpuv6e for v6e, tpu-ubuntu2204-base for v4 and older
  --spot             cheaper; may be taken back at any time, with about 30 s of grace
  --project=PROJECT  Google Cloud project; default: the one gcloud is set to
  --workdir=DIR      the run's folder there: absolute, or below the home folder; given to the training
                     as --workdir. Default: geoself_run. It dies with the TPU: fetch it before
  --source=DIR       git repository to send; default: the one this script is in
  --out=DIR          local folder for fetch, and for the source as sent; default: runs/NAME
  --dry-run          prints every command, one per line and quoted, and runs none
  -- ARGUMENT ...    passed as they are to `python3 -m geoself_jax.train` on all workers

Slices of several hosts (v5litepod-16 and larger) train one run together; worker 0 writes the folder.
Run `ssh-add ~/.ssh/google_compute_engine` first, or gcloud will not copy to them.
TPU7x (Ironwood) is not served by this interface of Google's: use GKE for it.
After Ctrl-C in `run` the TPU stays, and bills, until `delete`.

Exit codes: the first call that fails gives its own. Of the training (run, all):
  0 done           64 usage, configuration   65 bad data        66 input missing   69 no device
  70 diverged      73 folder in use          74 input, output   75 interrupted and saved: run again
Of gcloud: 1 or 2 refused; 255 connection lost, as when a Spot TPU is taken back: run again.
Of this script: 64 usage; 69 no gcloud; 129, 130, 143 stopped by hang-up, Ctrl-C, SIGTERM.
EOF
}

complain() { printf 'error: %s\n' "${1//$'\n'/ }" >&2; } # WHAT - WHY - DO THIS, in one line

refuse() {
  complain "$1"
  exit 64
}

# The words on one line, each quoted so that a shell reads back exactly these words.
quoted() {
  local line
  printf -v line '%q ' "$@"
  printf '%s' "${line% }"
}

# Runs one command, or only prints it under --dry-run. It runs behind `wait`, where bash acts on a
# signal at once: else a SIGTERM to this script would be seen only when the training has ended.
call() {
  local code=0
  if [[ $dry_run ]]; then
    quoted "$@" && echo
    return
  fi
  [[ -z $stopped ]] || exit "$stopped"
  ([[ -z $patient ]] || trap '' HUP INT TERM; exec "$@") <&0 &
  child=$!
  wait "$child" || code=$?
  while kill -0 "$child" 2>/dev/null; do # a signal ends `wait` before the command
    code=0
    wait "$child" || code=$?
  done
  child=''
  ((code == 0)) || [[ $stopped ]] ||
    complain "$(quoted "${@:1:6}") - exit code $code - see what it said above, and --help"
  return "$code"
}

# shellcheck disable=SC2329 # the traps at the end call it
on_signal() {
  stopped=$1
  [[ $patient || -z $child ]] || kill -TERM "$child"
}

tpu() { call gcloud compute tpus tpu-vm "$@" "--zone=$zone" ${project:+"--project=$project"}; }

create() { tpu create "$name" "--accelerator-type=$type" "--version=$version" ${spot:+--spot}; }

delete() { tpu delete "$name" --quiet; }

send() {
  call mkdir -p "$out" &&
    call git -C "$source" archive --format=tar.gz "--output=$out/geoself_source.tar.gz" HEAD &&
    tpu scp "$out/geoself_source.tar.gz" "$name:geoself_source.tar.gz" --worker=all
}

# Nothing of the user's is in this command. JAX wants Python 3.11 and the runtimes (Ubuntu 22.04)
# have 3.10: uv, from PyPI, brings one. The constraint keeps jax[tpu] from moving the pinned jax.
install() {
  tpu ssh "$name" --worker=all --command='set -e
    rm -rf geoself_source && mkdir geoself_source
    tar -xzf geoself_source.tar.gz -C geoself_source
    if [ ! -x geoself_venv/bin/python3 ]; then
      python3 -m pip install --user uv
      python3 -m uv venv --clear --seed --python 3.11 geoself_venv
    fi
    cd geoself_source
    ../geoself_venv/bin/pip install -c requirements.txt -r requirements.txt -e . "jax[tpu]"'
}

# JAX_PLATFORMS: no TPU is an error, not a silent CPU. Port: JAX's own choice, 8482, is not open
# between the hosts of a slice (jax#35905). flock: gcloud starts the command again when the
# connection breaks; the second waits 10 min for the first to end. Keep-alive: a TPU that
# vanished is noticed after 3 min.
train() {
  local folder=$workdir
  [[ $folder == /* ]] || folder=../$folder
  tpu ssh "$name" --worker=all --ssh-flag=-oServerAliveInterval=60 --command="$(
    printf 'cd geoself_source && JAX_PLATFORMS=tpu,cpu JAX_COORDINATOR_PORT=8476 '
    printf 'flock -w 600 -E 73 ../geoself.lock ../geoself_venv/bin/python3 -m geoself_jax.train '
    printf -- '--config.distributed.coordinator=cluster '
    quoted "--workdir=$folder" "$@"
  )"
}

# A tar archive under a fixed name, since scp would expand the user's folder name over there.
fetch() {
  call mkdir -p "$out" || return
  tpu ssh "$name" --worker=0 --command="tar -czf geoself_run.tar.gz -C $(quoted "$workdir") ." &&
    tpu scp "$name:geoself_run.tar.gz" "$out/geoself_run.tar.gz" --worker=0 &&
    call tar -xzf "$out/geoself_run.tar.gz" -C "$out" &&
    call rm "$out/geoself_run.tar.gz"
}

all() {
  local code=0 fetched=0
  patient=yes # a create cut short could leave a TPU that nobody deletes
  create || {
    code=$?
    complain "$name was not created - see above - make sure: gcloud compute tpus tpu-vm list"
    return "$code"
  }
  trap delete_at_exit EXIT
  patient=''
  send && install || return
  train "$@" || code=$?
  fetch || fetched=$?
  ((fetched == 0)) || complain "$out does not have the run - fetch failed with exit code $fetched \
- it is lost with the TPU; train again"
  return $((code ? code : fetched))
}

# shellcheck disable=SC2329 # the trap in all calls it
delete_at_exit() {
  local code=$? deleted=0
  trap '' HUP INT TERM
  stopped=''
  delete || deleted=$?
  ((deleted == 0)) || complain "$name may still exist and bill - delete failed with exit code \
$deleted - run the delete above again"
  exit $((code ? code : deleted))
}

command='' name='' zone='' type='' version='' project='' workdir=geoself_run out=''
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
spot='' dry_run='' stopped='' patient='' child='' separator=''
while (($#)); do
  case $1 in
    --help | -h) usage && exit ;;
    --spot) spot=yes ;;
    --dry-run) dry_run=yes ;;
    --name | --zone | --type | --version | --project | --workdir | --source | --out)
      (($# > 1)) || refuse "$1 - has no value - write $1=VALUE"
      printf -v "${1#--}" %s "$2" && shift ;;
    --name=* | --zone=* | --type=* | --version=* | --project=* | --workdir=* | --source=* | --out=*)
      option=${1%%=*} && printf -v "${option#--}" %s "${1#*=}" ;;
    --) separator=yes && shift && break ;;
    create | run | fetch | delete | all)
      [[ -z $command ]] || refuse "$1 - there is a command already, $command - give one"
      command=$1 ;;
    *) refuse "$1 - no such command or option - see --help; put training arguments after --" ;;
  esac
  shift
done

[[ $command ]] || refuse "no command - one is needed - give create, run, fetch, delete or all"
[[ ! $separator || $command == run || $command == all ]] ||
  refuse "-- - $command does not train - leave out -- and what follows it"
needed='name zone workdir source'
[[ $command != create && $command != all ]] || needed="$needed type version"
for option in $needed; do
  [[ ${!option} ]] || refuse "--$option - $command needs it - add --$option=VALUE (see --help)"
done
[[ $name != -* ]] || refuse "--name=$name - gcloud would take it for an option - drop the dash"
[[ $workdir != *://* ]] ||
  refuse "--workdir=$workdir - a run is written to a disk - give a folder; fetch brings it here"
out=${out:-runs/$name}
[[ $out == /* ]] || out=$PWD/$out
workdir=${workdir#\~/} # a relative folder is below the home folder over there anyway
if [[ ! $dry_run ]]; then
  command -v gcloud >/dev/null || {
    complain "gcloud - not on PATH - install the Google Cloud CLI: https://cloud.google.com/sdk"
    exit 69
  }
  [[ $command != run && $command != all ]] ||
    [[ -z $(git -C "$source" status --porcelain 2>/dev/null) ]] ||
    printf 'note: %s has uncommitted changes: they are not sent\n' "$source" >&2
fi
trap 'on_signal 129' HUP
trap 'on_signal 130' INT
trap 'on_signal 143' TERM
case $command in
  create) create ;;
  run) send && install && train "$@" ;;
  fetch) fetch ;;
  delete) delete ;;
  all) all "$@" ;;
esac
code=$?
exit "${stopped:-$code}"
