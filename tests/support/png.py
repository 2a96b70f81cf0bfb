"""Pictures that fleetsim has made, as tests look at them."""
import struct
import zlib


def rows_of(path, most=None):
    """Width, height, bytes of a pixel, and the rows of an RGB or RGBA PNG as bytes: all of them, or the first `most`."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{path}: not a PNG")
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", data[at + 8:at + 18])
        elif kind == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    if depth != 8 or colour not in (2, 6):
        raise ValueError(f"{path}: depth {depth}, colour {colour}")
    step = 3 if colour == 2 else 4
    plain, stride, rows = zlib.decompress(packed), width * step + 1, []
    before = bytearray(width * step)
    for y in range(min(height, most or height)):
        kind, line = plain[y * stride], bytearray(plain[y * stride + 1:(y + 1) * stride])
        for i in range(len(line)):
            left = line[i - step] if i >= step else 0
            corner = before[i - step] if i >= step else 0
            if kind == 1:
                line[i] = (line[i] + left) & 255
            elif kind == 2:
                line[i] = (line[i] + before[i]) & 255
            elif kind == 3:
                line[i] = (line[i] + (left + before[i]) // 2) & 255
            elif kind == 4:
                guess = left + before[i] - corner
                far = [abs(guess - left), abs(guess - before[i]), abs(guess - corner)]
                line[i] = (line[i] + (left, before[i], corner)[far.index(min(far))]) & 255
        rows.append(line)
        before = line
    return width, height, step, rows
