"""Exercise 07: both ways at once, in Python: one thread that waits for all at once."""

import os
import select
import socket
import sys

ip, port = sys.argv[1].rsplit(":", 1)
try:
    stream = socket.create_connection((ip.strip("[]"), int(port)))
except OSError as error:
    sys.exit(f"cannot connect to {sys.argv[1]}: {error}")
stream.setblocking(False)

to_send = b""  # Read from stdin, and not taken by the kernel yet.
stdin_open = True
try:
    while True:
        reading = [stream]
        # Not before the last piece is gone: so there is never more than one.
        if stdin_open and not to_send:
            reading.append(0)
        readable, writable, _ = select.select(reading, [stream] if to_send else [], [])
        if writable:
            to_send = to_send[stream.send(to_send) :]
        if stream in readable:
            data = stream.recv(65536)
            if not data:
                break
            while data:
                data = data[os.write(1, data) :]
        if 0 in readable:
            to_send = os.read(0, 65536)
            if not to_send:
                stdin_open = False
                stream.shutdown(socket.SHUT_WR)
except OSError as error:
    sys.exit(f"the connection is lost: {error}")
if stdin_open:
    sys.exit("the server has ended the connection before the end of stdin")
