# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Span exporters. The only place of this package that imports the OpenTelemetry SDK."""
