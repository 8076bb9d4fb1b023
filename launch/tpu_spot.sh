#!/usr/bin/env bash
# Trains on a Spot TPU, and on the next one whenever it is taken back, until the run is done.
set -uo pipefail
# shellcheck source=launch/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<'EOF'
Usage: launch/tpu_spot.sh --name=NAME --zone=ZONE --type=TYPE --version=VERSION
         --store=gs://BUCKET/FOLDER [OPTION ...] [-- TRAINING ARGUMENT ...]

Asks for a Spot TPU as a queued resource, waits for it, sends and installs the source's last commit,
trains, and deletes it. The run's folder dies with the TPU: so the TPU copies it to the store every
few minutes and at the end, and the next TPU brings it back and continues. The TPU is deleted on
every way out, Ctrl-C included. This script must stay up: start it in tmux, on a machine that does.

Options (--name=NAME or --name NAME)
  --name=NAME        of the TPU and of its queued resource
  --zone=ZONE        such as us-west4-a
  --type=TYPE        accelerator, such as v5litepod-8; our networks need one chip
  --version=VERSION  runtime: v2-alpha-tpuv5-lite for v5e, v2-alpha-tpuv5 for v5p,
                     v2-alpha-tpuv6e for v6e, tpu-ubuntu2204-base for v4 and older
  --store=URL        gs://BUCKET/FOLDER, one folder for each run; the TPU's service account must be
                     able to write there
  --minutes=MINUTES  between two copies; default: 5
  --retries=COUNT    new TPUs after the first; default: 20
  --project=PROJECT  Google Cloud project; default: the one gcloud is set to
  --workdir=DIR      the run's folder on the TPU: absolute, or below the home folder.
                     Default: geoself_run
  --data=FILE        .npz to send and to train on, unless --config.data.train is given
  --source=DIR       git repository to send; default: the one this script is in
  --out=DIR          local folder for the source as sent, and for the run when it has ended;
                     default: runs/NAME
  --dry-run          prints every command of one TPU's life, one per line and quoted; runs none
  -- ARGUMENT ...    passed as they are to `python3 -m geoself_jax.train` on all workers

What is not committed is not sent, except --data. Slices of several hosts train one run together.
TPU7x (Ironwood) is not served by this interface of Google's: see launch/jobset.yaml.
Run `ssh-add ~/.ssh/google_compute_engine` first, or gcloud will not copy to them.

What is tried again, after a pause of 30 s that doubles up to 16 min while lives are short:
  75 interrupted and saved, 255 connection lost, a queued resource that ends without a TPU, and any
  other failure but those below if the TPU is then found to be no longer there.
What is not, whatever became of the TPU:
  0 done     64 usage, configuration     65 bad data     66 input missing     70 diverged
  73 folder in use     74 input, output (the store's, too)
The exit code is that of the last life's first call that failed. Of this script: 64 usage; 69 no
gcloud; 129, 130, 143 stopped by hang-up, Ctrl-C, SIGTERM.
EOF
}

queued() { tpus queued-resources "$@"; }

create() {
  local code=0
  patient=yes # a create cut short could leave a TPU that nobody deletes
  queued create "$name" "--node-id=$name" "--accelerator-type=$type" "--runtime-version=$version" \
    --spot || code=$?
  patient=''
  if ((code == 0)); then
    made=yes # from now on what has this name is ours
  elif [[ ! $made ]]; then
    complain "$name was not created - see above - make sure: gcloud compute tpus queued-resources \
list"
  fi
  return "$code"
}

# Three times, for a moment without a network must not leave a TPU that bills.
delete() {
  local attempt code=0
  for attempt in 1 2 3; do
    code=0
    queued delete "$name" --force --quiet || code=$?
    ((code && attempt < 3)) || return "$code"
    call sleep 30
  done
}

# Sets `state`: the queued resource's, or nothing where it cannot be read.
ask() {
  state=''
  if [[ $dry_run ]]; then
    queued describe "$name" '--format=value(state.state)'
    state=ACTIVE
    return
  fi
  queued describe "$name" '--format=value(state.state)' >"$out/queued_resource_state" || return
  read -r state <"$out/queued_resource_state"
}

wait_until_active() {
  local before='' failures=0
  until ask && [[ $state == ACTIVE ]]; do
    case $state in
      '') ((++failures < 20)) || return 75 ;;
      FAILED | SUSPENDING | SUSPENDED | DELETING)
        complain "$name: $state - the queued resource ended without a TPU - see: gcloud compute \
tpus queued-resources describe"
        return 75 ;;
      *) failures=0 ;;
    esac
    [[ $state == "$before" ]] || printf 'note: %s: %s\n' "$name" "${state:-?}" >&2
    before=$state
    call sleep 30
  done
}

life() {
  create && wait_until_active && send && install &&
    train geoself_jax.keep "--store=$store" "--workdir=$there" "--minutes=$minutes" --
}

# Whether a life that ended with this exit code is followed by another.
worth_another() {
  [[ $made ]] || return 1
  case $1 in
    75 | 255) return 0 ;;
    0 | 64 | 65 | 66 | 70 | 73 | 74) return 1 ;;
  esac
  ask && [[ $state == ACTIVE ]] || return 0
  call sleep 60 # a TPU that is taken back is not said to be at once
  ! { ask && [[ $state == ACTIVE ]]; }
}

lives() {
  local code tries=0 pause=30 began
  while :; do
    began=$SECONDS code=0
    life || code=$?
    worth_another "$code" || return "$code"
    ((tries++ < retries)) || {
      complain "$name - exit code $code, and $retries retries are used up - run the same again"
      return "$code"
    }
    delete || return "$code"
    ((SECONDS - began < 600)) || pause=30
    printf 'note: %s ended with exit code %s; another in %s s, retry %s of %s\n' \
      "$name" "$code" "$pause" "$tries" "$retries" >&2
    call sleep "$pause"
    pause=$((pause < 960 ? 2 * pause : 960))
  done
}

fetch() {
  call gcloud storage cp "$store/run.tar" "$out/run.tar" ${project:+"--project=$project"} &&
    call tar -xf "$out/run.tar" -C "$out" &&
    call rm "$out/run.tar"
}

# shellcheck disable=SC2329 # the trap below calls it
delete_at_exit() {
  local code=$? deleted=0 fetched=0 asked=$stopped
  trap '' HUP INT TERM
  stopped=''
  [[ $made || $dry_run ]] || exit "$code"
  delete || deleted=$?
  ((deleted == 0)) || complain "$name may still exist and bill - delete failed with exit code \
$deleted - run the delete above again"
  [[ $asked ]] || fetch || fetched=$?
  ((fetched == 0)) || complain "$out does not have the run - fetch failed with exit code $fetched \
- what was kept is in $store"
  exit $((code ? code : deleted ? deleted : fetched))
}

word() {
  refuse "$1 - there are no commands - see --help; put training arguments after --"
}

store='' minutes=5 retries=20 made='' state=''
busy=255 # a training that a lost connection left behind: the next TPU continues
read_options \
  'name zone type version store minutes retries project workdir data source out' dry-run "$@"
require tpu_spot.sh name zone type version store minutes retries workdir source
[[ $store == gs://?*/?* ]] || refuse "--store=$store - wanted gs://BUCKET/FOLDER - one for each run"
[[ $store != *[]*?[#]* ]] ||
  refuse "--store=$store - gcloud takes * ? [ ] # for patterns - rename it"
store=${store%/}
[[ $retries =~ ^(0|[1-9][0-9]{0,3})$ ]] ||
  refuse "--retries=$retries - wanted a number - such as 20"
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || refuse "--minutes=$minutes - wanted a number - such as 5"
settle 'give a folder there; --store says where it is kept'
tell_of_changes
call mkdir -p "$out" || exit
trap delete_at_exit EXIT
lives
