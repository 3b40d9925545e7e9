"""Lesson 07: the send buffer and the receive buffer.

`main.py [BUFFER]` holds both ends of a connection and shows, in three acts, what is
between a send and a receive: two tanks in the kernel, and no message boundaries.
"""

import codecs
import signal
import socket
import sys
import time

USAGE = """usage: main.py [BUFFER]
  BUFFER  bytes to ask for as send buffer and as receive buffer, default 4096"""


def main():
    # Ctrl-C ends the program at once, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A character that the terminal does not have is printed as its code.
    sys.stdout.reconfigure(errors="backslashreplace")

    argument = sys.argv[1] if len(sys.argv) > 1 else "4096"
    try:
        if not (argument.isascii() and argument.isdigit() and 0 < int(argument) < 2**64):
            raise ValueError
    except ValueError:
        sys.exit(f'cannot use "{argument}" as a buffer size\n{USAGE}')

    # The option is a C int; the kernel has a limit of its own, far below.
    size = min(int(argument), 2**31 - 1)
    act = "act 1, two tanks"
    try:
        two_tanks(size)
        act = "act 2, no message boundaries"
        no_message_boundaries()
        act = "act 3, half a character"
        half_a_character()
    except OSError as error:
        sys.exit(f"{act}: {error.strerror or error}")


def two_tanks(size):
    """Act 1: a sender writes while nobody reads. Two tanks fill up; then the receiver drains."""
    sender, receiver = connection(size)
    # From here on a send that finds the tank full raises BlockingIOError and does not wait.
    sender.setblocking(False)
    receiver.setblocking(False)
    send_tank = sender.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    receive_tank = receiver.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    say("== Act 1: two tanks ==")
    say(f"asked for {size} bytes each: the kernel made the send buffer {send_tank}")
    say(f"and the receive buffer {receive_tank} (its own bookkeeping included)")
    tanks = Tanks(sender, receiver)

    say("-- the sender writes, nobody reads --")
    chunk = send_tank // 4
    while tanks.write(chunk) > 0:
        pass
    say("the kernel takes no more: a blocking send would wait here")

    say("-- the receiver drains, the sender goes on --")
    total = 2 * tanks.accepted
    while tanks.read < total:
        tanks.drain()
        while tanks.accepted < total and tanks.write(min(chunk, total - tanks.accepted)) > 0:
            pass
    say(f"every byte has arrived, in order: {total} of {total}")
    sender.close()
    receiver.close()


class Tanks:
    """The two ends of a connection, and how many bytes have gone in and come out."""

    def __init__(self, sender, receiver):
        self.sender = sender
        self.receiver = receiver
        self.accepted = 0
        self.read = 0

    # ANCHOR: write
    def write(self, length):
        """Sends up to `length` bytes, and returns how many the kernel took: 0 if it is full."""
        try:
            taken = self.sender.send(pattern(self.accepted, length))
        except BlockingIOError:
            taken = 0
        self.accepted += taken
        self.report(f"write {length}: took {taken}")
        return taken
    # ANCHOR_END: write

    def drain(self):
        """Receives all that is in the receive buffer, and checks it."""
        before = self.read
        while True:
            try:
                data = self.receiver.recv(65536)
            except BlockingIOError:
                break
            if data != pattern(self.read, len(data)):
                sys.exit(f"act 1, two tanks: a byte after byte {self.read} is wrong")
            self.read += len(data)
        self.report(f"drain: got {self.read - before}")

    def report(self, step):
        """Prints one line about the step, once the queues have settled."""
        if sys.platform != "linux":
            between = self.accepted - self.read
            say(
                f"{step:<22} accepted {self.accepted} = read {self.read}"
                f" + in both buffers, not shown here, {between}"
            )
            return
        deadline = time.monotonic() + 2
        before = None
        while True:
            sending, receiving = queues(self.sender, self.receiver)
            # What was sent stays in the send buffer until it is acknowledged: for a
            # moment the same bytes are in both queues, and the sum is too high.
            equal = self.accepted == self.read + sending + receiving
            settled = equal and before == (sending, receiving)
            if settled or time.monotonic() > deadline:
                sign = " =" if settled else ", not settled:"
                say(
                    f"{step:<22} accepted {self.accepted:>5}{sign} read {self.read:>5}"
                    f" + send buffer {sending:>5} + receive buffer {receiving:>5}"
                )
                return
            before = (sending, receiving)
            time.sleep(0.005)


def pattern(position, length):
    """The bytes from a position of the stream on: 0 to 250, again and again."""
    start = position % 251
    enough = bytes(range(251)) * ((start + length) // 251 + 1)
    return enough[start : start + length]


# ANCHOR: queues
def queues(sender, receiver):
    """The bytes in the sender's send buffer and in the receiver's receive buffer.

    Only Linux has /proc/net/tcp, with a line for each end of each connection.
    """
    one, other = in_hex(sender.getsockname()), in_hex(receiver.getsockname())
    sending = receiving = None
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table:
            if one not in line:
                continue  # Another connection's: there may be thousands.
            # number, local address, remote address, state, send queue:receive queue, ...
            columns = line.split()
            if columns[1:3] == [one, other]:
                sending = int(columns[4].split(":")[0], 16)
            if columns[1:3] == [other, one]:
                receiving = int(columns[4].split(":")[1], 16)
    if sending is None or receiving is None:
        raise OSError("the connection is not in /proc/net/tcp")
    return sending, receiving
# ANCHOR_END: queues


def in_hex(address):
    """127.0.0.1:9090 as /proc/net/tcp writes it: 0100007F:2382."""
    ip, port = address
    # The four bytes of the IP are read as one number, in the order of this machine.
    number = int.from_bytes(socket.inet_aton(ip), sys.byteorder)
    return f"{number:08X}:{port:04X}"


def no_message_boundaries():
    """Act 2: three sends, one receive."""
    say("== Act 2: no message boundaries ==")
    sender, receiver = connection(None)
    for message in ["one", "two", "three"]:
        sender.sendall(message.encode("ascii"))
        say(f'send: "{message}"')
    wait_for(receiver, 11)
    text = receiver.recv(1024).decode("ascii")
    say(f'receive: "{text}"')
    say("3 sends, 1 receive: TCP carries a stream of bytes, not messages")
    sender.close()
    receiver.close()


def half_a_character():
    """Act 3: a receive ends in the middle of a character."""
    say("== Act 3: half a character ==")
    sender, receiver = connection(None)
    # Every Chinese character is two bytes: it is the `a` that makes 1024 fall inside one.
    text = "a" + "套接字" * 200
    data = text.encode("gbk")
    sender.sendall(data)
    say(f'send: "a" and 600 Chinese characters, {len(data)} bytes')
    wait_for(receiver, len(data))
    sender.close()

    # ANCHOR: decode
    piece_by_piece = ""
    as_a_stream = ""
    decoder = codecs.getincrementaldecoder("gbk")(errors="replace")
    while True:
        data = receiver.recv(1024)
        # The wrong way: each piece for itself.
        piece_by_piece += data.decode("gbk", errors="replace")
        # The right way: the decoder keeps half a character until the next piece. The
        # last piece is empty.
        last = data == b""
        as_a_stream += decoder.decode(data, final=last)
        if last:
            break
        say(f"receive: {len(data)} bytes")
    # ANCHOR_END: decode
    receiver.close()
    for way, decoded in [("piece by piece", piece_by_piece), ("as a stream", as_a_stream)]:
        verdict = "whole" if decoded == text else "broken"
        say(f"decoded {way}: {verdict}, around the cut it says {decoded[509:515]}")


def connection(size):
    """Both ends of a new connection to ourselves: the sender and the receiver."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sender = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if size is not None:
        # Before the connection is made. What `accept` returns has the listener's sizes.
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
        except OSError as error:
            why = f"the system refuses a buffer of {size} bytes: ask for less"
            raise OSError(f"{why} ({error.strerror})") from error
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    sender.connect(listener.getsockname())
    receiver, _ = listener.accept()
    listener.close()
    return sender, receiver


def wait_for(receiver, length):
    """Waits until that many bytes are in the receive buffer, and leaves them there."""
    deadline = time.monotonic() + 0.5
    while len(receiver.recv(length, socket.MSG_PEEK)) < length:
        if time.monotonic() > deadline:
            say(f"(this system does not show whether all {length} bytes have come)")
            break
        time.sleep(0.001)


def say(line):
    """Prints a line at once, also where stdout is a file or a pipe."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
