# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor stream --idle` and `doctor serve`: find the silence that is cut on the way."""
