"""A board image under QEMU: its console, its scanner's UART, its network cable; and the network namespace it runs in."""
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLASH_SIZE = 16 << 20  # of emcraft-sf2

MACHINES = {
    "emcraft-sf2": (["-M", "emcraft-sf2"], "msf2-emac", 0x6003F000),
    "mps2-an385": (["-M", "mps2-an385", "-semihosting-config", "enable=on,target=native"], "lan9118", 0x003FF000),
}


def enter_namespace():
    """Goes on in a namespace of its own, in which the addresses 203.0.113.0/24 and every port are free, and DNS is asked at 127.0.0.1.
    Everything that was started there ends with it."""
    if os.environ.get("ENRICH_NAMESPACE") != "inside":
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        os.environ["ENRICH_NAMESPACE"] = "inside"
        os.execvp("unshare", ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child", sys.executable, *sys.argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.NamedTemporaryFile("w", prefix="resolv.", delete=False) as names:
        names.write("nameserver 127.0.0.1\n")
    for command in (["mount", "--bind", names.name, "/etc/resolv.conf"], ["ip", "link", "set", "lo", "up"],
                    ["ip", "address", "add", "203.0.113.1/24", "dev", "lo"]):
        subprocess.run(command, check=True)
    os.unlink(names.name)


class Board:
    """One start of an image. Use it in a with block; a folder keeps the flash from one start to the next."""

    def __init__(self, name, image, folder, page, plugin=None):
        self.name, self.folder = name, pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        machine, model, address = MACHINES[name]
        (self.folder / "page.bin").write_bytes(page)
        nor = self.folder / "spi.bin"
        if name == "emcraft-sf2" and not nor.exists():
            nor.write_bytes(b"\xff" * FLASH_SIZE)
        self.command = ["qemu-system-arm", *machine, "-display", "none", "-nic", f"user,id=n0,model={model}",
                        "-serial", "stdio", "-serial", "unix:scanner,server=on,wait=off", "-monitor", "unix:monitor,server=on,wait=off",
                        "-device", f"loader,file=page.bin,addr={address:#x},force-raw=on", "-kernel", str(image)]
        if name == "emcraft-sf2":
            self.command += ["-drive", "if=mtd,id=nor,format=raw,file=spi.bin"]
        if plugin:
            self.command += ["-plugin", plugin]

    def __enter__(self):
        self.said, self.lines, self.links = [], queue.Queue(), {}
        self.process = subprocess.Popen(self.command, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace")
        threading.Thread(target=self.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for link in self.links.values():
            link.close()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\r\n"))
        self.lines.put(None)

    def expect(self, pattern, seconds):
        """The match of the next line of the console that has one; None when it does not come."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return None
            if line is None:
                return None
            self.said.append(line)
            found = re.search(pattern, line)
            if found:
                return found

    def type(self, line):
        """A line typed on the console."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def link(self, name):
        """The socket of this name, open until the end: QEMU drops what it has not read when one is closed."""
        if name not in self.links:
            self.links[name] = socket.socket(socket.AF_UNIX)
            for _ in range(50):
                try:
                    self.links[name].connect(str(self.folder / name))
                    break
                except OSError:
                    time.sleep(0.1)
        return self.links[name]

    def scan(self, payload):
        """Bytes on the scanner's UART."""
        self.link("scanner").sendall(payload)

    def command_monitor(self, command, answer):
        """Gives QEMU's monitor a command, and waits for what shows that it is done."""
        monitor, said, end = self.link("monitor"), b"", time.monotonic() + 20
        monitor.sendall(command.encode() + b"\n")
        while answer not in said and time.monotonic() < end:
            said += monitor.recv(4096)

    def cut(self):
        """Cuts the power. The processor stops between two instructions, and the flash file gets what was programmed by then: QEMU tells the program that a
        page is programmed and writes the file later, which no flash part does (boards/README.md)."""
        self.command_monitor("stop\ninfo status", b"paused")
        self.process.kill()

    def cut_standing(self):
        """Cuts the power of a processor that stands still already, held by the plugin: only the flash file is waited for."""
        if self.name == "emcraft-sf2":
            self.command_monitor("qemu-io nor aio_flush\ninfo status", b"VM status: ")
        self.process.kill()

    def cable(self, is_in):
        self.link("monitor").sendall(f"set_link n0 {'on' if is_in else 'off'}\n".encode())
