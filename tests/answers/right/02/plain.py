"""Exercise 02 in Python: the whole question."""

import socket
import sys


def main():
    host, _, port = sys.argv[1].rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((host.strip("[]"), int(port)))
        listener.listen()
        print("listening on", shown(listener.getsockname()), flush=True)
        stream, peer = listener.accept()
        with stream:
            print("client connected:", shown(peer), flush=True)
            question = bytearray()
            while piece := stream.recv(1024):
                question += piece
            text = question.decode("gbk", errors="replace")
            reply = f"{len(text)} characters in {len(question)} bytes"
            stream.sendall(reply.encode("gbk"))


def shown(address):
    ip, port = address[:2]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


if __name__ == "__main__":
    main()
