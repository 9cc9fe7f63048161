"""The board's own parts, without a scanner: what it does after a fault, its flash, its ring; and the port conformance test on its network."""
import subprocess

from board import ROOT, Board
from rig import HOST, host_page


def conformance(results, name, folder):
    with subprocess.Popen([HOST / "bin/firmware_peer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        results.check("the peer starts", peer.stdout.readline() == "ready\n")
        with Board(name, ROOT / f"build/{name}/conformance.elf", folder / "conformance", host_page.page()) as board:
            verdict = board.expect(r"^conformance: (.*)$", 90)
            results.check("the port conforms", verdict and verdict[1] == "conforms", verdict[1] if verdict else board.said[-5:])
        peer.stdin.close()


def faults(results, name, folder):
    """Faults are told and followed by a start; flash and ring keep their contracts."""
    image = ROOT / f"build/{name}/selftest.elf"

    def started(board, cause):
        return board.expect(f"^started: cause {cause}$", 30)

    with Board(name, image, folder / "selftest", bytes(4096)) as board:
        results.check("a start at power-on", started(board, 0), board.said)
        for command, told, cause in (("fault", "^fault: pc=0x", 2), ("overflow", "^fault: stack overflow", 2),
                                     ("assert", "^assertion failed: pc=0x", 2)):
            board.type(command)
            results.check(f"{command}: told on the console, then a start", board.expect(told, 20) and started(board, cause), board.said[-5:])
        place = next((line.split()[2][3:] for line in board.said if line.startswith("assertion failed")), "0")
        source = subprocess.run(["arm-none-eabi-addr2line", "-i", "-e", image, place], capture_output=True, text=True, check=True).stdout
        results.check("the place told is the assertion's", "tests/firmware/selftest.c:" in source, (place, source))
        board.type("memory")
        wrong = board.expect(r"^memory: wrong (\d+)$", 20)
        results.check("memcpy and memset at every place and length", wrong and wrong[1] == "0", wrong and wrong[1])
        board.type("flash")
        verdict = board.expect("^flash: (.*)$", 20)
        results.check("the flash keeps its contract", verdict and verdict[1] == "conforms", verdict and verdict[1])
        board.type("ring")
        board.scan(bytes(i % 251 for i in range(3000)))
        figures = [board.expect(f"^ring: {what} (\\d+)$", 30) for what in ("read", "wrong", "lost")]
        figures = [int(figure[1]) if figure else None for figure in figures]
        results.check("the ring holds 2,048 bytes and counts what it loses", figures == [2048, 0, 952], figures)
        if name == "mps2-an385":
            board.type("hang")
            results.check("hang: the watchdog starts it again", board.expect("^watchdog: no progress", 30) and started(board, 3), board.said[-5:])
    with Board(name, image, folder / "selftest", bytes(4096)) as board:
        started(board, 0)
        board.type("kept")
        results.check("the flash outlives the power", board.expect("^flash: kept$", 20), board.said)


def run(results, name, certificates, folder):
    faults(results, name, folder)
    conformance(results, name, folder)
