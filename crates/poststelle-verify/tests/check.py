#!/usr/bin/env python3
"""Checks proofs by the RFCs alone: RFC 9162 2.1, C2SP signed-note, tlog-checkpoint, tlog-tiles, tlog-cosignature; standard
library only, Ed25519 and time stamps by openssl. Usage: check.py FOLDER|ZIP KEY [CA.pem|WITNESS-KEY]. Prints what holds; exit
status 1 otherwise."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile


def sha256(octets):
    return hashlib.sha256(octets).digest()


def node(left, right):
    return sha256(b"\1" + left + right)


def tree(hashes):
    """MTH of RFC 9162 2.1.1, over hashes of leaves."""
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node(tree(hashes[:split]), tree(hashes[split:]))


def included(index, size, leaf, path, root):
    """RFC 9162 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            if not fn & 1:
                while True:
                    fn >>= 1
                    sn >>= 1
                    if fn & 1 or fn == 0:
                        break
        else:
            r = node(r, p)
        fn >>= 1
        sn >>= 1
    return sn == 0 and r == root


class Key:
    def __init__(self, line, kind=1):
        self.name, key_id, key = line.strip().split("+", 2)
        octets = base64.b64decode(key)
        assert octets[0] == kind and len(octets) == 33, "not an Ed25519 key"
        self.public = octets[1:]
        self.id = sha256(self.name.encode() + b"\n" + octets)[:4]
        assert self.id.hex() == key_id, "the id is not that of the key"

    def verify(self, text, signature):
        with tempfile.TemporaryDirectory() as folder:
            der = bytes.fromhex("302a300506032b6570032100") + self.public
            for name, octets in (("key", der), ("text", text), ("sig", signature)):
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(octets)
            done = subprocess.run(
                ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
                 "-inkey", "key", "-in", "text", "-sigfile", "sig"], cwd=folder, capture_output=True)
            return done.returncode == 0


def checkpoint(note, key):
    """Size and root of a note that the key signed."""
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    for line in signatures.decode().splitlines():
        dash, name, octets = line.split(" ")
        octets = base64.b64decode(octets)
        if dash == "—" and name == key.name and octets[:4] == key.id:
            assert key.verify(text, octets[4:]), "the signature is wrong"
            origin, size, root = text.decode().splitlines()[:3]
            assert origin == key.name, "another log"
            return int(size), base64.b64decode(root)
    raise AssertionError("not signed by this key")


def cosignature(note, witness):
    """When a witness confirmed the text of a note, in seconds; C2SP tlog-cosignature, Ed25519."""
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    for line in signatures.decode().splitlines():
        dash, name, octets = line.split(" ")
        octets = base64.b64decode(octets)
        if dash == "—" and name == witness.name and octets[:4] == witness.id:
            time = int.from_bytes(octets[4:12], "big")
            message = b"cosignature/v1\ntime %d\n" % time + text
            assert witness.verify(message, octets[12:]), "the cosignature is wrong"
            return time
    raise AssertionError("not confirmed by this witness")


def stamp(note, answer, ca):
    with tempfile.TemporaryDirectory() as folder:
        for name, octets in (("note", note), ("answer", answer)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(octets)
        done = subprocess.run(["openssl", "ts", "-verify", "-data", "note", "-in", "answer", "-CAfile", ca],
                              cwd=folder, capture_output=True)
        assert done.returncode == 0, "time stamp: " + done.stderr.decode()


def leaf_fields(leaf):
    assert len(leaf) == 51 and leaf[0] == 1, "not a leaf"
    return int.from_bytes(leaf[1:9], "big"), leaf[19:]


def check_zip(octets, key, ca):
    files = zipfile.ZipFile(io.BytesIO(octets))
    proofs = [name for name in files.namelist() if name.startswith("proof/")]
    assert proofs, "no proof"
    for name in proofs:
        proof = json.loads(files.read(name))
        leaf = base64.b64decode(proof["leaf"])
        index, commitment = leaf_fields(leaf)
        payload = proof["payload"].encode()
        assert sha256(base64.b64decode(proof["salt"]) + payload) == commitment, name + ": payload"
        size, root = checkpoint(files.read(proof["checkpoint"]), key)
        path = [base64.b64decode(step) for step in proof["path"]]
        assert included(index, size, sha256(b"\0" + leaf), path, root), name + ": path"
        if "file" in proof:
            assert hashlib.sha256(files.read(proof["file"])).hexdigest() == json.loads(payload)["sha256"], proof["file"]
        print(name, "holds")
    for name in files.namelist():
        if name.endswith(".tsr") and ca:
            stamp(files.read(name.rsplit("-", 1)[0] + ".note"), files.read(name), ca)
            print(name, "holds")


def number(n):
    text = "%03d" % (n % 1000)
    while n >= 1000:
        n //= 1000
        text = "x%03d/%s" % (n % 1000, text)
    return text


def check_folder(folder, key, ca, witness):
    log = os.path.join(folder, "log")

    def read(name):
        with open(os.path.join(log, name), "rb") as file:
            return file.read()

    size, root = checkpoint(read("checkpoint"), key)
    hashes = []
    for bundle in range((size + 255) // 256):
        width = min(256, size - bundle * 256)
        partial = "" if width == 256 else ".p/%d" % width
        octets = read("tile/entries/" + number(bundle) + partial)
        tile = read("tile/0/" + number(bundle) + partial)
        for n in range(width):
            length = int.from_bytes(octets[:2], "big")
            leaf, octets = octets[2:2 + length], octets[2 + length:]
            assert leaf_fields(leaf)[0] == len(hashes), "index"
            hashes.append(sha256(b"\0" + leaf))
            assert hashes[-1] == tile[32 * n:32 * n + 32], "tile"
    assert tree(hashes) == root, "root"
    print(size, "leaves hold")
    if witness:
        name = "witnessed/" + sorted(os.listdir(os.path.join(log, "witnessed")))[-1]
        old, old_root = checkpoint(read(name), key)
        assert tree(hashes[:old]) == old_root, name
        print(witness.name, "confirms", old, "leaves at", cosignature(read(name), witness))
    for name in sorted(os.listdir(os.path.join(log, "timestamps"))):
        octets = read("timestamps/" + name)
        if name.endswith(".note"):
            old, old_root = checkpoint(octets, key)
            assert tree(hashes[:old]) == old_root, name
            print(name, "holds")
        elif ca:
            stamp(read("timestamps/" + name.rsplit("-", 1)[0] + ".note"), octets, ca)
            print(name, "holds")


def main():
    path, key = sys.argv[1], Key(sys.argv[2])
    more = sys.argv[3] if len(sys.argv) > 3 else None
    witness = Key(more, 4) if more and "+" in more else None
    ca = os.path.abspath(more) if more and not witness else None
    if os.path.isdir(path):
        check_folder(path, key, ca, witness)
    else:
        with open(path, "rb") as file:
            check_zip(file.read(), key, ca)


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, KeyError, OSError, ValueError) as error:
        sys.exit("does not hold: %s" % error)
