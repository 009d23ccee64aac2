# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's own server, from the package xllamacpp, in a process of its own: `python llama_server.py MODEL CONTEXT PORT`."""

from __future__ import annotations

import signal
import sys

import xllamacpp


def main() -> None:
    """Serve one request after the other, until somebody ends the process."""
    model, context, port = sys.argv[1:]
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.n_ctx, parameters.n_parallel, parameters.port = int(context), 1, int(port)
    parameters.cpuparams.n_threads = 1
    parameters.n_gpu_layers = 0
    server = xllamacpp.Server(parameters)
    assert server.listening_address
    signal.pause()


if __name__ == "__main__":
    main()
