# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The same use of the same stream, bare and observed, from one seed: whatever differs is a fault of ours.

`protocol` uses async generators in any way that Python allows; `wire` has real SDKs and AutoGen read random answers over real
sockets. `python -m fuzz --help`.
"""
