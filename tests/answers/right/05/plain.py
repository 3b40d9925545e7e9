"""Exercise 05: chat, in Python: two threads and a queue for each client."""

import queue
import socket
import sys
import threading

# Everybody who is there: address -> (queue of lines, socket).
clients = {}
lock = threading.Lock()


def main():
    ip, port = sys.argv[1].rsplit(":", 1)
    listener = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((ip.strip("[]"), int(port)))
    listener.listen(128)
    print("listening on", shown(listener.getsockname()), flush=True)
    while True:
        stream, address = listener.accept()
        peer = shown(address)
        threading.Thread(target=serve, args=(stream, peer), daemon=True).start()


def shown(address):
    ip, port = address[:2]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def serve(stream, peer):
    lines = queue.Queue(maxsize=1000)
    threading.Thread(target=send, args=(stream, lines), daemon=True).start()
    with lock:
        lines.put(f"welcome {peer}\n".encode())
        clients[peer] = (lines, stream)
    receive(stream, peer)
    with lock:
        del clients[peer]
        say(peer, f"{peer} left\n".encode())
    try:
        lines.put_nowait(None)
    except queue.Full:
        pass
    end(stream)


def receive(stream, peer):
    head = f"{peer}: ".encode()
    rest = b""
    while data := some(stream):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            with lock:
                say(peer, head + line + b"\n")
    if rest:
        with lock:
            say(peer, head + rest + b"\n")


def some(stream):
    """What there is to receive; nothing at the end, and a reset is an end as well."""
    try:
        return stream.recv(65536)
    except OSError:
        return b""


def say(sender, line):
    """Hands a line to all but its sender. The lock is held."""
    for peer, (lines, stream) in clients.items():
        if peer != sender:
            try:
                lines.put_nowait(line)
            except queue.Full:
                end(stream)  # It never reads.


def send(stream, lines):
    while (line := lines.get()) is not None:
        try:
            stream.sendall(line)
        except OSError:
            break
    end(stream)


def end(stream):
    try:
        stream.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # It has ended already.


main()
