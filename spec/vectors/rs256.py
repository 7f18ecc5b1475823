"""RS256 (PKCS #1 v1.5 with SHA-256) in plain Python, for vectors only. The key in here protects nothing."""

import hashlib

P = int("ff9a4768e2caef73c21cdc6dab997678eb6ebdf042741f95024578ecef81bc0d3171e24ac5bcfa7c8604740c3be324fc9e0cfb1acd82b3fc3df4310f842f35bc"
        "4e83b9e9b1db6dd386e1e14c60c54cf312d90e01b7e4796b0b2f9064bb981c9428b7c145523d3be31fd07aed8959e64e3efb6157ab733ad6cc544f4bb499c207", 16)
Q = int("ec0cad62a0685d395421d6f8b9d4daf81cba31bac08e87a2ff508bc81c8507c9777ec865bfef16966a3fbb9066076cf6f1667c6cf9815faaff1f94a1c7acc570"
        "6cbed5651525483aabb026d5e806f6876c1853354b4e6501bce1db98261933cd6441d9a32377e3fab6be2c386be583bd4903c9b0da7fff6523b13b9c725a55ed", 16)
N, E = P * Q, 65537
D = pow(E, -1, (P - 1) * (Q - 1))
LENGTH = 256
# DigestInfo of SHA-256 (RFC 8017 section 9.2, note 1).
PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def sign(text):
    digest = PREFIX + hashlib.sha256(text).digest()
    padded = b"\x00\x01" + b"\xff" * (LENGTH - len(digest) - 3) + b"\x00" + digest
    return pow(int.from_bytes(padded, "big"), D, N).to_bytes(LENGTH, "big")
