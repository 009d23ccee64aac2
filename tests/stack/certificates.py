# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Throw-away certificates: an authority, and one certificate for both ends."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """A directory with them, by the names that the TLS overlays want."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority's."""
        return self.folder / "ca.crt"

    def believing(self, others: Certificates, folder: Path) -> Certificates:
        """Return the same certificate, with another authority to trust."""
        shutil.copytree(self.folder, folder)
        shutil.copy(others.ca, folder / "ca.crt")
        return Certificates(folder)


def make(folder: Path, host: str) -> Certificates:
    """A new authority, and a certificate of its for this host."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder)
    authority = trustme.CA()
    issued = authority.issue_cert(host)
    authority.cert_pem.write_to_path(str(made.ca))
    issued.private_key_pem.write_to_path(str(folder / "tls.key"))
    for index, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(str(folder / "tls.crt"), append=index > 0)
    return made
