# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What Lastchunk costs, and that it loses nothing: `make bench`, `make bench-peers`, `make soak`. See docs/performance.md."""
