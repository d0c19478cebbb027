"""The agent as a child process, and a wire to it that can be cut."""

import glob
import importlib.util
import os
import re
import select
import shutil
import socket
import tempfile
import threading
import time

from browser import Failure

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


# By its path, because its name is this module's too.
SPECIFICATION = importlib.util.spec_from_file_location("script_agent", os.path.join(REPOSITORY, "scripts/lib/agent.py"))
library = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(library)


class Agent(library.Agent):
    """A serving agent on a port of its own; where no port is given, any free one."""

    def get(self, path, token=None):
        return self.json(path, token=token)


class Wire:
    """Passes connections on to a port, until it is cut, and counts requests and streams."""

    def __init__(self, port):
        self.target = port
        self.is_cut = False
        self.open = set()
        # The connections over which a stream was requested, and the times of all requests by path.
        self.streams = set()
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            if self.is_cut:
                client.close()
            else:
                threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            # The agent has ended, and the page goes on asking.
            client.close()
            return
        with client, server:
            self.open |= {client, server}
            try:
                while True:
                    for ready in select.select([client, server], [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        if ready is client:
                            for path in re.findall(rb"(?m)^GET (\S+) HTTP/1.1\r$", data):
                                self.requests.append((time.monotonic(), path.decode()))
                                (self.streams.add if b"/metrics/stream" in path else self.streams.discard)(client)
                        (server if ready is client else client).sendall(data)
            except (OSError, ValueError):
                return
            finally:
                self.open -= {client, server}
                self.streams.discard(client)

    def cut(self):
        self.is_cut = True
        for one in list(self.open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def mend(self):
        self.is_cut = False


def machine_with_process_named(name):
    """A recorded machine, copied, on which a process has that name; the folder is the caller's to remove."""
    folder = tempfile.mkdtemp(prefix="page-test-root-")
    source = os.path.join(REPOSITORY, "Tests/Fixtures/vm-1-core")
    shutil.copytree(source, folder, dirs_exist_ok=True, symlinks=True)
    changed = False
    for path in glob.glob(os.path.join(folder, "proc/[0-9]*/stat")):
        with open(path, encoding="utf-8") as file:
            before, _, after = file.read().rpartition(")")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{before.split('(')[0]}({name}){after}")
        changed = True
    if not changed:
        raise Failure(f"{source} holds no process")
    return folder
