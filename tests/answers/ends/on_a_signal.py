"""Listens, serves nobody, and exits with 0 on the first signal."""

import signal
import socket
import sys

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: sys.exit(0))
host, _, port = sys.argv[1].rpartition(":")
family = socket.AF_INET6 if ":" in host else socket.AF_INET
listener = socket.create_server((host.strip("[]"), int(port)), family=family)
ip, port = listener.getsockname()[:2]
print("listening on", f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}", flush=True)
while True:
    signal.pause()
