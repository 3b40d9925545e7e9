"""Lesson 06: daemon threads.

`main.py [ADDR]` gives every client a thread, as lesson 05 does, but on Ctrl-C the
process ends, and its threads with it, whatever they are doing.
"""

import errno
import os
import signal
import socket
import sys
import threading
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

# How many clients are connected.
clients = 0
# Whether Ctrl-C has come.
stopping = False
# Held by the one thread that counts or prints just now.
lock = threading.Lock()


def main():
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

        stop_on_ctrl_c(listener.getsockname(), family)
    except OSError as error:
        cannot_listen(argument, error)
    say(f"listening on {shown(listener.getsockname())}")

    while not stopping:
        # Step 4: accept. The client gets a socket of its own, the listener stays what it is.
        try:
            stream, peer = listener.accept()
        except RESET:
            continue  # The client is gone already.
        except OSError as error:
            # Out of file descriptors, say. It would fail again at once: wait a little.
            say(f"cannot accept a connection on {argument}: {error.strerror}", sys.stderr)
            time.sleep(0.1)
            continue
        if stopping:
            break  # It may be our own connection, which woke us.
        if peer is None:
            continue  # On macOS a client that is gone already has no address.
        peer = shown(peer)
        count(+1)
        say(f"client connected: {peer}")
        # ANCHOR: daemon
        # The new thread serves the client; this one goes back to accept the next.
        # Nobody waits for it: a daemon thread ends with the process.
        try:
            threading.Thread(target=serve, args=(stream, peer), daemon=True).start()
        # ANCHOR_END: daemon
        except RuntimeError as error:
            say(f"cannot start a thread for client {peer}: {error}", sys.stderr)
            stream.close()
            count(-1)
            say(f"client offline: {peer}")

    # Step 7, once more: close the listener. New connections are refused from now on.
    listener.close()
    # ANCHOR: end
    # At its end Python stops daemon threads wherever they are, and one that is stopped
    # inside a print makes it crash. So take the lock and keep it: nobody else prints.
    lock.acquire()
    print(f"shutting down: leaving {clients} client(s)", flush=True)
    # ANCHOR_END: end


def serve(stream, peer):
    """Serves one client, in a thread of its own, until it is offline."""
    try:
        answer(stream, peer)
    except RESET:
        pass
    except OSError as error:
        say(f"cannot serve client {peer}: {error.strerror}", sys.stderr)
    finally:
        count(-1)
    say(f"client offline: {peer}")


def answer(stream, peer):
    """Answers each message."""
    # Step 7: close the client's socket. `with` does it at its end, and after an error.
    with stream:
        while True:
            # Step 5: receive. 1024 is the most that we take, not what we wait for.
            data = stream.recv(1024)
            if data == b"":
                return  # The client has ended the connection (FIN).
            say(f"{peer} sent {quoted(data.decode('gbk', errors='replace'))}")

            # Step 6: send. `sendall` goes on until the kernel has taken every byte.
            stream.sendall(REPLY)


def count(change):
    """Counts the clients. Two threads that do it at once would lose one."""
    global clients
    with lock:
        clients += change


def say(line, where=sys.stdout):
    """Prints a line whole: `print` may write it in two parts, with another's between."""
    with lock:
        where.write(line + "\n")
        where.flush()


def stop_on_ctrl_c(address, family):
    """Lets Ctrl-C (SIGINT, or SIGTERM) end the loop, and a second one the process."""
    # No signal ends a wait in `accept`, but a connection does. Its socket is made now:
    # later there might be no file descriptor left for it. It must not wait: a connection
    # that is not made at once would hold up the next signal.
    waker = socket.socket(family, socket.SOCK_STREAM)
    waker.setblocking(False)
    # A listener on all addresses is reached on loopback. (Not every system can connect to
    # 0.0.0.0.)
    ip, port = address[:2]
    ip = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(ip, ip)
    # Python runs a signal's handler in the main thread, and only when that has nothing
    # else to do; `accept` may keep it for ever. But the number of the signal is written
    # to this socket at once, and a thread of its own waits for that at the other end.
    signals, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: None)

    def stop():
        global stopping
        signals.recv(1)
        stopping = True
        # This fails where no port is left for it. Then the next client wakes `accept`.
        waker.connect_ex((ip, port))
        signals.recv(1)
        os._exit(130)  # The second time. 130 is 128 + SIGINT, as in a shell.

    wakeup.detach()  # It stays open as long as the process.
    threading.Thread(target=stop, daemon=True).start()


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
