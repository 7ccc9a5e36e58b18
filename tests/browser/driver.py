"""A browser that a test drives: a script of node's that reads steps, one a line, and answers each with a line of JSON."""
import json
import signal
import subprocess

from node_cases import ROOT, node

STEP_LIMIT_S = 60


class Browser:
    """`script` in tests/browser; `facts` is what it is started with."""

    def __init__(self, script, facts):
        self.process = subprocess.Popen([node(), ROOT / "tests" / "browser" / script, json.dumps(facts)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, step):
        signal.alarm(STEP_LIMIT_S)
        try:
            print(step, file=self.process.stdin, flush=True)
            answer = json.loads(self.process.stdout.readline() or '{"failed": "the browser has ended"}')
        finally:
            signal.alarm(0)
        assert "failed" not in answer, f"{step}: {answer['failed']}"
        return answer

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
