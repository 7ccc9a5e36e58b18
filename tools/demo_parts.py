"""What tools/demo is made of: free ports, programs that end with it, daemons with a command line, a REST client."""
import ctypes
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

PR_SET_PDEATHSIG = 1
ANSWER_S, STOP_S = 20, 10
LIBC = ctypes.CDLL(None)


def wait_for(condition, limit_s, complaint):
    """Waits until `condition()` is true and returns its value; ends the demo with `complaint` if that takes too long."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            sys.exit(f"demo: {complaint() if callable(complaint) else complaint}")
        time.sleep(0.1)
    return value


def is_free(address, port):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def free_ports(first, count, addresses=("127.0.0.1",)):
    """The first of `count` ports in a row that are free on every one of the addresses."""
    for start in range(first, first + 50 * count, count):
        if all(is_free(address, start + i) for address in addresses for i in range(count)):
            return start
    sys.exit(f"demo: no free port on loopback, from {first} on")


class Program:
    """A program with a log. Ctrl-C in the terminal is not for it: who started it ends it, or the kernel does when that
    process is gone."""

    def __init__(self, name, folder, arguments):
        self.name, self.log = name, folder / f"{name}.log"
        self.arguments = [str(word) for word in arguments]
        self.process = None
        self.wanted = False

    def start(self):
        def end_with_parent():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, start_new_session=True,
                                            preexec_fn=end_with_parent)
        self.wanted = True
        wait_for(self.answers, ANSWER_S, lambda: f"{self.name} does not answer:\n{self.log.read_text()[-2000:]}")

    def answers(self):
        if not self.running():
            sys.exit(f"demo: {self.name} has ended:\n{self.log.read_text()[-2000:]}")
        return self.is_ready()

    def is_ready(self):
        raise NotImplementedError

    def running(self):
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self):
        self.wanted = False
        if self.running():
            self.process.send_signal(signal.SIGTERM)
            self.process.send_signal(signal.SIGCONT)  # it may be one that somebody has halted

    def stop(self):
        self.ask_to_stop()
        if self.process is None:
            return
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Daemon(Program):
    """godwitd with a configuration, and what it is told by `godwit` each time it has been started."""

    def __init__(self, name, build, folder, api_port, configuration, commands=()):
        self.file = folder / f"{name}.json"
        self.file.write_text(json.dumps(configuration, indent=2))
        super().__init__(name, folder, [build / "godwitd", "-f", self.file, "--api-hosts", f"127.0.0.1:{api_port}"])
        self.build, self.api_port, self.commands = build, api_port, commands

    def start(self):
        super().start()
        for words in self.commands:
            self.client(*words)

    def is_ready(self):
        return self.client("global", check=False)

    def client(self, *words, check=True):
        result = subprocess.run([self.build / "godwit", "-p", str(self.api_port), *words], capture_output=True,
                                text=True, check=False)
        if check and result.returncode:
            sys.exit(f"demo: godwit {' '.join(words)}: {result.stdout}{result.stderr}")
        return result.stdout


class Service(Program):
    """godwit-fleet with a store of its own, and the provider's view of it."""

    def __init__(self, name, build, folder, port, *arguments):
        self.token_file = folder / "provider.token"
        super().__init__(name, folder, [build / "godwit-fleet", "--store", folder / "fleet.db", "--listen",
                                        f"127.0.0.1:{port}", "--token-file", self.token_file, "--log-plain",
                                        *arguments])
        self.url = f"http://127.0.0.1:{port}"

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    @property
    def token(self):
        return self.token_file.read_text().strip()

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, headers={"X-Auth-Token": self.token},
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            sys.exit(f"demo: {method} {path}: {error.code} {error.read().decode()}")

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body):
        return self.ask("POST", path, body)
