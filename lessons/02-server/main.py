"""Lesson 02: a TCP server for one client.

`main.py [ADDR]` listens, accepts one client, receives one message, sends one reply
and ends. The text on the wire is GBK.
"""

import signal
import socket
import sys

USAGE = """usage: main.py [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)"""

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

        # Step 2: bind. Clients must know where to find the server.
        listener.bind(address)

        # Step 3: listen. From now on the kernel completes connections by itself and
        # queues them, 128 and one more at most, until we accept them.
        listener.listen(128)
    except OSError as error:
        sys.exit(f"cannot listen on {argument}: {error.strerror}")
    print(f"listening on {shown(listener.getsockname())}", flush=True)

    # Step 4: accept. The client gets a socket of its own, the listener stays what it is.
    peer = None
    while peer is None:  # On macOS a client that is gone already has no address.
        try:
            stream, peer = listener.accept()
        except RESET:
            pass  # The client is gone already: accept the next one.
        except OSError as error:
            sys.exit(f"cannot accept a connection on {argument}: {error.strerror}")
    peer = shown(peer)
    print(f"client connected: {peer}", flush=True)
    try:
        serve(stream, peer)
    except RESET:
        print(f"client offline: {peer}", flush=True)
    except OSError as error:
        sys.exit(f"cannot serve client {peer}: {error.strerror}")

    # Step 7, once more: close the listener.
    listener.close()


# ANCHOR: serve
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
        stream.sendall("server: hello, client!".encode("gbk"))
# ANCHOR_END: serve


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


if __name__ == "__main__":
    main()
