# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Makes the dashboards and alerts from `lastchunk.semconv` and `grafana/settings.yaml`: `make grafana`."""
