# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A model server that breaks streams as it is told, in every protocol: for the demo, the doctor, the examples and the tests."""
