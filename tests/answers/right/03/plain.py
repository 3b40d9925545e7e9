"""Exercise 03 in Python: back at once."""

import json
import socket
import sys


def main():
    host, _, port = sys.argv[1].rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host.strip("[]"), int(port)))
        listener.listen()
    except OSError as error:
        # What the system says: "Address already in use", for one.
        sys.exit(f"cannot listen on {sys.argv[1]}: {error}")
    print("listening on", shown(listener.getsockname()), flush=True)
    stream, peer = listener.accept()
    peer = shown(peer)
    print("client connected:", peer, flush=True)
    with listener, stream:
        try:
            message = stream.recv(1024)
        except ConnectionResetError:
            message = b""
        if message:
            print(peer, "sent", quoted(message.decode("gbk", errors="replace")), flush=True)
            stream.sendall(b"server: hello, client!")
        else:
            print("client offline:", peer, flush=True)


def quoted(text):
    escaped = json.dumps(text, ensure_ascii=False)
    return escaped.replace("\\u001b", "\\u{1b}")


def shown(address):
    ip, port = address[:2]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


if __name__ == "__main__":
    main()
