"""Exercise 06: a polite end, in Python: threads, and a pipe that wakes the main one."""

import os
import select
import signal
import socket
import sys
import threading
import time

stopping = threading.Event()
clients = {}
lock = threading.Lock()


def main():
    ip, port = sys.argv[1].rsplit(":", 1)
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((ip.strip("[]"), int(port)))
    listener.listen(128)
    listener.setblocking(False)

    # A signal is written to the pipe, which `select` watches beside the listener.
    wake, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: None)
    print(f"listening on {ip}:{listener.getsockname()[1]}", flush=True)

    while True:
        ready, _, _ = select.select([listener, wake], [], [])
        if wake in ready:
            break
        try:
            stream, _ = listener.accept()
        except OSError:
            continue
        stream.setblocking(True)
        thread = threading.Thread(target=serve, args=(stream,), daemon=True)
        with lock:
            clients[stream] = thread
        thread.start()

    listener.close()
    stopping.set()
    with lock:
        left = dict(clients)
    for stream in left:
        try:
            stream.shutdown(socket.SHUT_RD)
        except OSError:
            pass
    deadline = time.monotonic() + 0.3
    for thread in left.values():
        thread.join(max(0, deadline - time.monotonic()))
    os._exit(0)


def serve(stream):
    echoed = False
    try:
        with stream:
            while data := stream.recv(4096):
                stream.sendall(data)
                echoed = True
                if stopping.is_set():
                    break
            if echoed and stopping.is_set():
                stream.sendall(b"server: goodbye\n")
    except OSError:
        pass
    with lock:
        del clients[stream]


main()
