"""Reads a journal from the bytes of its region and the device's key: a second account of lib/journal/FORMAT.md, which shares nothing with the library.

Only what is whole is read: no wrong bit is mended here, and a sector of the log whose header is lost is an error."""
import collections
import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

ANCHORS = 3
LEAD, COPY, TOMBSTONE, EXTENSION, TAIL = 1, 2, 3, 4, 5
STILL, SET, GONE, CONTINUED = 0, 1, 2, 3
CONTENT = 3  # the register whose data replace the content


class Damage(Exception):
    """What should be there is not."""


class Seal:
    """The sealing of one device."""

    def __init__(self, device_key):
        self.key = hmac.new(device_key, b"journal cipher", hashlib.sha256).digest()
        self.aead = ChaCha20Poly1305(self.key)

    @staticmethod
    def nonce(epoch, offset, salt):
        return struct.pack("<III", epoch, offset, salt)

    def proves(self, tag, aad, epoch, offset, salt):
        return self.aead.encrypt(self.nonce(epoch, offset, salt), b"", aad)[:len(tag)] == tag

    def open(self, sealed, aad, epoch, offset, salt):
        """The plain text, or None."""
        try:
            return self.aead.decrypt(self.nonce(epoch, offset, salt), sealed, aad)
        except InvalidTag:
            return None

    def decrypt(self, bytes_, epoch, offset, salt):
        """What a thief reads who does not care for tags (RFC 8439 2.8: the text's blocks are counted from 1)."""
        counter = struct.pack("<I", 1)
        return Cipher(algorithms.ChaCha20(self.key, counter + self.nonce(epoch, offset, salt)), None).decryptor().update(bytes_)


class Slot:
    """A lead as the journal knows it."""

    def __init__(self, number, digest):
        self.number = number
        self.digest = digest
        self.is_tombstone = False
        self.gone = False
        self.until = 0
        self.content = None
        self.registers = {}
        self.damaged = False


class Image:
    def __init__(self, bytes_, sector_size, seal):
        self.bytes = bytes_
        self.sector_size = sector_size
        self.seal = seal
        self.align = None
        self.headers = {}
        self.seen = collections.Counter()  # what the image has of the rarer things
        self.anchor = self.newest_anchor()
        for sector in range(ANCHORS, len(bytes_) // sector_size):
            header = self.header(sector)
            if header is not None:
                self.headers[sector] = header

    # --- anchors ---

    def newest_anchor(self):
        newest = None
        for sector in range(ANCHORS):
            for offset in (sector * self.sector_size, sector * self.sector_size + self.sector_size // 2):
                anchor = self.anchor_at(offset)
                if anchor is not None and (newest is None or anchor["session"] > newest["session"]):
                    newest = anchor
        return newest

    def anchor_at(self, offset):
        raw = self.bytes[offset:offset + 80]
        magic, version, align, sector, session, salt, sector_size, size, epoch, high, first, end, last, index, born = struct.unpack(
            "<4sBBHIIIIIIHHB1xHH", raw[:42])
        if magic != b"ENRA" or version != 1 or not self.seal.proves(raw[64:80], raw[:64], session, offset, salt):
            return None
        if sector_size != self.sector_size or size != len(self.bytes):
            raise Damage("an anchor of another geometry")
        self.align = align
        return {"session": session, "sector": sector, "epoch": epoch, "high": high, "from": first, "to": end,
                "last": index if last == 1 else None, "born": born, "head": raw[42:58]}

    # --- sectors ---

    def header(self, sector):
        for align in (16, 32):
            offset = sector * self.sector_size + align
            raw = self.bytes[offset:offset + 64]
            (magic, version, said_align, before, epoch, session, tail, number, sector_size, size, salt, before_count, tail_sector,
             erases, tail_index, before_used) = struct.unpack("<4sBBHIIIIIIIHHIHH", raw[:48])
            if magic != b"ENRJ" or version != 1 or said_align != align:
                continue
            if not self.seal.proves(raw[48:64], raw[:48], epoch, offset, salt):
                continue
            if sector_size != self.sector_size or size != len(self.bytes):
                raise Damage("a header of another geometry")
            self.align = align
            return {"sector": sector, "before": before, "epoch": epoch, "session": session, "tail": tail, "number": number, "salt": salt,
                    "before_count": before_count, "tail_sector": tail_sector, "tail_index": tail_index, "before_used": before_used}
        return None

    def entry_offset(self, sector, index):
        return (sector + 1) * self.sector_size - 32 * (index + 1)

    def entry(self, header, index):
        """An entry that proves itself, or None."""
        offset = self.entry_offset(header["sector"], index)
        raw = self.bytes[offset:offset + 32]
        if not self.seal.proves(raw[19:32], raw[:19], header["epoch"], offset, header["salt"]):
            return None
        return self.entry_of(header, index, raw[:16], raw[18])

    def entry_of(self, header, index, head, void):
        number, start, length, annex, kind = struct.unpack("<IHHBB", head[:10])
        return {"header": header, "index": index, "head": head, "number": number, "start": start * 16, "len": length, "annex": annex * 16,
                "kind": kind, "digest": head[10:16], "void": void, "day": start, "tail_sector": start}

    def whole_entries(self, header):
        places = (self.sector_size - self.align - 64) // 32
        entries = {}
        for index in range(places):
            entry = self.entry(header, index)
            if entry is not None:
                entries[index] = entry
        return entries

    def is_anchors(self, header):
        return self.anchor is not None and self.anchor["epoch"] == header["epoch"] and self.anchor["sector"] == header["sector"]

    def entries(self, header, limit):
        """The entries of a sector that count, by index."""
        entries = self.whole_entries(header)
        if self.is_anchors(header):
            last = self.anchor["last"]
            for index in range(self.anchor["from"], self.anchor["to"]):
                if index in entries and entries[index]["kind"] != EXTENSION:
                    del entries[index]
            if last is not None:
                entries[last] = self.entry_of(header, last, self.anchor["head"], 0)
                self.seen["last"] += 1
        counting = {}
        for index in sorted(entries):
            if limit is not None and index >= limit and entries[index]["kind"] != EXTENSION:
                continue
            entry = entries[index]
            self.seen[entry["kind"]] += 1
            self.seen["void"] += entry["void"] > 0
            for void in range(index - entry["void"], index):
                if void in counting and counting[void]["kind"] != EXTENSION:
                    del counting[void]
            counting[index] = entry
        return counting

    # --- the log ---

    def head(self):
        newest = None
        for header in self.headers.values():
            anchor = self.anchor
            if anchor is not None and header["epoch"] > anchor["epoch"] and header["session"] < anchor["session"]:
                continue
            if not self.whole_entries(header) and not (self.is_anchors(header) and anchor["last"] is not None):
                continue
            if newest is None or header["epoch"] > newest["epoch"]:
                newest = header
        return newest

    def log(self):
        """Its sectors, oldest first: header and entries that count."""
        header = self.head()
        if header is None:
            return []
        entries = self.entries(header, None)
        tail, tail_index = header["tail"], header["tail_index"]
        for index in sorted(entries):
            if entries[index]["kind"] == TAIL and entries[index]["number"] != tail:
                tail, tail_index = entries[index]["number"], 0
        sectors = [(header, entries)]
        while header["epoch"] != tail:
            before = self.headers.get(header["before"])
            if before is None or before["epoch"] >= header["epoch"]:
                raise Damage("the log is broken before epoch %d" % header["epoch"])
            sectors.insert(0, (before, self.entries(before, header["before_count"])))
            header = before
        self.drop_dead(sectors, tail_index)
        return sectors

    @staticmethod
    def drop_dead(sectors, tail_index):
        """What compaction has written again already lies twice."""
        tail = sectors[0][1]
        copied = {entry["number"] for _, entries in sectors[1:] for entry in entries.values() if entry["kind"] in (COPY, TOMBSTONE)}
        for index, entry in tail.items():
            if entry["kind"] in (LEAD, COPY, TOMBSTONE) and entry["number"] in copied:
                tail_index = max(tail_index, index + 1)
        for index in [index for index in tail if index < tail_index and tail[index]["kind"] != EXTENSION]:
            del tail[index]

    # --- slots ---

    def slots(self):
        found = []
        self.sectors = self.log()
        for header, entries in self.sectors:
            for index in sorted(entries):
                entry = entries[index]
                if entry["kind"] == TOMBSTONE:
                    slot = Slot(entry["number"], entry["digest"])
                    slot.is_tombstone, slot.gone, slot.until = True, True, entry["day"]
                    found.append(slot)
                elif entry["kind"] in (LEAD, COPY):
                    found.append(self.slot(header, entry))
        return found

    def padded(self, length):
        return -(-length // self.align) * self.align

    def slot(self, header, entry):
        slot = Slot(entry["number"], entry["digest"])
        at = header["sector"] * self.sector_size + entry["start"]
        taken = self.padded(4 + entry["len"] + 16)
        self.read_annex(slot, header, entry, at + taken, entry["annex"])
        if slot.gone:
            return slot
        prefix, complement = struct.unpack("<HH", self.bytes[at:at + 4])
        if prefix ^ complement != 0xffff or prefix * 16 != taken + entry["annex"]:
            slot.damaged = True
        slot.content = self.seal.open(self.bytes[at + 4:at + 4 + entry["len"] + 16], entry["head"], header["epoch"], at, header["salt"])
        if CONTENT in slot.registers and slot.registers[CONTENT][1]:
            slot.content = slot.registers[CONTENT][1]
        slot.damaged = slot.damaged or slot.content is None
        return slot

    def read_annex(self, slot, header, entry, at, length):
        marks = []
        jumped = False
        for mark in self.marks(entry, header, at, length):
            last = marks[-1]["sequence"] if marks else 0
            step = (mark["sequence"] - last) % 256
            if step == 1:
                marks.append(mark)
            elif marks and step == 0:
                marks[-1] = mark
                self.seen["restated"] += 1
            elif marks and step == 255:
                marks[-2:] = [mark]
                self.seen["restated twice"] += 1
            else:
                jumped = True
                marks.append(mark)
        for mark in marks:
            if mark["kind"] == SET:
                slot.registers[mark["register"]] = (mark["value"], mark["data"])
            elif mark["kind"] == GONE:
                slot.gone, slot.until = True, mark["value"]
        slot.damaged = jumped and not slot.gone

    def marks(self, entry, header, at, length):
        """The good marks of an annex and of those that it is continued in."""
        while header is not None:
            end = at + length
            link = None
            while at + 16 <= end:
                mark = self.mark(entry, header, at, end)
                if mark is None:
                    at += self.align
                    continue
                at += mark["takes"]
                link = mark if mark["kind"] == CONTINUED else None
                if link is None:
                    yield mark
            header = None
            if link is not None:
                self.seen["continued"] += 1
                header = self.headers.get(link["value"])
                extension = None if header is None else self.entry(header, link["length"])
                if extension is None or extension["kind"] != EXTENSION or extension["number"] != entry["number"]:
                    raise Damage("an annex is continued nowhere")
                at, length = header["sector"] * self.sector_size + extension["start"], extension["annex"]

    def mark(self, entry, header, at, end):
        head = self.bytes[at:at + 8]
        flags, low, sequence = head[0], head[1], head[2]
        mark = {"register": flags >> 6, "kind": flags >> 4 & 3, "sequence": sequence, "value": int.from_bytes(head[3:6], "little"),
                "length": (flags & 15) << 8 | low, "data": b""}
        length = 0 if mark["kind"] == CONTINUED else mark["length"]
        mark["takes"] = self.padded(8 + length + (16 if length > 0 else 8))
        if at + mark["takes"] > end:
            return None
        aad = entry["head"] + head
        if length == 0:
            return mark if self.seal.proves(self.bytes[at + 8:at + 16], aad, header["epoch"], at, header["salt"]) else None
        mark["data"] = self.seal.open(self.bytes[at + 8:at + 8 + length + 16], aad, header["epoch"], at, header["salt"])
        return None if mark["data"] is None else mark
