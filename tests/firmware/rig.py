"""What the tests on a board share: results, certificates, the services round a scanner, and a scanner that is provisioned for one of them."""
import contextlib
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from board import ROOT, Board
from servers import KEY, NAME, TIME_NAME, TODAY, Clock, Names, Service

HOST = ROOT / os.environ.get("ENRICH_BUILD", "build/host")
BADGE = (ROOT / "tests/badges/teodor-lindqvist.vcf").read_bytes()
EMAIL = "teodor.lindqvist@acme.example"

# Which kind of chain and which TLS each board meets: each kind and each version once on each. The first is what the other tests use.
CHAINS = {"emcraft-sf2": (("P-256", "1.3"), ("RSA-4096", "1.2"), ("P-384", "1.2"), ("RSA-2048", "1.3")),
          "mps2-an385": (("RSA-2048", "1.2"), ("P-384", "1.3"), ("P-256", "1.2"), ("RSA-4096", "1.3"))}


def load(path):
    """A script without .py as a module."""
    name = pathlib.Path(path).name
    spec = importlib.util.spec_from_loader(name, importlib.machinery.SourceFileLoader(name, str(ROOT / path)))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


host_page = load("boards/host_page")
interop = load("tests/interop/servers.py")


class Results:
    def __init__(self):
        self.passed = self.failed = 0
        self.figures = {}

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
            print(f"ok   {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {name}{detail and ': ' + str(detail)}", flush=True)
        return good


def make_certificates(folder):
    """A root, an intermediate and a leaf of each kind; a leaf for another name."""
    kinds = {"P-256": interop.P256, "P-384": interop.P384, "RSA-2048": interop.RSA2048, "RSA-4096": interop.RSA4096}

    def make(kind, key):
        root = interop.Authority(folder, f"root-{kind}", key)
        middle = interop.Authority(folder, f"middle-{kind}", key, issuer=root)
        middle.leaf("leaf", key, san=f"subjectAltName=DNS:{NAME}")
        if kind == "P-256":
            middle.leaf("other", key, san="subjectAltName=DNS:other.test")
        (folder / f"{kind}.ready").touch()

    with ThreadPoolExecutor() as pool:
        list(pool.map(make, *zip(*kinds.items())))


def card(name):
    """A badge of a person of this last name."""
    return f"BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name};Ada;;;\r\nORG:Acme\r\nEND:VCARD\r\n".encode()


def name_of(number):
    return "Cut" + "".join(chr(97 + number // 26 ** place % 26) for place in (2, 1, 0))


class Plugin:
    """Arguments of tests/firmware/instructions.c by the names of an image's functions."""

    def __init__(self, image):
        listing = subprocess.run(["arm-none-eabi-nm", image], check=True, capture_output=True, text=True).stdout
        self.image, self.functions = image, {}
        for address, kind, name in re.findall(r"^(\w+) ([tT]) (\S+)$", listing, re.M):
            self.functions.setdefault(name.split(".")[0], []).append(int(address, 16) & ~1)

    def at(self, function):
        return self.functions[function][0]

    def tick(self):
        """The handler of the millisecond's interrupt, out of the table of vectors."""
        words = subprocess.run(["arm-none-eabi-objdump", "-s", "--start-address=0x3c", "--stop-address=0x40", self.image], check=True, capture_output=True,
                               text=True).stdout
        return int.from_bytes(bytes.fromhex(re.search(r"^ 003c (\w{8})", words, re.M)[1]), "little") & ~1

    def code(self):
        """The image's instructions, a line each."""
        return subprocess.run(["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", self.image], check=True, capture_output=True, text=True).stdout.splitlines()

    def after_calls_of(self, function):
        """The places to which a function returns."""
        return [int(place, 16) for place in re.findall(rf"bl\t\w+ <{function}>\n\s*(\w+):", "\n".join(self.code()))]

    def range(self, name, function, *ends):
        """A range from a function's begin to its return, or to other functions' begins."""
        places = [self.at(end) for end in ends] or self.after_calls_of(function)
        return f"range={name}:{':'.join(hex(place) for place in (self.at(function), *places))}"

    def __call__(self, *arguments):
        return ",".join((str(HOST / "lib/firmware_instructions.so"), *arguments))


class Rig:
    """The scanner's image with a network round it."""

    def __init__(self, results, board, certificates, folder):
        self.results, self.board, self.certificates, self.folder = results, board, certificates, folder
        self.image = ROOT / f"build/{board}/scanner.elf"
        self.kind, self.version = CHAINS[board][0]
        self.names = Names({TIME_NAME: "203.0.113.20"})
        self.clock = Clock("203.0.113.20", TODAY)
        self.services, self.templates, self.starts = {}, {}, 0

    # --- services ---

    def serve(self, what, kind=None, version=None, leaf="leaf", more=()):
        """Starts a service with a chain, which is made meanwhile, at an address of its own."""
        kind = kind or what
        for _ in range(1200):
            if (self.certificates / f"{kind}.ready").exists():
                break
            time.sleep(0.1)
        address, files = f"203.0.113.{30 + len(self.services)}", self.certificates / f"middle-{kind}"
        service = Service(HOST / "bin/enrich-sim", self.folder / f"service-{len(self.services)}", address, files / f"{leaf}.chain", files / f"{leaf}.key",
                          version or self.version, ROOT / "tests/service/people.csv", more)
        self.services[what] = (address, service)
        self.results.check(f"the service starts: {what}", service.ready())
        return service

    def accepted(self):
        return sum(len(service.lines("accepted")) for _, service in self.services.values() if service)

    def stop(self):
        for _, service in self.services.values():
            if service:
                service.stop()

    # --- boards ---

    def start(self, service, page, now=TODAY, folder=None, **more):
        """A board that finds this service, at this time; None: it finds none."""
        self.names.names.pop(NAME, None)
        if service:
            self.names.names[NAME] = self.services[service][0]
        self.clock.set(now)
        self.starts += 1
        image = more.pop("image", self.image)
        return Board(self.board, image, self.folder / (folder or f"start-{self.starts}"), page, **more)

    def provision(self, board, kind, base=f"https://{NAME}/api/v2", **more):
        lines = host_page.settings(base, KEY, TIME_NAME, [self.certificates / f"root-{kind}" / "ca.pem"], **{"spread": 0, **more})
        for line in lines:
            board.type(line)
        return self.check("the settings are taken over", board, "^set: taken over", "^scanner: started: reboot") and \
            self.results.check("the key is not shown", not any(KEY in line for line in board.said))

    def template(self, kind, **settings):
        """A folder with a flash that was provisioned so, once for all, and the page of that device."""
        what = (kind, *settings.items())
        if what not in self.templates:
            page, folder = host_page.page(), f"template-{len(self.templates)}"
            with self.start(None, page, folder=folder) as board:
                board.expect("^scanner: no settings", 20)
                self.provision(board, kind, **settings)
                board.expect("^network: address", 20)
                board.cut()
            self.templates[what] = (self.folder / folder, page)
        return self.templates[what]

    def provisioned(self, service, kind=None, now=TODAY, folder=None, settings=None, **more):
        """A board with the settings for a chain. A folder that is there already is gone on with."""
        made, page = self.template(kind or self.kind, **(settings or {}))
        folder = folder or f"start-{self.starts}"
        if not (self.folder / folder).exists():
            subprocess.run(["cp", "-r", "--sparse=always", made, self.folder / folder], check=True)
            for name in ("scanner", "monitor"):
                (self.folder / folder / name).unlink(missing_ok=True)
        return self.start(service, page, now, folder, **more)

    def check(self, name, board, *patterns, seconds=30):
        """The patterns come on the console one after the other. Their matches, or None."""
        found = []
        for pattern in patterns:
            found.append(board.expect(pattern, seconds))
            if found[-1] is None:
                self.results.check(name, False, f"no {pattern!r} after {board.said[-6:]}")
                return None
        self.results.check(name, True)
        return found

    # --- the console's answers ---

    def export(self, board):
        """The leads that are exported, and the digest of their lines."""
        board.type("export")
        leads, digest = [], hashlib.sha256()
        for _ in range(1000):
            line = board.expect(r"^(\{.*\}|export: .*)$", 20)
            if not line or not line[1].startswith("{"):
                break
            leads.append(json.loads(line[1]))
            digest.update(line[1].encode() + b"\n")
        return leads, digest.hexdigest() if line and line[1] == f"export: digest {digest.hexdigest()}" else None

    def deliver(self, board):
        """Exports and confirms once: the leads with results, and those without, which stay; None when the export was not to be had."""
        leads, digest = self.export(board)
        finished = [lead for lead in leads if lead["email_request"]["state"] == "finished"]
        if digest and finished:
            board.type(f"export confirm {digest}")
            digest = board.expect("^export: confirmed", 20)
        return (finished, [lead for lead in leads if lead not in finished]) if digest else (None, None)

    def drain(self, board, seconds=60):
        """All leads with results, delivered, and the names of the unknown ones, when nothing is under way any more."""
        delivered, rest, end = [], [], time.monotonic() + seconds
        while time.monotonic() < end:
            finished, rest = self.deliver(board)
            delivered += finished or []
            if finished == [] and all(lead["email_request"]["state"] == "unknown" for lead in rest):
                break
            time.sleep(0.3)
        return delivered, [lead["lastname"] for lead in rest or [] if lead["email_request"]["state"] == "unknown"]

    def status(self, board):
        """What `status` says, by name; the plugin's sums as "plugin: NAME"."""
        before = len(board.said)
        board.type("status")
        board.expect("^status: end", 20)
        said = "\n".join(board.said[before:])
        return {name: int(value) for name, value in re.findall(r"^([\w :]+?):? (\d+)\b", said, re.M)}

    def sound(self, name, figures):
        self.results.check(f"{name}: nothing lost, nothing leaked", all(figures.get(what) == 0 for what in (
            "scanner bytes lost", "arena refusals", "lwip pool failures")), figures)


@contextlib.contextmanager
def rig_of(results, board, certificates, folder):
    rig = Rig(results, board, certificates, folder)
    try:
        yield rig
    finally:
        rig.stop()


def has_nginx():
    return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
