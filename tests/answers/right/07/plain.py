"""Exercise 07: both ways at once, in Python: a thread for each direction."""

import os
import socket
import sys
import threading

all_sent = False


def main():
    ip, port = sys.argv[1].rsplit(":", 1)
    try:
        stream = socket.create_connection((ip.strip("[]"), int(port)))
    except OSError as error:
        sys.exit(f"cannot connect to {sys.argv[1]}: {error}")
    threading.Thread(target=send, args=(stream,), daemon=True).start()
    try:
        while data := stream.recv(65536):
            print_all(data)
    except OSError as error:
        end(f"the connection is lost: {error}")
    if not all_sent:
        end("the server has ended the connection before the end of stdin")
    end()


def send(stream):
    global all_sent
    try:
        while data := os.read(0, 65536):
            stream.sendall(data)
        all_sent = True
        stream.shutdown(socket.SHUT_WR)
    except OSError as error:
        end(f"cannot send stdin: {error}")


def print_all(data):
    while data:
        data = data[os.write(1, data) :]


def end(error=None):
    if error:
        print(error, file=sys.stderr, flush=True)
    # The other thread may wait for stdin: it must not keep us.
    os._exit(1 if error else 0)


main()
