# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""Microsoft Agent Framework: chat clients, agents and workflows, whose own spans say how they ended.

Performed by tests/agent_framework, in an environment of its own: Agent Framework needs a newer OpenTelemetry than the oldest
that Lastchunk allows.
"""

from __future__ import annotations

from typing import Any

from tests.endings.sources import MODEL, QUESTION, sdk, source
from tests.endings.stage import Stage
from tests.endings.table import table

NEEDS = "agent_framework"
"""What the rows of this module need that the other rows' environment has not."""


def client(stage: Stage, kind: str = "OpenAIChatClient") -> Any:
    """A chat client of Agent Framework."""
    from agent_framework import openai

    return getattr(openai, kind)(model=MODEL, async_client=sdk(stage))


def agent(stage: Stage) -> Any:
    """An agent of Agent Framework."""
    from agent_framework import Agent

    return Agent(client=client(stage), name="guide")


def _ask() -> Any:
    from agent_framework import Message

    return [Message("user", [QUESTION])]


@source
async def maf_responses(stage: Stage) -> Any:
    """`OpenAIChatClient().get_response(stream=True)`, the Responses API"""
    return client(stage).get_response(_ask(), stream=True)


@source
async def maf_completions(stage: Stage) -> Any:
    """`OpenAIChatCompletionClient().get_response(stream=True)`"""
    return client(stage, "OpenAIChatCompletionClient").get_response(_ask(), stream=True)


@source
async def maf_agent_run(stage: Stage) -> Any:
    """`Agent.run(stream=True)`, with the Responses API"""
    return agent(stage).run(QUESTION, stream=True)


@source
async def maf_workflow_run(stage: Stage) -> Any:
    """`Workflow.run(stream=True)` of a workflow of one agent"""
    from agent_framework import WorkflowBuilder

    return WorkflowBuilder(start_executor=agent(stage), name="flow").build().run(QUESTION, stream=True)


ROWS = [
    *table(
        "maf_responses",
        """
        #                            reason          cut cause                  last event finish            status evidence | application sees | below | also
        clean                        completed       no  -                      end_marker completed         unset wire | 13 ChatResponseUpdate
        done_without_finish          truncated       yes unknown                text       -                 error wire | 11 ChatResponseUpdate
        silent_cut                   truncated       yes unknown                text       -                 error wire | 7 ChatResponseUpdate
        idle_then_silent_cut         truncated       yes idle_timeout           text       -                 error wire | 7 ChatResponseUpdate
        cut_inside_event             truncated       yes unknown                text       -                 error wire | 7 ChatResponseUpdate
        rst                          connection_lost yes connection_lost        text       -                 error wire | 7 raises agent_framework.ChatClientException
        incomplete_chunked           connection_lost yes connection_lost        text       -                 error wire | 7 raises agent_framework.ChatClientException
        idle_then_rst                connection_lost yes idle_timeout           text       -                 error wire | 7 raises agent_framework.ChatClientException
        rst_after_finish             connection_lost yes connection_lost        end_marker completed         error wire | 13 raises agent_framework.ChatClientException
        stall                        timeout         yes idle_timeout           text       -                 error wire | 7 raises agent_framework.ChatClientException
        stall_after_headers          timeout         yes idle_timeout           headers    -                 error wire | 0 raises agent_framework.ChatClientException |  | delivery=none
        stall_before_headers         rejected        no  idle_timeout           none       -                 error wire | 0 raises agent_framework.ChatClientException
        rst_before_headers           rejected        no  connection_lost        none       -                 error wire | 0 raises agent_framework.ChatClientException
        error_object                 provider_error  yes provider_error         end_marker failed            error wire | 8 ChatResponseUpdate
        malformed_json               protocol_error  yes provider_error         text       -                 error wire | 7 raises agent_framework.ChatClientException
        http_400_context             rejected        no  context_limit          error      -                 error wire | 0 raises agent_framework.ChatClientException
        http_400_content_filter      rejected        no  content_filter         error      -                 error wire | 0 raises agent_framework_openai.OpenAIContentFilterException
        http_401                     rejected        no  provider_error         error      -                 error wire | 0 raises agent_framework.ChatClientException
        http_429                     rejected        no  rate_limited           error      -                 error wire | 0 raises agent_framework.ChatClientException
        http_500                     rejected        no  provider_error         error      -                 error wire | 0 raises agent_framework.ChatClientException
        length                       length          yes context_limit          end_marker max_output_tokens unset wire | 8 ChatResponseUpdate
        content_filter               content_filter  yes content_filter         end_marker content_filter    unset wire | 8 ChatResponseUpdate
        json_body                    empty           yes no_streaming_support   headers    -                 error wire | 0 nothing
        empty_body                   empty           yes unknown                headers    -                 error wire | 0 nothing
        finish_only                  empty           yes unknown                end_marker completed         error wire | 2 ChatResponseUpdate
        burst                        completed       no  -                      end_marker completed         unset wire | 13 ChatResponseUpdate |  | delivery=burst
        single_after_5s              completed       no  no_streaming_support   end_marker completed         unset wire | 6 ChatResponseUpdate |  | delivery=single
        break_dropped                abandoned       yes partial_consumption    message    -                 unset wire | 3 left |  | delivery=none
        break_kept                   abandoned       yes partial_consumption    message    -                 unset wire | 3 left |  | delivery=none
        aclose                       abandoned       yes partial_consumption    message    -                 unset wire | 3 left |  | delivery=none
        task_cancel                  cancelled       no  cancelled_by_application text       -                 error wire | 7 raises asyncio.CancelledError |  | waiting_for=next_chunk
        asyncio_timeout              cancelled       no  cancelled_by_application text       -                 error wire | 7 raises TimeoutError
        asyncio_timeout_after_silence cancelled       yes idle_timeout           text       -                 error wire | 7 raises TimeoutError
        """,
    ),
    *table(
        "maf_completions",
        """
        #                            reason          cut cause                  last event finish            status evidence | application sees | below | also
        clean                        completed       no  -                      end_marker stop              unset wire | 10 ChatResponseUpdate
        done_without_finish          completed       no  -                      end_marker -                 unset end_marker | 8 ChatResponseUpdate
        silent_cut                   truncated       yes unknown                text       -                 error wire | 4 ChatResponseUpdate
        rst                          connection_lost yes connection_lost        text       -                 error wire | 4 raises agent_framework.ChatClientException
        rst_after_finish             connection_lost yes connection_lost        finish     stop              error wire | 9 raises agent_framework.ChatClientException
        stall                        timeout         yes idle_timeout           text       -                 error wire | 4 raises agent_framework.ChatClientException
        rst_before_headers           rejected        no  connection_lost        none       -                 error wire | 0 raises agent_framework.ChatClientException
        error_object                 provider_error  yes provider_error         error      -                 error wire | 4 raises agent_framework.ChatClientException
        malformed_json               protocol_error  yes provider_error         text       -                 error wire | 4 raises agent_framework.ChatClientException
        http_400_context             rejected        no  context_limit          error      -                 error wire | 0 raises agent_framework.ChatClientException
        http_429                     rejected        no  rate_limited           error      -                 error wire | 0 raises agent_framework.ChatClientException
        length                       length          yes context_limit          end_marker length            unset wire | 6 ChatResponseUpdate
        content_filter               content_filter  yes content_filter         end_marker content_filter    unset wire | 5 ChatResponseUpdate
        json_body                    empty           yes no_streaming_support   headers    -                 error wire | 0 nothing
        empty_body                   empty           yes unknown                headers    -                 error wire | 0 nothing
        finish_only                  empty           yes unknown                end_marker stop              error wire | 1 ChatResponseUpdate
        break_dropped                abandoned       yes partial_consumption    text       -                 unset wire | 3 left
        aclose                       abandoned       yes partial_consumption    text       -                 unset wire | 3 left
        task_cancel                  cancelled       no  cancelled_by_application text       -                 error wire | 4 raises asyncio.CancelledError |  | waiting_for=next_chunk
        asyncio_timeout_after_silence cancelled       yes idle_timeout           text       -                 error wire | 4 raises TimeoutError
        """,
    ),
    *table(
        "maf_agent_run",
        """
        #                            reason          cut cause                  last event finish            status evidence | application sees | below | also
        clean                        completed       no  -                      usage      completed         unset wire | 13 AgentResponseUpdate | =
        done_without_finish          truncated       yes unknown                text       -                 error wire | 11 AgentResponseUpdate | =
        silent_cut                   truncated       yes unknown                text       -                 error wire | 7 AgentResponseUpdate | =
        idle_then_silent_cut         truncated       yes idle_timeout           text       -                 error wire | 7 AgentResponseUpdate | =
        rst                          connection_lost yes connection_lost        text       -                 error wire | 7 raises agent_framework.ChatClientException | =
        idle_then_rst                connection_lost yes idle_timeout           text       -                 error wire | 7 raises agent_framework.ChatClientException | =
        rst_after_finish             connection_lost yes connection_lost        usage      completed         error wire | 13 raises agent_framework.ChatClientException | =
        stall                        timeout         yes idle_timeout           text       -                 error wire | 7 raises agent_framework.ChatClientException | =
        stall_before_headers         rejected        no  idle_timeout           none       -                 error wire | 0 raises agent_framework.ChatClientException | =
        rst_before_headers           rejected        no  connection_lost        none       -                 error wire | 0 raises agent_framework.ChatClientException | =
        error_object                 provider_error  yes provider_error         usage      failed            error wire | 8 AgentResponseUpdate | =
        malformed_json               protocol_error  yes provider_error         text       -                 error wire | 7 raises agent_framework.ChatClientException | =
        http_400_context             rejected        no  context_limit          error      -                 error wire | 0 raises agent_framework.ChatClientException | =
        http_400_content_filter      rejected        no  content_filter         error      -                 error wire | 0 raises agent_framework_openai.OpenAIContentFilterException | =
        http_429                     rejected        no  rate_limited           error      -                 error wire | 0 raises agent_framework.ChatClientException | =
        length                       length          yes context_limit          usage      max_output_tokens unset wire | 8 AgentResponseUpdate | =
        content_filter               content_filter  yes content_filter         usage      content_filter    unset wire | 8 AgentResponseUpdate | =
        json_body                    empty           yes no_streaming_support   none       -                 error wire | 0 nothing | =
        empty_body                   empty           yes unknown                none       -                 error wire | 0 nothing | =
        finish_only                  empty           yes unknown                usage      completed         error wire | 2 AgentResponseUpdate | =
        single_after_5s              completed       no  no_streaming_support   usage      completed         unset wire | 6 AgentResponseUpdate | = | delivery=single
        break_dropped                abandoned       yes partial_consumption    text       -                 unset none | 3 left | =+
        break_kept                   abandoned       yes partial_consumption    text       -                 unset none | 3 left | =+
        aclose                       abandoned       yes partial_consumption    text       -                 unset none | 3 left | =+
        task_cancel                  cancelled       no  cancelled_by_application text       -                 error none | 7 raises asyncio.CancelledError | =+ | waiting_for=next_chunk
        asyncio_timeout              cancelled       no  cancelled_by_application text       -                 error none | 7 raises TimeoutError | =+
        asyncio_timeout_after_silence cancelled       yes idle_timeout           text       -                 error none | 7 raises TimeoutError | =+
        """,
    ),
    *table(
        "maf_workflow_run",
        """
        #                            reason          cut cause                  last event finish            status evidence | application sees | below | also
        clean                        completed       no  -                      message    completed         unset wire | 22 WorkflowEvent | = =
        done_without_finish          truncated       yes unknown                message    -                 error wire | 20 WorkflowEvent | =+ =
        silent_cut                   truncated       yes unknown                message    -                 error wire | 16 WorkflowEvent | =+ =
        idle_then_silent_cut         truncated       yes idle_timeout           message    -                 error wire | 16 WorkflowEvent | =+ =
        rst                          connection_lost yes connection_lost        message    -                 error wire | 14 raises agent_framework.ChatClientException | =+ =
        rst_after_finish             connection_lost yes connection_lost        message    completed         error wire | 20 raises agent_framework.ChatClientException | =+ =
        stall                        timeout         yes idle_timeout           message    -                 error wire | 14 raises agent_framework.ChatClientException | =+ =
        rst_before_headers           rejected        no  connection_lost        message    -                 error wire | 7 raises agent_framework.ChatClientException | =+ =
        error_object                 provider_error  yes provider_error         message    failed            error wire | 17 WorkflowEvent | =+ =
        malformed_json               protocol_error  yes provider_error         message    -                 error wire | 14 raises agent_framework.ChatClientException | =+ =
        http_400_context             rejected        no  context_limit          error      -                 error wire | 7 raises agent_framework.ChatClientException | =+ =
        http_429                     rejected        no  rate_limited           error      -                 error wire | 7 raises agent_framework.ChatClientException | =+ =
        length                       length          yes context_limit          message    max_output_tokens unset wire | 17 WorkflowEvent | =+ =
        content_filter               content_filter  yes content_filter         message    content_filter    unset wire | 17 WorkflowEvent | =+ =
        json_body                    empty           yes no_streaming_support   message    -                 error wire | 9 WorkflowEvent | =+ =
        empty_body                   empty           yes unknown                message    -                 error wire | 9 WorkflowEvent | =+ =
        single_after_5s              completed       no  no_streaming_support   message    completed         unset wire | 15 WorkflowEvent | =+ = | delivery=single
        break_dropped                abandoned       yes partial_consumption    message    -                 unset none | 3 left
        break_kept                   abandoned       yes partial_consumption    message    -                 unset none | 3 left
        aclose                       abandoned       yes partial_consumption    message    -                 unset none | 3 left
        task_cancel                  cancelled       no  cancelled_by_application text       -                 unset none | 11 raises asyncio.CancelledError | =+ =+ | waiting_for=next_chunk
        asyncio_timeout              cancelled       no  cancelled_by_application text       -                 unset none | 11 raises TimeoutError | =+ =+
        asyncio_timeout_after_silence cancelled       yes idle_timeout           text       -                 unset none | 11 raises TimeoutError | =+ =+
        """,
    ),
]
