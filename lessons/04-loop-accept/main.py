"""Lesson 04: a server for one client after the other.

`main.py [ADDR]` does what lesson 03 does, again and again. Whoever connects meanwhile
waits in the kernel's accept queue.
"""

import errno
import os
import signal
import socket
import sys
import time

USAGE = """usage: main.py [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)"""

PORT_IN_USE = """the port is in use
  Is another server running on it? End that one, or choose another port.
  If not, connections of a server that did not set SO_REUSEADDR are still in
  TIME_WAIT: wait (up to 60 s on Linux), or choose another port."""

# Encoded once, and early: at the first use of GBK Python opens a file, and later there
# might be no file descriptor left for it.
REPLY = "server: hello, client!".encode("gbk")

# What a send or a receive raises when the client has cut the connection (RST) instead
# of ending it (FIN).
RESET = (BrokenPipeError, ConnectionAbortedError, ConnectionResetError)


def main():
    # Ctrl-C ends the program at once, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A character that the terminal does not have is printed as its code.
    sys.stdout.reconfigure(errors="backslashreplace")

    argument = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:9090"
    address, family = parse(argument)

    try:
        # Step 1: create the socket. STREAM means TCP; the family is IPv4 or IPv6.
        listener = socket.socket(family, socket.SOCK_STREAM)

        # Step 1b: set the option, before bind. With it we get a port on which only old
        # connections are left, in TIME_WAIT; never, on Linux, one on which another server
        # listens. (On Windows the option would let others steal our port: leave it out.)
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        # Step 2: bind. Clients must know where to find the server.
        listener.bind(address)

        # Step 3: listen. From now on the kernel completes connections by itself and
        # queues them, 128 and one more at most, until we accept them.
        listener.listen(128)
    except OSError as error:
        cannot_listen(argument, error)
    print(f"listening on {shown(listener.getsockname())}", flush=True)

    # ANCHOR: loop
    while True:
        # Step 4: accept. The client gets a socket of its own, the listener stays what it is.
        try:
            stream, peer = listener.accept()
        except RESET:
            continue  # The client is gone already.
        except OSError as error:
            # Out of file descriptors, say. It would fail again at once: wait a little.
            print(f"cannot accept a connection on {argument}: {error.strerror}", file=sys.stderr)
            time.sleep(0.1)
            continue
        if peer is None:
            continue  # On macOS a client that is gone already has no address.
        peer = shown(peer)
        print(f"client connected: {peer}", flush=True)
        # One at a time: the next client is accepted when this one is done.
        try:
            serve(stream, peer)
        except RESET:
            print(f"client offline: {peer}", flush=True)
        except OSError as error:
            print(f"cannot serve client {peer}: {error.strerror}", file=sys.stderr)
    # ANCHOR_END: loop


def serve(stream, peer):
    """Receives one message and answers it."""
    # Step 7: close the client's socket. `with` does it at its end, and after an error.
    with stream:
        # Step 5: receive once. 1024 is the most that we take, not what we wait for.
        data = stream.recv(1024)
        if data == b"":
            # The client has ended the connection (FIN) without a word.
            print(f"client offline: {peer}", flush=True)
            return
        print(f"{peer} sent {quoted(data.decode('gbk', errors='replace'))}", flush=True)

        # Step 6: send. `sendall` goes on until the kernel has taken every byte.
        stream.sendall(REPLY)


def quoted(text):
    """Escapes control characters: a client must not steer our terminal."""
    escapes = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", '"': '\\"', "\\": "\\\\"}
    characters = (
        escapes.get(character)
        or (character if character.isprintable() else f"\\u{{{ord(character):x}}}")
        for character in text
    )
    return '"' + "".join(characters) + '"'


def parse(argument):
    """Turns 127.0.0.1:9090 or [::1]:9090 into what a socket takes. Names are refused."""
    ip, _, port = argument.rpartition(":")
    family = socket.AF_INET
    if ip.startswith("[") and ip.endswith("]"):
        ip, family = ip[1:-1], socket.AF_INET6
    try:
        socket.inet_pton(family, ip)
        # [fe80::1%eth0] names a network interface: that is refused, too.
        if "%" in ip or not (port.isascii() and port.isdigit() and int(port) <= 65535):
            raise ValueError
    except (OSError, ValueError):
        sys.exit(f"cannot use {quoted(argument)} as an address\n{USAGE}")
    return (ip, int(port)), family


def shown(address):
    """Turns what a socket gives back into 127.0.0.1:9090 or [::1]:9090."""
    ip, port = address[:2]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def cannot_listen(argument, error):
    """Says why the server does not get its port, and ends it."""
    if error.errno == errno.EADDRINUSE:
        reason = PORT_IN_USE
    else:
        reason = "the system refuses it"
    sys.exit(f"cannot listen on {argument}: {reason}\n({error.strerror})")


if __name__ == "__main__":
    main()
