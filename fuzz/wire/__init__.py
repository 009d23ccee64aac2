# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams of real SDKs and of AutoGen over real sockets: random answers, random consumers, random values, from one seed.

One process performs a case bare, and never imports Lastchunk; another performs the same under Lastchunk (`side`). What the two
saw is compared (`differences`), and what the second exported is looked through (`demands`).

`layers` says where an application takes its stream from, `values` what it asks with, `consumers` how it reads and leaves,
`answers` what the server says, and `bytes_sent` how that travels.
"""

from __future__ import annotations

HANGS_AFTER = 60.0
"""Seconds after which a case hangs. The longest has two clients that wait for five seconds each."""
