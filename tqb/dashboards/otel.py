"""OpenTelemetry: a trace by OTLP over HTTP, to where `OTEL_EXPORTER_OTLP_ENDPOINT` says.

A span for the run, and one for each result with the event ``gen_ai.evaluation.result`` of the
semantic conventions for generative AI, which are still experimental. Questions are not in it, and
answers only as far as the explanation of a score quotes them.
"""

from __future__ import annotations

from tqb.dashboards.facts import Value, metrics, of_result, of_run
from tqb.types import Report, Result

EVENT = "gen_ai.evaluation.result"
_BATCH = 200
_TIMEOUT_S = 10


def send(report: Report) -> None:
    """Send the run.

    Raises:
        Exception: as the client raises it; ConnectionError where it took no batch.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    service = {"service.name": "tqb", "service.version": report.tool.version}
    made = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create(service), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(made))
    tracer = provider.get_tracer("tqb", report.tool.version)
    about = {f"tqb.{name}": value for name, value in (of_run(report) | metrics(report)).items()}
    with tracer.start_as_current_span("tqb run", attributes=about):
        for result in report.results:
            with tracer.start_as_current_span(f"evaluate {result.key}") as span:
                span.set_attributes({f"tqb.{name}": x for name, x in of_result(result).items()})
                if result.score is not None:
                    span.add_event(EVENT, _event(result, report.run.scorer))
    spans = made.get_finished_spans()
    exporter = OTLPSpanExporter(timeout=_TIMEOUT_S)
    for start in range(0, len(spans), _BATCH):
        if exporter.export(spans[start : start + _BATCH]) is not SpanExportResult.SUCCESS:
            raise ConnectionError("the collector took no spans; see OTEL_EXPORTER_OTLP_ENDPOINT")
    exporter.shutdown()


def _event(result: Result, scorer: str) -> dict[str, Value]:
    return {
        "gen_ai.evaluation.name": scorer,
        "gen_ai.evaluation.score.value": float(result.score or 0),
        "gen_ai.evaluation.score.label": result.outcome,
        "gen_ai.evaluation.explanation": result.explanation,
    }
