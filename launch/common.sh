# What tpu_vm.sh and tpu_spot.sh share: reading options, calling gcloud, sending and starting the
# training on all workers of a TPU. They source it; it does nothing by itself.
# Written for bash 3.2 and later: a Mac still ships that one.
# shellcheck shell=bash disable=SC2034 # variables are the scripts', both ways

# shellcheck disable=SC2154 # name, zone, ... are set by read_options
name='' zone='' type='' version='' project='' workdir=geoself_run data='' out=''
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
there='' spot='' dry_run='' stopped='' patient='' child='' separator='' training=() busy=73

complain() { printf 'error: %s\n' "${1//$'\n'/ }" >&2; } # WHAT - WHY - DO THIS, in one line

refuse() {
  complain "$1"
  exit 64
}

# read_options 'VALUED ...' 'FLAGS ...' WORD...: `--NAME=VALUE`, `--NAME VALUE` and `--FLAG` into
# variables of their names, other words to `word`, what stands after `--` into `training`.
read_options() {
  local valued=" $1 " flags=" $2 " option
  shift 2
  while (($#)); do
    option=${1%%=*} && option=${option#--}
    [[ $option =~ ^[a-z]+(-[a-z]+)*$ ]] || option=-
    case $1 in
      --help | -h) usage && exit ;;
      --) separator=yes && shift && training=("$@") && return ;;
      -*)
        if [[ $flags == *" $option "* && $1 != *=* ]]; then
          printf -v "${option//-/_}" yes
        elif [[ $valued != *" $option "* ]]; then
          refuse "$1 - no such option - see --help; put training arguments after --"
        elif [[ $1 == *=* ]]; then
          printf -v "$option" %s "${1#*=}"
        else
          (($# > 1)) || refuse "$1 - has no value - write $1=VALUE"
          printf -v "$option" %s "$2" && shift
        fi ;;
      *) word "$1" ;;
    esac
    shift
  done
}

# require WHO OPTION...: complains of the first option that has no value.
require() {
  local who=$1 option
  shift
  for option; do
    [[ ${!option} ]] || refuse "--$option - $who needs it - add --$option=VALUE (see --help)"
  done
}

# What is the same for all commands once the options are read.
settle() {
  [[ $name != -* ]] || refuse "--name=$name - gcloud would take it for an option - drop the dash"
  [[ $workdir != *://* ]] || refuse "--workdir=$workdir - a run is written to a disk - $1"
  out=${out:-runs/$name}
  [[ $out == /* ]] || out=$PWD/$out
  workdir=${workdir#\~/} # a relative folder is below the home folder over there anyway
  there=$workdir         # as seen from geoself_source, where the training runs
  [[ $there == /* ]] || there=../$there
  trap 'on_signal 129' HUP
  trap 'on_signal 130' INT
  trap 'on_signal 143' TERM
  [[ ! $data || $data == /* ]] || data=$PWD/$data # gcloud takes a:b for a machine's file, /a:b not
  [[ ! $dry_run ]] || return 0
  [[ ! $data || -f $data ]] || {
    complain "--data=$data - no such file - check the path"
    exit 66
  }
  command -v gcloud >/dev/null || {
    complain "gcloud - not on PATH - install the Google Cloud CLI: https://cloud.google.com/sdk"
    exit 69
  }
}

tell_of_changes() {
  [[ $dry_run || -z $(git -C "$source" status --porcelain 2>/dev/null) ]] ||
    printf 'note: %s has uncommitted changes: they are not sent\n' "$source" >&2
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

on_signal() {
  stopped=$1
  [[ $patient || -z $child ]] || kill -TERM "$child"
}

tpus() { call gcloud compute tpus "$@" "--zone=$zone" ${project:+"--project=$project"}; }

send() {
  call mkdir -p "$out" &&
    call git -C "$source" archive --format=tar.gz "--output=$out/geoself_source.tar.gz" HEAD &&
    tpus tpu-vm scp "$out/geoself_source.tar.gz" "$name:geoself_source.tar.gz" --worker=all &&
    { [[ ! $data ]] || tpus tpu-vm scp "$data" "$name:geoself_data.npz" --worker=all; }
}

# Nothing of the user's is in this command. JAX wants Python 3.11 and the runtimes (Ubuntu 22.04)
# have 3.10: uv, from PyPI, brings one. The constraint keeps jax[tpu] from moving the pinned jax.
install() {
  tpus tpu-vm ssh "$name" --worker=all --command='set -e
    rm -rf geoself_source && mkdir geoself_source
    tar -xzf geoself_source.tar.gz -C geoself_source
    if [ ! -x geoself_venv/bin/python3 ]; then
      python3 -m pip install --user uv
      python3 -m uv venv --clear --seed --python 3.11 geoself_venv
    fi
    cd geoself_source
    ../geoself_venv/bin/pip install -c requirements.txt -r requirements.txt -e . "jax[tpu]"'
}

# train MODULE WORD...: runs a module of the package on all workers, in the folder of the source,
# with what is passed to the training on top.
# JAX_PLATFORMS: no TPU is an error, not a silent CPU. Port: JAX's own choice, 8482, is not open
# between the hosts of a slice (jax#35905). Bind: JAX listens at every address of a machine; here
# at the first one, which is the private one of a TPU VM. flock: gcloud starts the command again
# when the connection breaks; the second waits 10 min for the first to end. Keep-alive: a TPU that
# vanished is noticed after 3 min.
train() {
  tpus tpu-vm ssh "$name" --worker=all --ssh-flag=-oServerAliveInterval=60 --command="$(
    printf 'cd geoself_source && JAX_PLATFORMS=tpu,cpu JAX_COORDINATOR_PORT=8476 '
    printf '%s ' "JAX_COORDINATOR_BIND_ADDRESS=\$(hostname -I | cut -d ' ' -f 1):8476"
    printf 'flock -w 600 -E %s ../geoself.lock ../geoself_venv/bin/python3 -m ' "$busy"
    quoted "$@" --config.distributed.coordinator=cluster \
      ${data:+--config.data.train=../geoself_data.npz} ${training[@]+"${training[@]}"}
  )"
}
