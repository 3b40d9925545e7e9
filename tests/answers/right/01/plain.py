"""Exercise 01 in Python: the whole answer."""

import socket
import sys


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: plain.py ADDR MESSAGE")
    host, _, port = sys.argv[1].rpartition(":")
    try:
        message = sys.argv[2].encode("gbk")
    except UnicodeEncodeError as error:
        sys.exit(f"cannot send this in GBK: {error}")
    try:
        with socket.create_connection((host.strip("[]"), int(port))) as stream:
            stream.sendall(message)
            stream.shutdown(socket.SHUT_WR)
            pieces = []
            while piece := stream.recv(4096):
                pieces.append(piece)
    except OSError as error:
        sys.exit(f"cannot talk to {sys.argv[1]}: {error}")
    print(b"".join(pieces).decode("gbk", errors="replace"))


if __name__ == "__main__":
    main()
