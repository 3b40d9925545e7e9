"""Exercise 04 in Python: nobody holds the queue."""

import itertools
import socket
import sys
import time


def main():
    host, _, port = sys.argv[1].rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host.strip("[]"), int(port)))
    listener.listen(128)
    print("listening on", shown(listener.getsockname()), flush=True)
    for number in itertools.count(1):
        stream = accept(listener)
        with stream:
            try:
                serve(stream, number)
            except OSError as error:
                print(f"client {number}: {error}", file=sys.stderr)


def accept(listener):
    while True:
        try:
            return listener.accept()[0]
        except OSError as error:
            print(f"cannot accept: {error}", file=sys.stderr)
            time.sleep(0.1)


def serve(stream, number):
    stream.settimeout(0.5)
    try:
        message = stream.recv(1024)
    except socket.timeout:
        stream.sendall(b"timeout")
        return
    if message:
        stream.sendall(f"you are client {number}".encode("gbk"))


def shown(address):
    ip, port = address[:2]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


if __name__ == "__main__":
    main()
