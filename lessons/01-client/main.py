"""Lesson 01: a TCP client.

`main.py [ADDR] [MESSAGE]` connects to a server, sends one message, receives one
reply, prints it and ends. The text on the wire is GBK.
"""

import signal
import socket
import sys

USAGE = """usage: main.py [ADDR] [MESSAGE]
  ADDR     IP:PORT of the server, default 127.0.0.1:9090 (IPv6: [::1]:9090)
  MESSAGE  what to send, not empty, default hello"""


def main():
    # Ctrl-C ends the program at once, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A character that the terminal does not have is printed as its code.
    sys.stdout.reconfigure(errors="backslashreplace")

    argument = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:9090"
    address, family = parse(argument)
    message = sys.argv[2] if len(sys.argv) > 2 else "hello"
    if message == "":
        # With nothing sent, both ends would wait for the other for ever.
        sys.exit(f"cannot send an empty message\n{USAGE}")

    # ANCHOR: encode
    # A socket carries bytes, not text. Where GBK has no bytes for a character, it is
    # better to send nothing.
    try:
        data = message.encode("gbk")
    except UnicodeEncodeError:
        sys.exit(f'cannot send "{message}" to {argument}: GBK cannot encode all of it')
    # ANCHOR_END: encode

    # ANCHOR: steps
    trying = "create a socket for"
    try:
        # Step 1: create the socket. STREAM means TCP; the family is IPv4 or IPv6.
        stream = socket.socket(family, socket.SOCK_STREAM)

        # Step 2: connect. The kernel gives the client an address and a port of its own.
        trying = "connect to"
        stream.connect(address)

        # Step 3: send. `sendall` goes on until the kernel has taken every byte.
        trying = "send to"
        stream.sendall(data)

        # Step 4: receive once. 1024 is the most that we take, not what we wait for.
        trying = "receive from"
        data = stream.recv(1024)
    except OSError as error:
        sys.exit(f"cannot {trying} {argument}: {error.strerror}")
    # ANCHOR_END: steps
    if data == b"":
        sys.exit(f"no reply from {argument}: the server has closed the connection")
    print(data.decode("gbk", errors="replace"), flush=True)

    # Step 5: close.
    stream.close()


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
        sys.exit(f'cannot use "{argument}" as an address\n{USAGE}')
    return (ip, int(port)), family


if __name__ == "__main__":
    main()
