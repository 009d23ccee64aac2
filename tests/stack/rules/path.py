# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The telemetry path, in both spellings of the Collector's metrics. A sample every 15 seconds; trouble from 2m45s on."""

from __future__ import annotations

from tests.stack.rules.scenario import Family, Scenario, Series, page, ticket

UP = "lastchunk-collectors"
AT = {"instance": "a", "exporter": "otlp_grpc/gateway"}
DROPS = page("PathDrops", **AT)
QUEUE = {**AT, "data_type": "traces"}


def refused(name: str, values: str) -> Series:
    return f"otelcol_receiver_refused_{name}", {"receiver": "otlp"}, values


def queue(size: int) -> list[Series]:
    sizes = (("size", f"0x10 {size}x29"), ("capacity", "100x40"))
    return [(f"otelcol_exporter_queue_{name}", QUEUE, values) for name, values in sizes]


def traces(suffix: str, *, new: str, kept: str, left: str, held: str) -> list[Series]:
    sampling = "otelcol_processor_tail_sampling"
    return [
        (f"{sampling}_new_trace_id_received{suffix}", {}, new),
        (f"{sampling}_global_count_traces_sampled{suffix}", {"decision": "sampled"}, kept),
        (f"{sampling}_global_count_traces_sampled{suffix}", {"decision": "not_sampled"}, left),
        (f"{sampling}_sampling_traces_on_memory", {}, held),
    ]


FAMILY = Family(
    "15s",
    (
        "LastchunkPathRefuses",
        "LastchunkPathDrops",
        "LastchunkPathQueueFills",
        "LastchunkSamplesTooEarly",
        "LastchunkPathDown",
    ),
    (
        *(
            Scenario(
                f"refused {name}",
                [refused(name, "0x10 1+1x9 10x60")],
                {
                    "3m15s": (),
                    "3m45s": (page("PathRefuses", instance="a", receiver="otlp"),),
                    "11m": (page("PathRefuses", instance="a", receiver="otlp"),),
                    "13m": (),
                },
            )
            for name in ("spans", "log_records_total", "metric_points")
        ),
        Scenario(
            "a few refused again and again",
            [refused("spans", "0x10 1x5 2x5 3x5 4x5 5x5")],
            {"5m": (page("PathRefuses", instance="a", receiver="otlp"),)},
        ),
        Scenario(
            "spans and log records refused",
            [refused("spans", "0x10 1+1x60"), refused("log_records", "0x10 1+1x60")],
            {"3m45s": (page("PathRefuses", instance="a", receiver="otlp"),)},
        ),
        Scenario(
            "spans and log records not sent",
            [(f"otelcol_exporter_send_failed_{name}", AT, "0x10 5x60") for name in ("spans", "log_records")],
            {"2m45s": (DROPS,)},
        ),
        Scenario("nothing refused", [refused("spans", "7x40")], {"10m": ()}),
        *(
            Scenario(
                f"{kind} {name}",
                [(f"otelcol_exporter_{kind}_failed_{name}", AT, "0x10 5x60")],
                {"2m30s": (), "2m45s": (DROPS,), "7m": (DROPS,), "11m": (DROPS,), "13m30s": ()},
            )
            for kind in ("send", "enqueue")
            for name in ("spans", "log_records", "metric_points_total")
        ),
        Scenario("queue of 85", queue(85), {"3m30s": (), "3m45s": (ticket("PathQueueFills", **QUEUE),)}),
        Scenario("queue of 80", queue(80), {"5m": ()}),
        Scenario(
            "queue that empties",
            [
                ("otelcol_exporter_queue_size", QUEUE, "0x10 90x9 0x40"),
                ("otelcol_exporter_queue_capacity", QUEUE, "100x60"),
            ],
            {"5m": (ticket("PathQueueFills", **QUEUE),), "9m30s": (ticket("PathQueueFills", **QUEUE),), "10m45s": ()},
        ),
        *(
            Scenario(
                f"given up{suffix}",
                traces(suffix, new="0x30 10x60", kept="0x30 4x60", left="_x70", held="0x30 5x60"),
                {
                    "8m30s": (),
                    "8m45s": (ticket("SamplesTooEarly", instance="a"),),
                    "12m30s": (ticket("SamplesTooEarly", instance="a"),),
                    "17m": (ticket("SamplesTooEarly", instance="a"),),
                    "18m": (),
                },
            )
            for suffix in ("", "_total")
        ),
        Scenario(
            "given up before the first decision",
            traces("", new="0x30 10x60", kept="_x90", left="_x90", held="0x30 9x60"),
            {"8m45s": (ticket("SamplesTooEarly", instance="a"),)},
        ),
        Scenario(
            "given up long ago", traces("", new="50+9x90", kept="10+1x90", left="0+8x90", held="3x90"), {"9m": ()}
        ),
        Scenario("decided or held", traces("", new="0+10x90", kept="0+1x90", left="0+8x90", held="0+1x90"), {"9m": ()}),
        Scenario(
            "collectors",
            [("up", {"instance": "a"}, "1x10 0x19 1x40"), ("up", {"instance": "b"}, "1x70")],
            {
                "4m30s": (),
                "4m45s": (page("PathDown", instance="a"),),
                "12m": (page("PathDown", instance="a"),),
                "13m15s": (),
            },
            named=UP,
        ),
    ),
)

UNSEEN = Family(
    "1m",
    ("LastchunkPathUnseen",),
    (
        Scenario(
            # Nobody scraped one for ten minutes: no alert. Then there is one for five, and a day and an hour without.
            "no collector is a target",
            [("up", {"instance": "a"}, "_x10 1x5 stale _x1500")],
            {
                "8m": (),
                "12m": (),
                "20m": (),
                "22m": (page("PathUnseen"),),
                "13h": (page("PathUnseen"),),
                "24h10m": (page("PathUnseen"),),
                "24h25m": (),
            },
            named=UP,
        ),
    ),
)
