# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The checks behind `lastchunk doctor`. For people at a terminal: nothing of it is loaded in an application."""
