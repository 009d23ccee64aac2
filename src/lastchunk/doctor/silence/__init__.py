# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor stream --idle` and `doctor serve`: which silence is cut on the way."""
