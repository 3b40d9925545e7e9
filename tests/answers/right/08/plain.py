"""Exercise 08: a server of your own, in Python: a thread for each client."""

import os
import select
import signal
import socket
import sys
import threading
import time

LONGEST = 4096
MOST = 100

store = {}
store_lock = threading.Lock()
clients = {}
clients_lock = threading.Lock()


def main():
    ip, port = sys.argv[1].rsplit(":", 1)
    ip = ip.strip("[]")
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((ip, int(port)))
    listener.listen(128)
    listener.setblocking(False)

    # A signal is written to the pipe, which `select` watches beside the listener.
    wake, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: None)
    shown = f"[{ip}]" if family == socket.AF_INET6 else ip
    print(f"listening on {shown}:{listener.getsockname()[1]}", flush=True)

    while True:
        ready, _, _ = select.select([listener, wake], [], [])
        if wake in ready:
            break
        try:
            stream, _ = listener.accept()
        except OSError:
            time.sleep(0.01)
            continue
        stream.setblocking(True)
        thread = threading.Thread(target=serve, args=(stream,), daemon=True)
        with clients_lock:
            is_room = len(clients) < MOST
            if is_room:
                clients[stream] = thread
        if is_room:
            thread.start()
        else:
            refuse(stream)

    listener.close()
    with clients_lock:
        left = dict(clients)
    for stream in left:
        try:
            # A thread that waits in a receive gets what has come, and then the end.
            stream.shutdown(socket.SHUT_RD)
        except OSError:
            pass
    deadline = time.monotonic() + 1
    for thread in left.values():
        thread.join(max(0, deadline - time.monotonic()))
    os._exit(0)


def refuse(stream):
    with stream:
        try:
            stream.sendall(b"ERROR too many clients\n")
        except OSError:
            pass


def serve(stream):
    try:
        reader = stream.makefile("rb")
        while line := reader.readline(LONGEST + 1):
            if not line.endswith(b"\n"):
                if len(line) > LONGEST:
                    stream.sendall(b"ERROR too long\n")
                break
            stream.sendall(answer(line[:-1]))
    except OSError:
        pass  # Offline.
    with clients_lock:
        del clients[stream]
    try:
        # A reader keeps the socket open, if it is closed by `close` alone.
        stream.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    stream.close()


def answer(line):
    line = line.removesuffix(b"\r")
    words = line.split(b" ", 2)
    command, key = words[0], words[1] if len(words) > 1 else b""
    with store_lock:
        if command == b"SET" and len(words) == 3 and key:
            store[key] = words[2]
            return b"OK\n"
        if command == b"GET" and len(words) == 2 and key:
            return b"VALUE " + store[key] + b"\n" if key in store else b"NONE\n"
        if command == b"DEL" and len(words) == 2 and key:
            return b"NONE\n" if store.pop(key, None) is None else b"OK\n"
        if words == [b"COUNT"]:
            return b"%d\n" % len(store)
    return b"ERROR what?\n"


main()
