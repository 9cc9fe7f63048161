"""The power is cut, at random and by instruction count inside what the journal writes. What was acknowledged is there afterwards, and the service's
ledger agrees: nobody is bought twice, and what was bought is a result here or marked unknown."""
import os
import random
import time

from rig import Plugin, card, name_of, rig_of

# How many cuts inside the append of a lead; inside what is written before a request leaves and with its answer, of each. QEMU's file of mps2-an385 is
# written in one go, so that nothing is ever torn there.
INSIDE = {"emcraft-sf2": (16, 3), "mps2-an385": (5, 1)}


class Ledger:
    """What was acknowledged on one flash, to be held against the service's ledger in the end."""

    def __init__(self, rig, folder):
        self.rig, self.folder, self.scanned, self.acknowledged = rig, folder, 0, []

    def scan(self, board, seconds=30):
        """A new person's badge; True when the good signal has come. The power may go before it comes."""
        name = name_of(self.scanned)
        self.scanned += 1
        board.scan(card(name))
        told = board.expect("^signal: (good|duplicate)|^plugin: cut", seconds)
        if told and told[1]:
            self.acknowledged.append(name)
            return True
        return False

    def settle(self, what, cuts):
        service = self.rig.services["power"][1]
        before = self.settled if hasattr(self, "settled") else 0
        with self.rig.provisioned("power", folder=self.folder) as board:
            board.expect("^clock: ", 30)
            finished, unknown = self.rig.drain(board)
        here = [lead["lastname"] for lead in finished]
        bought = [line["person"] for line in service.lines("accepted")[before:]]
        lost = len(set(self.acknowledged) - set(here) - set(unknown))
        self.rig.results.check(f"{what}: no acknowledged lead is lost", self.acknowledged and lost == 0 and len(set(here)) == len(here),
                               (lost, len(self.acknowledged), len(here), len(unknown)))
        self.rig.results.check(f"{what}: the ledger agrees", len(set(bought)) == len(bought) and len(here) <= len(bought) <= len(here) + len(unknown),
                               (len(bought), len(set(bought)), len(here), len(unknown)))
        for name, figure in (("cuts", cuts), ("leads", len(self.acknowledged)), ("unknown", len(unknown)), ("lost", lost)):
            self.rig.results.figures[name] = self.rig.results.figures.get(name, 0) + figure


def at_random(rig, count):
    """While badges are fed and sent."""
    ledger, chance = Ledger(rig, "random"), random.Random(os.urandom(8))
    for _ in range(count):
        with rig.provisioned("power", folder="random") as board:
            board.expect("^scanner: flash found", 20)
            end = time.monotonic() + chance.uniform(0.5, 2.5)
            while time.monotonic() < end:
                ledger.scan(board, max(0, end - time.monotonic()))
                time.sleep(min(0.2, max(0, end - time.monotonic())))
            board.cut()
    ledger.settle("cuts at random", count)


def append_length(rig, plugin):
    """Instructions from the begin of a lead's slot in the journal to the good signal."""
    with rig.provisioned(None, plugin=plugin(plugin.range("append", "slot_write", "board_signal"), f"report={plugin.at('say_count'):#x}")) as board:
        board.expect("^network: address", 30)
        board.scan(card("Length"))
        board.expect("^signal: good", 30)
        return rig.status(board)["plugin: append"]


def cut_inside(rig, ledger, plugin, service, function, passed, instructions):
    """One badge that is acknowledged, then a cut so many instructions after the begin of the function's next call, `passed` calls later."""
    at = plugin(f"after={plugin.at('board_signal'):#x}", f"from={plugin.at(function):#x}", f"pass={passed}", f"cut={instructions}")
    with rig.provisioned(service, folder=ledger.folder, plugin=at) as board:
        board.expect("^network: address" if service is None else "^clock: ", 20)
        ledger.scan(board, 20)
        if service is None:
            ledger.scan(board, 0)
        cut = "plugin: cut" in board.said or board.expect("^plugin: cut", 20) is not None
        board.cut_standing()
        return cut


def by_count(rig, appends, marks):
    ledger, plugin, chance = Ledger(rig, "count"), Plugin(rig.image), random.Random(os.urandom(8))
    ledger.settled = len(rig.services["power"][1].lines("accepted"))
    length = append_length(rig, plugin)

    def cut(*where):  # on a busy machine the second badge may come too late for the plugin: once more
        return cut_inside(rig, ledger, plugin, *where) or cut_inside(rig, ledger, plugin, *where)

    happened = [cut(None, "slot_write", 0, 1 + int(length * (i + chance.random()) / appends)) for i in range(appends)]
    for passed in range(2):  # the mark "sending", before the request leaves; the answer's id
        happened += [cut("power", "enr_journal_set", passed, 1 + int(length * (i + chance.random()) / marks)) for i in range(marks)]
    rig.results.check(f"cuts inside what the journal writes, an append being {length} instructions", all(happened), happened)
    ledger.settle("cuts by instruction count", len(happened))


def run(results, name, certificates, folder):
    with rig_of(results, name, certificates, folder) as rig:
        rig.serve("power", rig.kind)
        at_random(rig, 5)
        by_count(rig, *INSIDE[name])
