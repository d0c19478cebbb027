"""Makes control groups for scripts, in the hierarchies that workloads are read from; needs root.

The groups of a script that was killed stay, and a thousand of them change what an agent costs and how often it reads them:
each script begins with `trees`, which removes those that are still there.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time

# Folders of the groups that were made, a line each; locked by the scripts that make some.
MADE = "/run/worker-agent-scripts-groups"
PR_SET_PDEATHSIG = 1
made = None


def mounts():
    """The folders of the hierarchies by controller; of version 2 under the name unified."""
    found = {}
    with open("/proc/self/mounts") as file:
        for line in file:
            _, folder, kind, options = line.split()[:4]
            if kind == "cgroup2":
                found["unified"] = folder
            elif kind == "cgroup":
                for option in options.split(","):
                    found[option] = folder
    return found


class Group:
    """A control group in each hierarchy that workloads are read from."""

    def __init__(self, path, trees):
        self.trees = trees
        self.folders = sorted({trees[name] + path for name in trees})
        for folder in self.folders:
            if made:
                print(folder, file=made, flush=True)
            os.makedirs(folder, exist_ok=True)
            if list(trees) == ["unified"]:
                self.enable_controllers(trees["unified"], path)

    @staticmethod
    def enable_controllers(root, path):
        """Gives a group of version 2 the files that services and containers have."""
        folder = root
        for name in path.split("/")[1:]:
            with open(folder + "/cgroup.controllers") as file:
                controllers = file.read().split()
            for controller in {"cpu", "io", "memory", "pids"}.intersection(controllers):
                try:
                    with open(folder + "/cgroup.subtree_control", "w") as file:
                        file.write("+" + controller)
                except OSError:
                    pass  # The group has processes.
            folder += "/" + name

    def path(self, controller):
        tree = self.trees.get(controller) or self.trees["unified"]
        return next(folder for folder in self.folders if folder.startswith(tree + "/"))

    def write(self, controller, name, text):
        with open(os.path.join(self.path(controller), name), "w") as file:
            file.write(text)

    def cpu_seconds(self):
        """CPU time by the group's own counter."""
        if "cpuacct" in self.trees:
            with open(os.path.join(self.path("cpuacct"), "cpuacct.usage")) as file:
                return int(file.read()) / 1e9
        with open(os.path.join(self.path("unified"), "cpu.stat")) as file:
            return int(file.readline().split()[1]) / 1e6

    def run(self, *command, **options):
        """Starts a program in the group."""
        library = ctypes.CDLL(None)

        def join():
            library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            for folder in self.folders:
                with open(os.path.join(folder, "cgroup.procs"), "w") as file:
                    file.write("0")
        return subprocess.Popen(command, preexec_fn=join, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)

    def remove(self):
        for folder in self.folders:
            for _ in range(50):
                try:
                    os.rmdir(folder)
                    break
                except OSError:
                    time.sleep(0.1)


def remove_leftovers():
    """Removes the groups that killed scripts have left, unless another script that makes some runs."""
    global made
    made = open(MADE, "a+")
    try:
        fcntl.flock(made, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        fcntl.flock(made, fcntl.LOCK_SH)
        return
    made.seek(0)
    for folder in sorted({line.rstrip("\n") for line in made}, key=len, reverse=True):
        if folder.startswith("/sys/fs/cgroup/"):
            try:
                os.rmdir(folder)
            except OSError:
                pass  # It is gone, or has processes.
    made.truncate(0)
    fcntl.flock(made, fcntl.LOCK_SH)


def end_in_order(number, _):
    """Lets `finally` run."""
    sys.exit(128 + number)


def trees():
    """The hierarchies in which groups are made; None where that is impossible."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_in_order)
    found = mounts()
    wanted = [name for name in ("cpu", "cpuacct", "memory", "blkio", "pids") if name in found]
    chosen = {name: found[name] for name in wanted}
    if "cpuacct" not in chosen:
        if "unified" not in found or not os.path.exists(found["unified"] + "/cgroup.controllers"):
            return None
        chosen = {"unified": found["unified"]}
    try:
        remove_leftovers()
        probe = Group("/worker-agent-probe", chosen)
        probe.remove()
    except OSError:
        return None
    return chosen
