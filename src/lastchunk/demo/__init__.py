# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The tour: an ordinary AutoGen application, servers that break its streams, and what Lastchunk says."""
