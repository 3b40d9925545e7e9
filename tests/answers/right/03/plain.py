"""Exercise 03 in Python: back at once."""

import errno
import json
import socket
import sys
import time


def main():
    host, _, port = sys.argv[1].rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = (host.strip("[]"), int(port))
    deadline = None
    while True:
        listener = socket.socket(family)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
            break
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE or deadline and time.monotonic() > deadline:
                # What the system says: "Address already in use", for one.
                sys.exit(f"cannot listen on {sys.argv[1]}: {error}")
        if deadline is None:
            deadline = time.monotonic() + 1
            print("waiting for", sys.argv[1], file=sys.stderr, flush=True)
        time.sleep(0.05)
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
