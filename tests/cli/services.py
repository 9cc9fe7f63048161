"""The two services that the tests of enrich run against: enrich-sim, and a server that answers with exact bytes."""
import json
import os
import pathlib
import re
import select
import socket
import ssl
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / os.environ.get("ENRICH_BUILD", "build/host") / "bin"
PEOPLE = ROOT / "tests/service/people.csv"
KEY = "pk_live_f00d-cafe-7731"


class Sim:
    """A running enrich-sim with a log of its requests."""

    def __init__(self, folder, name, *options):
        self.log = folder / f"{name}.log"
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [BIN / "enrich-sim", "--port", "0", "--state", folder / "sim-state", "--people", PEOPLE, "--latency", "300", "--api-key", KEY,
             "--log", self.log, "--until-eof", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        ready = self.process.stdout.readline().decode() if select.select([self.process.stdout], [], [], 30)[0] else ""
        match = re.match(r"enrich-sim: ready address=127\.0\.0\.1 port=(\d+) base=(\S+) ca=(.*)$", ready)
        if match is None:
            self.errors.seek(0)
            raise SystemExit(f"cli: enrich-sim did not start: {ready!r} {self.errors.read().decode()}")
        self.port, self.base, self.ca = int(match[1]), match[2], match[3]

    def requests(self):
        return len(self.log.read_bytes().splitlines()) if self.log.exists() else 0

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise SystemExit(f"cli: openssl {arguments[0]} failed: {done.stderr}")


class Authority:
    """A CA and certificates for localhost: a good one, and one that has expired."""

    def __init__(self, folder):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self.ca = folder / "ca.pem"
        openssl("req", "-x509", *key, "-keyout", folder / "ca.key", "-out", self.ca, "-days", 30, "-subj", "/CN=cli test CA",
                "-addext", "keyUsage=critical,keyCertSign")
        (folder / "leaf.ext").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
        for name, days in ("good", 30), ("expired", 0):
            openssl("req", *key, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr", "-subj", "/CN=cli test")
            openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", self.ca, "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", days,
                    "-extfile", folder / "leaf.ext", "-out", folder / f"{name}.pem")
        self.folder = folder

    def context(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context


def answer(body, status="200 OK", kind="application/json", extra="", length=None):
    """The bytes of one HTTP answer; length may lie."""
    body = json.dumps(body).encode() if isinstance(body, (dict, list)) else body.encode() if isinstance(body, str) else body
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body) if length is None else length}\r\n{extra}\r\n").encode() + body


STALL = object()  # a step that answers nothing and keeps the connection


class Rude(bytes):
    """A step after which the connection ends without TLS's goodbye."""


ID = "5b0f6a3e-2f0d-4f8a-9a51-6d1c3f7e9b20"


def accepted(request):
    """What the service says to a good POST."""
    return answer({"enrichment_id": ID, "first_name": "Teodor", "last_name": "Lindqvist", "status": "pending",
                   "custom": json.loads(request["body"])["custom"]}, "202 Accepted")


class Scripted:
    """An https server on 127.0.0.1 that answers the n-th request with the n-th step: bytes, STALL, or a function of the request that makes one.
    Bytes that are not a whole answer are the last of their connection. The last step is repeated."""

    def __init__(self, context, *steps):
        self.steps, self.context, self.requests, self.connections = steps, context, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"https://localhost:{self.listener.getsockname()[1]}/api/v2"
        self.lock, self.done = threading.Lock(), threading.Event()
        self.listener.settimeout(0.05)
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done.set()
        self.acceptor.join()  # before close: its descriptor may be the next server's
        self.listener.close()

    def accept(self):
        while not self.done.is_set():
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            except OSError:  # closed by a step, for a while
                self.done.wait(0.05)
                continue
            self.connections += 1
            connection.settimeout(60)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True) as tls:
                while (request := self.receive(tls)) is not None:
                    with self.lock:
                        step = self.steps[min(len(self.requests), len(self.steps) - 1)]
                        self.requests.append(request)
                    reply = step(request) if callable(step) else step
                    if reply is STALL:
                        self.done.wait(60)
                        return
                    tls.sendall(reply)
                    head, _, body = reply.partition(b"\r\n\r\n")
                    length = re.search(rb"Content-Length: (\d+)", head)
                    if length is None or int(length[1]) != len(body):
                        if not isinstance(reply, Rude):
                            tls.unwrap()
                        return
        except OSError:
            pass  # the client may leave at any time

    @staticmethod
    def receive(tls):
        data = b""
        while b"\r\n\r\n" not in data:
            part = tls.recv(65536)
            if not part:
                return None
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        while length and len(body) < int(length[1]):
            body += tls.recv(65536)
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        return {"method": method, "path": path, "head": head.decode(), "body": body.decode()}

    def posts(self):
        return sum(request["method"] == "POST" for request in self.requests)
