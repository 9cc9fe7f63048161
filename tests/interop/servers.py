"""Certificates made with `openssl`, and servers that are not ours, each on a free port of 127.0.0.1 for the length of a with block."""
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading

P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
P384 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"]
RSA1024 = ["-newkey", "rsa:1024"]
RSA2048 = ["-newkey", "rsa:2048"]
RSA4096 = ["-newkey", "rsa:4096"]
VALID = ("20260101000000Z", "20460101000000Z")


def openssl(*arguments, stdin=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin or b"", capture_output=True, timeout=60)
    if done.returncode != 0:
        sys.exit(f"openssl {arguments[0]} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Authority:
    """A certificate authority in a folder of its own, a root or below an issuer."""

    def __init__(self, folder, name, key, issuer=None, digest="sha256"):
        self.folder, self.name, self.issuer, self.digest = folder / name, name, issuer, digest
        self.folder.mkdir()
        (self.folder / "index.txt").touch()
        (self.folder / "ca.cnf").write_text(f"""[ca]
default_ca = this
[this]
dir = {self.folder}
database = $dir/index.txt
new_certs_dir = $dir
rand_serial = yes
policy = any
copy_extensions = none
unique_subject = no
email_in_dn = no
[any]
commonName = supplied
""")
        authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign"
        (issuer or self).issue("ca", name, key, authority, VALID, self_signed=issuer is None, out=self.folder)

    def issue(self, file, subject, key, extensions, dates, self_signed=False, out=None):
        """Issues out/file.pem with out/file.key; returns their paths."""
        out = out or self.folder
        pem, key_file, request = out / f"{file}.pem", out / f"{file}.key", out / f"{file}.csr"
        (out / f"{file}.ext").write_text(extensions + "\n")
        openssl("req", "-new", "-nodes", *key, "-keyout", key_file, "-out", request, "-subj", f"/CN={subject}")
        signer = ["-selfsign", "-keyfile", key_file] if self_signed else ["-cert", self.folder / "ca.pem", "-keyfile", self.folder / "ca.key"]
        openssl("ca", "-config", self.folder / "ca.cnf", "-batch", "-notext", "-md", self.digest, "-in", request, "-out", pem,
                "-extfile", out / f"{file}.ext", "-startdate", dates[0], "-enddate", dates[1], *signer)
        return pem, key_file

    def leaf(self, file, key=P256, san="subjectAltName=DNS:localhost", dates=VALID, subject="test", usage="extendedKeyUsage=serverAuth"):
        """A server's certificate; returns the path of its chain without the root, and that of its key."""
        pem, key_file = self.issue(file, subject, key, "\n".join(x for x in (san, usage, "basicConstraints=CA:FALSE") if x), dates)
        chain = pem.with_suffix(".chain")
        chain.write_text(pem.read_text() + ((self.folder / "ca.pem").read_text() if self.issuer else ""))
        return chain, key_file

    @property
    def root(self):
        return self.issuer.root if self.issuer else self.folder / "ca.pem"

    @property
    def pin(self):
        """SHA-256 of the SubjectPublicKeyInfo, in hexadecimal digits."""
        return pin_of(self.folder / "ca.pem")


def pin_of(pem):
    public = openssl("x509", "-in", pem, "-noout", "-pubkey")
    return openssl("dgst", "-sha256", "-r", stdin=openssl("pkey", "-pubin", "-outform", "DER", stdin=public)).decode().split()[0]


class OpensslServer:
    """`openssl s_server`. Options are its own; port 0 is a free one."""

    def __init__(self, chain, key, *options, port=0, answer="-www"):
        self.port = port
        self.command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", chain, "-key", key, answer, *options]
        above = re.sub(r"-----BEGIN.*?-----END CERTIFICATE-----\n", "", chain.read_text(), count=1, flags=re.S)
        if above:  # it would send the first certificate twice
            rest = chain.with_suffix(".above")
            rest.write_text(above)
            self.command += ["-cert_chain", rest]

    def __enter__(self):
        self.process = subprocess.Popen(list(map(str, self.command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace")
        said = []
        for line in self.process.stdout:
            said.append(line)
            found = re.match(r"ACCEPT(?: .*:(\d+))?$", line)  # it names the port when that was its own choice
            if found:
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return int(found.group(1) or self.port)
        sys.exit(f"s_server did not start: {' '.join(map(str, self.command))}\n{''.join(said)}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Nginx:
    """One nginx for many sites. Each site is what stands in its server block; entering gives their ports, and restart() begins anew with
    the same ports and other ticket keys. nginx has no port 0: it takes over sockets that were bound here, as it does in its own upgrades."""

    COMMON = "default_type text/plain; access_log off; keepalive_timeout 5; lingering_close off;"

    def __init__(self, folder, sites):
        self.folder, self.sites = folder, sites
        self.folder.mkdir()
        self.program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if not self.program:
            sys.exit("nginx is missing: run boards/setup host")

    @staticmethod
    def site(chain, key, *settings, answer="return 200 'It is a static answer.';"):
        return f"ssl_certificate {chain}; ssl_certificate_key {key}; {' '.join(settings)} location / {{ {answer} }}"

    def __enter__(self):
        self.sockets = [socket.create_server(("127.0.0.1", 0)) for _ in self.sites]
        self.ports = [at.getsockname()[1] for at in self.sockets]
        servers = "\n".join(f"server {{ listen 127.0.0.1:{port} ssl; {site} }}" for port, site in zip(self.ports, self.sites))
        places = " ".join(f"{what}_temp_path {self.folder};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(f"daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log warn;\n"
                                                f"{'user root;' if os.geteuid() == 0 else ''}\n"
                                                f"events {{ worker_connections 512; }}\nhttp {{ {self.COMMON} {places}\n"
                                                f"ssl_session_ticket_key {self.folder}/ticket.key;\n{servers}\n}}\n")
        self.begin()
        return self.ports

    def begin(self):
        (self.folder / "ticket.key").write_bytes(os.urandom(80))
        descriptors = [at.fileno() for at in self.sockets]
        self.process = subprocess.Popen([self.program, "-p", self.folder, "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf"],
                                        env={**os.environ, "NGINX": "".join(f"{at};" for at in descriptors)}, pass_fds=descriptors,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self.process.wait(0.1)
        except subprocess.TimeoutExpired:
            return  # connections wait in the sockets until it takes them
        sys.exit(f"nginx did not start: {self.process.stdout.read().decode()}{(self.folder / 'error.log').read_text()}")

    def end(self):
        self.process.terminate()  # its worker ends with it, which it would not after a kill
        self.process.wait(10)

    def restart(self):
        self.end()
        self.begin()

    def __exit__(self, *_):
        self.end()
        for at in self.sockets:
            at.close()


class EnrichSim:
    """The simulated service, whose TLS is GnuTLS. `without` switches things off in GnuTLS's own way (a system's priority file):
    "disabled-version = tls1.3", "tls-disabled-cipher = aes-128-gcm", "tls-disabled-group = x25519"."""

    def __init__(self, program, folder, chain=None, key=None, without=(), log=None):
        folder.mkdir()
        (folder / "gnutls.conf").write_text("[overrides]\n" + "\n".join(without) + "\n")
        self.environment = {**os.environ, "GNUTLS_SYSTEM_PRIORITY_FILE": str(folder / "gnutls.conf")}
        self.command = [program, "--port", "0", "--state", folder / "state", "--until-eof"]
        self.command += ["--cert", chain, "--key-file", key] if chain else []
        self.command += ["--log", log] if log else []

    def __enter__(self):
        self.process = subprocess.Popen(list(map(str, self.command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=self.environment)
        ready = dict(pair.split("=", 1) for pair in self.process.stdout.readline().split() if "=" in pair)
        if "port" not in ready:
            sys.exit("enrich-sim did not start: " + " ".join(map(str, self.command)))
        self.ready = ready
        return int(ready["port"])

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class PythonServer:
    """Each connection is handled by a function in a thread of its own."""

    def __init__(self, handle):
        self.handle = handle
        self.connections = 0

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()
        return self.listener.getsockname()[1]

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve_one, args=(connection,), daemon=True).start()

    def serve_one(self, connection):
        connection.settimeout(10)
        try:
            self.handle(connection)
        except (OSError, ssl.SSLError):
            pass
        connection.close()

    def __exit__(self, *_):
        self.listener.close()


def context_of(chain, key, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(chain, key)
    return context


def answers_with_record(chain, key, version):
    """Handles a connection whose request is GET /N: the answer is one record of N bytes, then close_notify."""
    context = context_of(chain, key, version)

    def handle(connection):
        with context.wrap_socket(connection, server_side=True) as secure:
            size = int(secure.recv(1000).split()[1][1:])
            secure.sendall(b"x" * size)
            secure.unwrap()

    return handle


def ends_without_close_notify(chain, key, version):
    context = context_of(chain, key, version)

    def handle(connection):
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1000)
            secure.sendall(b"HTTP/1.0 200 OK\r\n\r\nbody")
            os.close(secure.detach())

    return handle


def plain_http(connection):
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>This is an HTTP port</html>")


def closes_at_once(connection):
    connection.recv(1000)


def resets_at_once(connection):
    connection.recv(1000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def alerts_at_once(connection):
    connection.recv(1000)
    connection.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # fatal, handshake_failure


def receive_hello(connection):
    """The first record of a connection: a ClientHello."""
    record = b""
    while len(record) < 5 or len(record) < 5 + int.from_bytes(record[3:5], "big"):
        piece = connection.recv(5000)
        if not piece:
            raise OSError("no hello")
        record += piece
    return record


def offers_ticket(record):
    """Whether a ClientHello (RFC 8446 4.1.2) has a pre_shared_key, or a session_ticket that is not empty."""
    at = 5 + 4 + 2 + 32
    at += 1 + record[at]
    at += 2 + int.from_bytes(record[at:at + 2], "big")
    at += 1 + record[at] + 2
    while at < len(record):
        kind, size = int.from_bytes(record[at:at + 2], "big"), int.from_bytes(record[at + 2:at + 4], "big")
        if kind == 41 or (kind == 35 and size > 0):
            return True
        at += 4 + size
    return False


SUITE_NAMES = {0x1301: "AES-128-GCM", 0x1302: "AES-256-GCM", 0x1303: "ChaCha20-Poly1305", 0xc02b: "AES-128-GCM", 0xc02f: "AES-128-GCM",
               0xc02c: "AES-256-GCM", 0xc030: "AES-256-GCM", 0xcca9: "ChaCha20-Poly1305", 0xcca8: "ChaCha20-Poly1305"}
HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
GROUP_NAMES = {0x1d: "X25519", 0x17: "P-256", 0x18: "P-384"}


def plain_messages(flight):
    """The handshake messages in the clear at the beginning of what a server sends, as (type, body). A ChangeCipherSpec ends them, but after
    a HelloRetryRequest (RFC 8446 4.1.3) another hello follows."""
    messages = b""
    while len(flight) >= 5 and (flight[0] == 22 or (flight[0] == 20 and HELLO_RETRY in messages)):
        size = int.from_bytes(flight[3:5], "big")
        messages += bytes(flight[5:5 + size]) if flight[0] == 22 else b""
        flight = flight[5 + size:]
    while len(messages) >= 4:
        size = int.from_bytes(messages[1:4], "big")
        yield messages[0], messages[4:4 + size]
        messages = messages[4 + size:]


def negotiated(flight):
    """What a server has chosen: (version, suite, group), from its ServerHello (RFC 8446 4.1.3) and its ServerKeyExchange (RFC 8422 5.4)."""
    version, suite, group = "1.2", 0, 0
    for kind, body in plain_messages(flight):
        if kind == 12:
            group = int.from_bytes(body[1:3], "big")
        if kind != 2:
            continue
        at = 35 + body[34]
        suite, at = int.from_bytes(body[at:at + 2], "big"), at + 5
        while at < len(body):
            extension, size = int.from_bytes(body[at:at + 2], "big"), int.from_bytes(body[at + 2:at + 4], "big")
            version = "1.3" if extension == 43 and body[at + 4:at + 6] == b"\x03\x04" else version
            group = int.from_bytes(body[at + 4:at + 6], "big") if extension == 51 else group
            at += 4 + size
    return version, SUITE_NAMES.get(suite, hex(suite)), GROUP_NAMES.get(group, hex(group))


class Watcher:
    """In front of another server: what `misbehave` does, it does to connections that offer a ticket (or to every one, when `to_all`); the others
    are carried through, and all are when it is None. `offered` counts the hellos with a ticket;
    `flight` is the beginning of what the server sent last."""

    def __init__(self, port, misbehave=None):
        self.port, self.misbehave, self.to_all, self.offered, self.flight = port, misbehave, False, 0, b""

    def __call__(self, connection):
        hello = receive_hello(connection)
        offers = offers_ticket(hello)
        self.offered += offers
        if self.to_all or (offers and self.misbehave):
            self.misbehave(Pushed(connection, hello))
            return
        with socket.create_connection(("127.0.0.1", self.port)) as behind:
            behind.settimeout(10)
            behind.sendall(hello)
            self.flight = flight = bytearray()  # this connection's own: the one before may still be ending
            back = threading.Thread(target=carry, args=(behind, connection, flight), daemon=True)
            back.start()
            carry(connection, behind)
            back.join()


class Pushed:
    """A socket whose first bytes were read already."""

    def __init__(self, connection, first):
        self.connection, self.first = connection, first

    def recv(self, _):
        return self.first

    def __getattr__(self, name):
        return getattr(self.connection, name)


def carry(source, target, seen=None):
    try:
        while piece := source.recv(65536):
            if seen is not None and len(seen) < 16384:
                seen += piece
            target.sendall(piece)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
