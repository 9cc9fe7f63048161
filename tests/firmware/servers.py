"""What a scanner meets in the namespace: names, the time, the service with certificates of every kind."""
import json
import os
import socket
import struct
import subprocess
import threading
import time

NAME = "app.prontohq.test"
TIME_NAME = "time.test"
TODAY = 1796083200  # 2026-12-01, inside every certificate here
NTP_OFFSET = 2208988800  # seconds from 1900 to 1970
KEY = "sim-key"


class Udp(threading.Thread):
    """A server that answers one datagram with another."""

    def __init__(self, address, port):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.start()

    def run(self):
        while True:
            message, sender = self.socket.recvfrom(2048)
            answer = self.answer(message)
            if answer:
                self.socket.sendto(answer, sender)


class Names(Udp):
    """DNS: a dictionary from name to address; other names do not exist."""

    def __init__(self, names):
        self.names = names
        super().__init__("127.0.0.1", 53)

    def answer(self, message):
        labels, at = [], 12
        while message[at]:
            labels.append(message[at + 1:at + 1 + message[at]].decode())
            at += 1 + message[at]
        question = message[12:at + 5]
        address = self.names.get(".".join(labels))
        kind = struct.unpack(">H", question[-4:-2])[0]
        found = address is not None and kind == 1
        head = message[:2] + struct.pack(">HHHHH", 0x8180 | (0 if address else 3), 1, int(found), 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address) if found else b""
        return head + question + record


class Clock(Udp):
    """SNTP: it is `now` when this is made or set, and goes on from there."""

    def __init__(self, address, now):
        self.sees_questions = True
        self.asked = False
        self.set(now)
        super().__init__(address, 123)

    def set(self, now):
        self.offset = now - time.monotonic()

    def answer(self, message):
        self.asked = True
        now = self.offset + time.monotonic() + NTP_OFFSET
        stamp = struct.pack(">II", int(now) & 0xFFFFFFFF, int(now % 1 * 2**32))
        return struct.pack(">BBBbIII", 0x24, 1, 6, -20, 0, 0, 0x4C4F434C) + stamp + (message[40:48] if self.sees_questions else bytes(8)) + stamp + stamp


class Service:
    """enrich-sim with a chain and one version of TLS, at an address of its own."""

    def __init__(self, program, folder, address, chain, key, version, people, more=()):
        self.folder = folder
        folder.mkdir()
        (folder / "tls").write_text(f"[global]\noverride-mode = blocklist\n[overrides]\ndisabled-version = {'tls1.3' if version == '1.2' else 'tls1.2'}\n")
        self.process = subprocess.Popen([program, "--address", address, "--port", "443", "--state", folder / "state", "--cert", chain, "--key-file", key,
                                         "--people", people, "--latency", "500", "--ledger", folder / "ledger", "--until-eof", *more],
                                        env={**os.environ, "GNUTLS_SYSTEM_PRIORITY_FILE": str(folder / "tls")}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ready(self):
        return "ready" in self.process.stdout.readline()

    def lines(self, event):
        """What its ledger holds of a kind: contacts that it took ("accepted")."""
        ledger = self.folder / "ledger"
        lines = [json.loads(line) for line in ledger.read_text().splitlines()] if ledger.exists() else []
        return [line for line in lines if line["event"] == event]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
