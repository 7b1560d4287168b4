"""Makes what the labs read; the same seed makes the same bytes.

    payload.py image FILE               a PNG of 5 MB that any viewer opens
    payload.py blobs DIRECTORY SIZE...  files of so many bytes: 1000, 16MiB, 5MB

Options: --seed N (1). Nothing of it is kept in git.
"""
import argparse
import pathlib
import random
import re
import struct
import zlib

SIDE = 1291  # pixels of noise, three bytes each, which no PNG can make smaller: 5.0 MB
PIECE = 1 << 20
UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}


def size(text):
    match = re.fullmatch(r"(\d+)([a-z]*)", text, re.IGNORECASE)
    if not match or match[2].upper() not in UNITS:
        raise argparse.ArgumentTypeError(f"{text} is no size: 1000, 16MiB or 5MB")
    return int(match[1]) * UNITS[match[2].upper()]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def image(noise):
    rows = b"".join(b"\0" + noise.randbytes(3 * SIDE) for _ in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def blob(path, length, noise):
    with open(path, "wb") as file:
        for at in range(0, length, PIECE):
            file.write(noise.randbytes(min(PIECE, length - at)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("image").add_argument("file", type=pathlib.Path)
    blobs = kinds.add_parser("blobs")
    blobs.add_argument("directory", type=pathlib.Path)
    blobs.add_argument("sizes", type=size, nargs="+")
    options = parser.parse_args()
    noise = random.Random(options.seed)
    if options.kind == "image":
        options.file.write_bytes(image(noise))
    else:
        options.directory.mkdir(parents=True, exist_ok=True)
        for number, length in enumerate(options.sizes, 1):
            blob(options.directory / f"{number:04d}-{length}.bin", length, noise)
