#!/usr/bin/env python3
"""Loads shared out by those who launch processes: Slurm and Open MPI for real, where they are
installed, and the manifests for Kubernetes without a cluster."""
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from fleetsim_test import FLEETSIM, ROOT, check, check_equal, check_in, main  # noqa: E402

try:
    import yaml
except ImportError:
    yaml = None

BRIEF = ["--vehicles", "20", "--commands", "20/s", "--warm-up", "1s", "--duration", "3s", "--ramp", "1s",
         "--lag-budget", "10s", "--lateness-budget", "10s", "--task-budget", "10s"]
DEPLOY = os.path.join(ROOT, "deploy")


def skip(test, why):
    print(f"skipped {test}: {why}", flush=True)


def check_whole(folder, shards, cars, status=0):
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as f:
        whole = json.load(f)
    check_equal(whole["exit_status"], status, f"exit status ({whole['reason']})")
    check_equal([p["lost"] for p in whole["merged_from"]], [None] * shards, "lost shards")
    check_equal(whole["load"]["vehicles"], cars, "cars")
    check_equal(whole["counters"]["connect.succeeded"], cars, "connects")
    check(os.path.exists(os.path.join(folder, "report.html")), "no page")
    return whole


# ---- Slurm ----

SLURM_CONF = """
ClusterName=fleetsim-test
SlurmctldHost={host}
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={ctld}
SlurmdPort={d}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName={host} CPUs=8 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """A Slurm of one node that thinks it has eight processors: its own two daemons in the foreground, no service, no
    munge, nothing outside of its folder."""

    def __init__(self, place):
        self.dir = place.path("slurm")
        os.makedirs(f"{self.dir}/state")
        os.makedirs(f"{self.dir}/spool")
        conf = place.write("slurm/slurm.conf", SLURM_CONF.format(
            host=socket.gethostname().split(".")[0], user="root", dir=self.dir, ctld=free_port(), d=free_port()))
        self.env = {**place.environment(), "SLURM_CONF": place.path(conf), "FLEETSIM": FLEETSIM}
        self.place, self.daemons = place, []

    def __enter__(self):
        for daemon in ("slurmctld", "slurmd"):
            with open(f"{self.dir}/{daemon}.out", "wb") as out:
                self.daemons.append(subprocess.Popen([daemon, "-D"], env=self.env, stdout=out, stderr=out,
                                                     stdin=subprocess.DEVNULL))
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def ready(self):
        """Does it come up here? If not, what it said."""
        end = time.monotonic() + 40
        while time.monotonic() < end and all(d.poll() is None for d in self.daemons):
            seen = self.run("sinfo", "-h", "-o", "%t")
            if seen.returncode == 0 and seen.stdout.split() == ["idle"]:
                return None
            time.sleep(0.2)
        said = ""
        for daemon in ("slurmctld", "slurmd"):
            with open(f"{self.dir}/{daemon}.out", encoding="utf-8", errors="replace") as f:
                said += "".join(line for line in f if "error" in line)
        return said or "it did not come up within 40 s"

    def run(self, *command, timeout=120):
        return subprocess.run(command, env=self.env, cwd=self.place.dir, capture_output=True, text=True, timeout=timeout,
                              check=False)


def slurm_runs_the_batch_script(place):
    """deploy/slurm/load.sbatch: four tasks, one merged result, and the job's exit status is its verdict: a limit missed."""
    if not all(shutil.which(p) for p in ("slurmctld", "slurmd", "sbatch", "srun")):
        skip("slurm", "no Slurm here (apt-get install slurm-wlm)")
        return
    if os.getuid() != 0:
        skip("slurm", "slurmd wants to be root")
        return
    with Cluster(place) as cluster:
        why = cluster.ready()
        if why is not None:
            skip("slurm", why.strip().replace("\n", "; "))
            return
        with place.cloud() as cloud:
            batch = ["sbatch", "--wait", "--ntasks=4", "--output=job.out", os.path.join(DEPLOY, "slurm", "load.sbatch")]
            done = cluster.run(*batch, *BRIEF, "--cloud", "lab", "--limit", "command.total p50 < 1us")
            with open(place.path("job.out"), encoding="utf-8") as f:
                said = f.read()
            check_equal(done.returncode, 5, f"exit status of sbatch ({done.stderr}{said})")
            check_in("merged: 4 of 4 runs whole; a limit was missed", said)
            folder = glob.glob(place.path("results/job-*"))[0]
            check_whole(f"{folder}/merged", 4, 20, 5)
            with open(f"{folder}/shard-0003.log", encoding="utf-8") as f:
                check_in("shard 3 of 4 (Slurm): cars 15 to 19 of 20", f.read())
            cloud.send(2)
            cloud.wait()


# ---- Open MPI ----

def mpirun_launches_shards(place):
    if shutil.which("mpirun") is None:
        skip("mpirun", "no Open MPI here (apt-get install openmpi-bin)")
        return
    root = ["--allow-run-as-root"] if os.getuid() == 0 else []
    with place.cloud() as cloud:
        command = ["mpirun", *root, "--oversubscribe", "-n", "3", FLEETSIM, "load", *BRIEF, "--cloud", "lab", "--seed", "5",
                   "--name", "mpi", "--meet", "meeting"]
        done = subprocess.run(command, cwd=place.dir, capture_output=True, text=True, timeout=120, check=False,
                              env={**place.environment(), "OMPI_MCA_plm": "isolated", "OMPI_MCA_btl": "self"})
        check_equal(done.returncode, 0, f"exit status of mpirun ({done.stdout}{done.stderr})")
        check_in("shard 2 of 3 (Open MPI)", done.stderr)
        cloud.send(2)
        cloud.wait()
    place.run("report", "merge", "results/mpi", "-o", "all").expect(0, "merged: 3 of 3 runs whole")
    check_whole(place.path("all"), 3, 20)


# ---- Kubernetes ----

def manifests():
    """All objects of the folder's kustomization, by kind and name."""
    folder = os.path.join(DEPLOY, "kubernetes")
    objects = {}
    with open(os.path.join(folder, "kustomization.yaml"), encoding="utf-8") as f:
        files = yaml.safe_load(f)["resources"]
    check_equal(sorted(files), sorted(set(os.listdir(folder)) - {"kustomization.yaml"}), "files of the kustomization")
    for name in files:
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            for o in yaml.safe_load_all(f):
                objects[o["kind"], o["metadata"]["name"]] = o
    return objects


def expand(text, env):
    """$(NAME), as the kubelet does it: what is not known stays."""
    return re.sub(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", lambda m: env.get(m.group(1), m.group(0)), text)


def environment_of(container, objects, secrets):
    env = {}
    for source in container.get("envFrom", []):
        env.update(objects["ConfigMap", source["configMapRef"]["name"]]["data"])
    for variable in container.get("env", []):
        if "value" in variable:
            env[variable["name"]] = variable["value"]
        elif "configMapKeyRef" in variable["valueFrom"]:
            ref = variable["valueFrom"]["configMapKeyRef"]
            env[variable["name"]] = objects["ConfigMap", ref["name"]]["data"][ref["key"]]
        else:
            ref = variable["valueFrom"]["secretKeyRef"]
            env[variable["name"]] = secrets[ref["name"], ref["key"]]
    return env


def check_pod(spec, objects):
    check_equal(spec["restartPolicy"], "Never", "restartPolicy")
    volumes = {v["name"]: v for v in spec["volumes"]}
    for v in volumes.values():
        claim = v.get("persistentVolumeClaim", {}).get("claimName")
        check(claim is None or ("PersistentVolumeClaim", claim) in objects, f"no claim {claim}")
    for container in spec.get("initContainers", []) + spec["containers"]:
        for mount in container["volumeMounts"]:
            check(mount["name"] in volumes, f"no volume {mount['name']}")
        check("image" in container, "no image")


def kubernetes_manifests_fit_together(place):
    if yaml is None:
        skip("kubernetes", "no python3-yaml here")
        return
    objects = manifests()
    load, merge = objects["Job", "fleetsim-load"]["spec"], objects["Job", "fleetsim-merge"]["spec"]
    data = objects["ConfigMap", "fleetsim-load"]["data"]
    check(all(isinstance(v, str) for v in data.values()), f"a ConfigMap has texts only: {data}")
    for job in (load, merge):
        check_pod(job["template"]["spec"], objects)
    check_equal(load["completionMode"], "Indexed", "completionMode")
    check_equal((load["completions"], load["parallelism"]), (int(data["FLEETSIM_SHARD_COUNT"]),) * 2, "shards")
    check("backoffLimit" not in load and load["backoffLimitPerIndex"] == 0, "a lost shard would be run again")
    check_equal(load["maxFailedIndexes"], load["completions"], "one lost shard would end the others")
    service = objects["Service", "fleetsim-load"]["spec"]
    labels = load["template"]["metadata"]["labels"]
    check(service["selector"].items() <= labels.items(), f"the service selects {service['selector']}, pods have {labels}")
    monitor = objects["ServiceMonitor", "fleetsim-load"]["spec"]
    check(monitor["selector"]["matchLabels"].items() <= objects["Service", "fleetsim-load"]["metadata"]["labels"].items(),
          "the monitor selects another service")
    ports = {p["name"]: p["containerPort"] for p in load["template"]["spec"]["containers"][0]["ports"]}
    check_equal(ports[service["ports"][0]["targetPort"]], int(data["FLEETSIM_METRICS"].rsplit(":", 1)[1]), "port of metrics")
    known = place.run("load", "--help").expect(0).out
    for name in data:
        option = "--" + name.removeprefix("FLEETSIM_").lower().replace("_", "-")
        check(name == "FLEETSIM_SHARD_COUNT" or re.search(rf"{option}\b", known), f"{name}: fleetsim load has no {option}")


def kubernetes_containers_do_what_they_say(place):
    """Each container's command with its environment, as many pods as there are, on a cloud here."""
    if yaml is None:
        skip("kubernetes", "no python3-yaml here")
        return
    objects = manifests()
    data = objects["ConfigMap", "fleetsim-load"]["data"]
    pods = 3
    data.update({"FLEETSIM_SHARD_COUNT": str(pods), "FLEETSIM_VEHICLES": "20", "FLEETSIM_COMMANDS": "20/s",
                 "FLEETSIM_DURATION": "3s", "FLEETSIM_LIMIT": "command.total p99 < 20s", "FLEETSIM_METRICS": ":0",
                 "FLEETSIM_RESULTS": place.path("results"), "FLEETSIM_MEET": place.path("meeting"),
                 "FLEETSIM_PKI": place.path("pki")})
    secrets = {("fleetsim-pki", "seed"): "of a test"}
    more = {"FLEETSIM_LAG_BUDGET": "10s", "FLEETSIM_LATENESS_BUDGET": "10s", "FLEETSIM_WARM_UP": "1s", "FLEETSIM_RAMP": "1s"}

    def start(container, env):
        arguments = [expand(a, env).replace("/pki", place.path("pki")) if a == "/pki" else expand(a, env)
                     for a in container["args"]]
        return place.start(*arguments, env={**env, **more})

    pod = objects["Job", "fleetsim-load"]["spec"]["template"]["spec"]
    init = pod["initContainers"][0]
    start(init, environment_of(init, objects, secrets)).wait().expect(0)
    with place.cloud("pki") as cloud:  # the broker that trusts these certificates
        data["FLEETSIM_ENDPOINT"] = cloud.endpoint
        env = environment_of(pod["containers"][0], objects, secrets)
        merge = objects["Job", "fleetsim-merge"]["spec"]["template"]["spec"]["containers"][0]
        merging = start(merge, environment_of(merge, objects, secrets))  # applied at the same time, it waits
        running = [start(pod["containers"][0], {**env, "JOB_COMPLETION_INDEX": str(i)}) for i in range(pods)]
        for r in running:
            r.wait(90).expect(0)
        merging.wait().expect(0, "merged: 3 of 3 runs whole")
        # A pod that is made anew for a lost one does not run its cars once more.
        start(pod["containers"][0], {**env, "JOB_COMPLETION_INDEX": "1"}).wait().expect(2, "has been there")
        cloud.send(2)
        cloud.wait()
    check_whole(place.path(f"results/{data['FLEETSIM_NAME']}/merged"), pods, 20)


if __name__ == "__main__":
    check(os.path.exists(FLEETSIM), "not built")
    main([slurm_runs_the_batch_script, mpirun_launches_shards, kubernetes_manifests_fit_together,
          kubernetes_containers_do_what_they_say])
