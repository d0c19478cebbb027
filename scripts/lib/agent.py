"""An agent of its own for a script: started on a free port, waited for, drained, ended."""

import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request


class Agent:
    """A serving agent; use it in a `with` statement.

    binary     path of the program
    arguments  further flags; --serve and --port are there already
    """

    def __init__(self, binary, *arguments, environment=None, port=0):
        self.lines = []
        command = [binary, "--serve", "--port", str(port), *map(str, arguments)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})})
        self.pid, self.url = self.process.pid, None
        listening = threading.Event()

        def drain():
            # A pipe that nobody reads would block the agent once it is full.
            for line in self.process.stderr:
                self.lines.append(line.rstrip())
                found = re.search(r"listening on (http://\S+?)/?\s*$", line)
                if found:
                    self.url = found.group(1)
                    listening.set()
            listening.set()

        self.reader = threading.Thread(target=drain, daemon=True)
        self.reader.start()
        if not listening.wait(30) or self.url is None:
            self.stop()
            raise SystemExit("%s does not listen: %s" % (" ".join(command), " / ".join(self.lines[-3:])))
        # Asked through its own machine's loopback, whatever address it is bound to.
        self.port = int(self.url.rsplit(":", 1)[1])
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

    def read(self, path, timeout=30):
        """The bytes of an answer."""
        with urllib.request.urlopen(self.url + path, timeout=timeout) as response:
            return response.read()

    def json(self, path, timeout=30):
        """An answer as JSON."""
        return json.loads(self.read(path, timeout))

    def stop(self):
        """Ends it, and waits for that; a second time does nothing. Returns its exit status."""
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
