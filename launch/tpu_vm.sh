#!/usr/bin/env bash
# Drives one Cloud TPU VM or pod slice: create, run, fetch, delete, or all four. See --help.
set -uo pipefail
# shellcheck source=launch/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  cat <<'EOF'
Usage: launch/tpu_vm.sh COMMAND --name=NAME --zone=ZONE [OPTION ...] [-- TRAINING ARGUMENT ...]

Commands
  create   makes the TPU; from then on it bills
  run      sends the source's last commit and --data to all workers, installs, trains on all
           workers; what else is not committed is not sent: the training must find it over there
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
  --data=FILE        .npz to send (run, all) and to train on, unless --config.data.train is given
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

create() {
  tpus tpu-vm create "$name" "--accelerator-type=$type" "--version=$version" ${spot:+--spot}
}

delete() { tpus tpu-vm delete "$name" --quiet; }

train_there() { train geoself_jax.train "--workdir=$there"; }

# A tar archive under a fixed name, since scp would expand the user's folder name over there.
fetch() {
  call mkdir -p "$out" || return
  tpus tpu-vm ssh "$name" --worker=0 \
    --command="tar -czf geoself_run.tar.gz -C $(quoted "$workdir") ." &&
    tpus tpu-vm scp "$name:geoself_run.tar.gz" "$out/geoself_run.tar.gz" --worker=0 &&
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
  train_there || code=$?
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

word() {
  case $1 in
    create | run | fetch | delete | all)
      [[ -z $command ]] || refuse "$1 - there is a command already, $command - give one"
      command=$1 ;;
    *) refuse "$1 - no such command or option - see --help; put training arguments after --" ;;
  esac
}

command=''
read_options 'name zone type version project workdir data source out' 'spot dry-run' "$@"
[[ $command ]] || refuse "no command - one is needed - give create, run, fetch, delete or all"
[[ ! $separator || $command == run || $command == all ]] ||
  refuse "-- - $command does not train - leave out -- and what follows it"
require "$command" name zone workdir source
[[ $command != create && $command != all ]] || require "$command" type version
settle 'give a folder; fetch brings it here'
[[ $command != run && $command != all ]] || tell_of_changes
case $command in
  create) create ;;
  run) send && install && train_there ;;
  fetch) fetch ;;
  delete) delete ;;
  all) all ;;
esac
code=$?
exit "${stopped:-$code}"
