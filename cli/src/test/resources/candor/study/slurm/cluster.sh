#!/bin/bash
# A Slurm cluster of one machine, for a test: slurmctld, slurmd and munged from Debian's packages, unpacked and run under a folder
# of its own; nothing is installed, and nothing outside the folder is written. It has two nodes of two processors
# each, which are this machine twice.
#   cluster.sh start FOLDER     prints FOLDER/bin, to be put in front of PATH; exit 3 where the programs cannot be had
#   cluster.sh stop FOLDER
set -euo pipefail
here=$(realpath -m "$2")
root=$here/root

unavailable() {
    echo "no Slurm: $*" >&2
    exit 3
}

stop() {
    local name
    for name in slurmctld slurmd.one slurmd.two munged; do
        if [[ -s $here/$name.pid ]]; then
            kill "$(<"$here/$name.pid")" 2>/dev/null || true
        fi
    done
}

# The cluster ends with whoever started it, should that be killed.
watch() {
    while kill -0 "$1" 2>/dev/null && [[ -d $here ]]; do
        sleep 2
    done
    stop
}

if [[ $1 == stop ]]; then
    stop
    exit 0
fi

mkdir -p "$here"/{debs/partial,root,bin,state,spool,munge,logs}
chmod 700 "$here/munge"

# apt downloads what the machine has not installed, and dpkg only unpacks it.
command -v apt-get >/dev/null && command -v dpkg >/dev/null || unavailable "no apt-get and dpkg on the PATH"
apt-get -y -qq install --download-only --no-install-recommends -o Debug::NoLocking=1 \
    -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o Acquire::https::Timeout=10 \
    -o Dir::Cache::archives="$here/debs" slurmctld slurmd slurm-client munge >"$here/logs/apt" 2>&1 \
    || unavailable "apt-get cannot download the packages: $(tail -n 1 "$here/logs/apt")"
for deb in "$here"/debs/*.deb; do
    [[ -e $deb ]] && dpkg -x "$deb" "$root"
done
# Where all is installed, nothing was unpacked, and find has one folder less to look into.
libraries=$(find "$root/usr/lib" /usr/lib -maxdepth 3 -name 'libslurmfull.so' -printf '%h\n' 2>/dev/null | head -n 1) || true
[[ -n $libraries ]] || unavailable "the packages have no libslurmfull.so"
program() {
    local place
    for place in "$root"/usr/{sbin,bin}/"$1"{-wlm,} /usr/{sbin,bin}/"$1"; do
        [[ -x $place ]] && echo "$place" && return
    done
    unavailable "there is no program $1"
}
export LD_LIBRARY_PATH=$libraries:${libraries%/*}

port=$((30000 + RANDOM % 10000))
cat >"$here/slurm.conf" <<END
ClusterName=candor
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$((20000 + RANDOM % 10000))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$here/munge/socket
CryptoType=crypto/munge
PluginDir=$libraries
StateSaveLocation=$here/state
SlurmdSpoolDir=$here/spool/%n
SlurmctldPidFile=$here/slurmctld.pid
SlurmdPidFile=$here/slurmd.%n.pid
SlurmctldLogFile=$here/logs/slurmctld
SlurmdLogFile=$here/logs/slurmd.%n
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MinJobAge=3600
ReturnToService=2
KillWait=5
NodeName=one NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$port CPUs=2 RealMemory=1024 State=UNKNOWN
NodeName=two NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2 RealMemory=1024 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
END
export SLURM_CONF=$here/slurm.conf

watch "$PPID" </dev/null >/dev/null 2>&1 &

head -c 1024 /dev/urandom >"$here/munge/key"
chmod 400 "$here/munge/key"
"$(program munged)" --force --num-threads=1 --key-file="$here/munge/key" --socket="$here/munge/socket" \
    --pid-file="$here/munged.pid" --log-file="$here/logs/munged" --seed-file="$here/munge/seed" \
    >"$here/logs/munged.out" 2>&1 || unavailable "munged does not start: $(tail -n 1 "$here/logs/munged.out")"
"$(program slurmctld)" -f "$SLURM_CONF" >"$here/logs/slurmctld.out" 2>&1 \
    || unavailable "slurmctld does not start: $(tail -n 1 "$here/logs/slurmctld.out")"
for node in one two; do
    mkdir "$here/spool/$node"
    # Debian's is built for several on a machine.
    "$(program slurmd)" -N "$node" -f "$SLURM_CONF" -d "$(program slurmstepd)" >"$here/logs/slurmd.$node.out" 2>&1 \
        || unavailable "slurmd does not start: $(tail -n 1 "$here/logs/slurmd.$node.out")"
done

for name in sbatch srun squeue scontrol scancel sinfo; do
    cat >"$here/bin/$name" <<END
#!/bin/bash
LD_LIBRARY_PATH='$LD_LIBRARY_PATH' SLURM_CONF='$SLURM_CONF' exec '$(program "$name")' "\$@"
END
    chmod +x "$here/bin/$name"
done
for ((i = 0; i < 100; i++)); do
    if [[ $("$here/bin/sinfo" -h -N -o %t 2>"$here/logs/sinfo") == $'idle\nidle' ]]; then
        echo "$here/bin"
        exit 0
    fi
    sleep 0.2
done
stop
unavailable "the nodes do not become idle: $(tail -n 1 "$here"/logs/slurmd.* "$here/logs/slurmctld" 2>/dev/null | tr '\n' ' ')"
