import PrometheusExport
import Testing

@testable import API

/// Content negotiation of the format.
@Suite struct AcceptTests {
  @Test(arguments: [
    // Prometheus 2, Prometheus 3, VictoriaMetrics, curl, a browser.
    (
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", ExpositionFormat.openMetrics
    ),
    (
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        + "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
        + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", .openMetrics
    ),
    ("text/plain;version=0.0.4;q=1,*/*;q=0.1", .text),
    ("*/*", .text),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .text),
    ("", .text), (",;,/", .text),
    ("application/openmetrics-text", .openMetrics),
    ("Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8", .openMetrics),
    ("application/openmetrics-text; version=0.0.1", .text),
    ("application/openmetrics-text; version=2.0.0", .text),
    ("application/openmetrics-text; version=1.0.0; q=0", .text),
    ("application/openmetrics-text; version=1.0.0; q=0, */*", .text),
    ("application/openmetrics-text; q=nan", .text),
    ("application/openmetrics-text;q=0.4, text/plain;q=0.5", .text),
    ("application/openmetrics-text;q=0.5, text/plain;q=0.4", .openMetrics),
    ("application/openmetrics-text;q=0.5, text/plain;q=0.5", .openMetrics),
    ("application/openmetrics-text;q=0.5, text/*;q=0.9", .text),
    ("application/openmetrics-text;q=0.5, text/plain;version=1.0.0;q=0.9", .openMetrics),
    ("application/*", .text),
  ]) func accepted(header: String, format: ExpositionFormat) {
    #expect(ExpositionFormat.accepted(header) == format)
  }

  @Test func withoutAHeader() {
    #expect(ExpositionFormat.accepted(nil) == .text)
  }
}
