# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A model server that breaks streams on demand, in every protocol: for demo, doctor, examples and tests."""
