import type { ApolloServerPlugin } from "@apollo/server";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { getOperationAST } from "graphql";
import type { Context } from "./context.ts";
import { firstField } from "./http/metrics.ts";

const tracer = trace.getTracer("faultline-api");

/**
 * Sends spans to the OpenTelemetry collector of OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT),
 * as OTLP over HTTP; the other OTEL_* variables hold too. Without either, nothing is loaded and spans cost nothing.
 *
 * @returns sends what is left and ends
 */
export async function startTracing(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<() => Promise<void>> {
  if (!environment.OTEL_EXPORTER_OTLP_ENDPOINT && !environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
    return async () => undefined;
  const [
    { BatchSpanProcessor, NodeTracerProvider },
    { OTLPTraceExporter },
    { defaultResource, resourceFromAttributes },
  ] = await Promise.all([
    import("@opentelemetry/sdk-trace-node"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  const provider = new NodeTracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ "service.name": environment.OTEL_SERVICE_NAME ?? "faultline-api" }),
    ),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return () => provider.shutdown();
}

/**
 * A span for each GraphQL operation, named `query verdicts` after its type and first field, below the span that the
 * caller's `traceparent` names. The request id leads from a trace to the log.
 */
export const operationSpans: ApolloServerPlugin<Context> = {
  async requestDidStart({ request, contextValue: { requestId } }) {
    const carrier = Object.fromEntries(request.http?.headers ?? []);
    const caller = propagation.extract(context.active(), carrier);
    const span = tracer.startSpan(
      "graphql",
      { kind: SpanKind.SERVER, attributes: { "faultline.request_id": requestId } },
      caller,
    );
    return {
      async didResolveOperation({ document, operationName }) {
        const operation = getOperationAST(document, operationName);
        if (!operation) return;
        span.updateName(`${operation.operation} ${firstField(operation)}`);
        span.setAttribute("graphql.operation.type", operation.operation);
        if (operationName) span.setAttribute("graphql.operation.name", operationName);
      },
      async willSendResponse({ response: { body } }) {
        const [failure] = (body.kind === "single" && body.singleResult.errors) || [];
        if (failure) {
          const message = String(failure.extensions?.code ?? "UNKNOWN");
          span.setStatus({ code: SpanStatusCode.ERROR, message });
        }
        span.end();
      },
    };
  },
};
