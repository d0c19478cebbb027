"""Starts an agent for a script on a free port, waits for it, drains its output, ends it; and shared helpers."""

import json
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request


def free_port():
    """Returns a TCP port that is currently free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    """CPU time of a process, with that of its ended threads: its CPU clock (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


class Agent:
    """A serving agent; use it in a `with` statement.

    binary       path of the program
    arguments    further flags besides --serve and --port
    environment  variables to add
    descriptors  its limit of open files
    scheme       of its URL; certificates are not verified
    """

    def __init__(self, binary, *arguments, environment=None, port=0, descriptors=None, scheme="http"):
        self.lines = []
        command = [binary, "--serve", "--port", str(port), *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})},
            preexec_fn=descriptors and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors,) * 2)))
        self.pid, self.url = self.process.pid, None
        listening = threading.Event()

        def drain():
            # A pipe without a reader would block the agent once it is full.
            for line in self.process.stderr:
                self.lines.append(line.rstrip())
                found = re.search(r"listening on (%s://\S+?)/?\s*$" % scheme, line)
                if found:
                    self.url = found.group(1)
                    listening.set()
            listening.set()

        self.reader = threading.Thread(target=drain, daemon=True)
        self.reader.start()
        began = time.monotonic()
        if not listening.wait(40) or self.url is None:
            threads = self.threads()
            status = self.stop()
            raise SystemExit("%s does not listen after %.1f s, exit status %s, threads: %s; its last lines: %s" % (
                " ".join(command), time.monotonic() - began, status, threads, " / ".join(self.lines[-3:])))
        self.address = self.url.removeprefix(scheme + "://")
        self.port = int(self.address.rsplit(":", 1)[1])
        limit = time.monotonic() + 30
        while True:
            try:
                self.read("/health")
                break
            except OSError:
                if time.monotonic() > limit:
                    self.stop()
                    raise
                time.sleep(0.05)

    def threads(self):
        """Returns name, state and system call of each thread, to see where an agent hangs; "" after its end."""
        folder = "/proc/%d/task" % self.pid
        try:
            found = []
            for thread in os.listdir(folder):
                texts = []
                for name in ("stat", "wchan", "syscall"):
                    try:
                        with open("%s/%s/%s" % (folder, thread, name)) as file:
                            texts.append(file.read())
                    except OSError:
                        texts.append("")
                stat, channel, call = texts
                state = stat[stat.find("("):stat.rfind(")") + 3]
                found.append("%s %s %s" % (state, channel, " ".join(call.split()[:3])))
            return ", ".join(found)
        except OSError:
            return ""

    def read(self, path, timeout=30, token=None):
        """Returns the bytes of a response."""
        headers = {"Authorization": "Bearer " + token} if token else {}
        request = urllib.request.Request(self.url + path, headers=headers)
        context = ssl._create_unverified_context() if self.url.startswith("https:") else None
        with urllib.request.urlopen(request, timeout=timeout, context=context) as response:
            return response.read()

    def json(self, path, timeout=30, token=None):
        """Returns a response as JSON."""
        return json.loads(self.read(path, timeout, token))

    def kill(self):
        """Ends it by SIGKILL, like a crash, and waits for its end."""
        self.process.kill()
        self.process.wait()
        self.stop()

    def stop(self):
        """Ends it and waits for its end; idempotent. Returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(5)
        if not self.process.stderr.closed:
            self.process.stderr.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
