"""Runs inside ExaBGP as its API process: commands from a named pipe go to ExaBGP, what ExaBGP reports goes to a file.

usage: exabgp_bridge.py PIPE FILE
"""
import os
import sys
import threading


def main():
    pipe, file = sys.argv[1:]

    def commands():
        # Opened for writing too, so that the pipe does not end when a writer leaves.
        with os.fdopen(os.open(pipe, os.O_RDWR), "r") as source:
            for line in source:
                sys.stdout.write(line)
                sys.stdout.flush()

    threading.Thread(target=commands, daemon=True).start()
    with open(file, "a", encoding="utf-8") as report:
        for line in sys.stdin:
            report.write(line)
            report.flush()


if __name__ == "__main__":
    main()
