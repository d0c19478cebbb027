import Glibc
import SystemIO
import TestSupport
import Testing

/// A real receiver as packaged by Debian, on a free loopback port with a folder for its data.
final class RealReceiver {
  enum Kind: String, CaseIterable, Sendable {
    case prometheus
    case victoriaMetrics = "victoria-metrics"

    var path: String? { Program.path(of: rawValue) }
  }

  let kind: Kind
  let port: Int
  private let folder = try? TemporaryFolder()
  private var process: Program?

  init(_ kind: Kind) throws {
    self.kind = kind
    port = try Loopback.freePort()
  }

  /// URL for samples.
  var url: String { "http://127.0.0.1:\(port)/api/v1/write" }

  /// Starts it and waits until it responds.
  ///
  /// - Parameter takesSamples: false for a Prometheus without `--web.enable-remote-write-receiver`.
  func start(takesSamples: Bool = true) async throws {
    let folder = try #require(folder)
    let program = try #require(kind.path)
    switch kind {
    case .prometheus:
      try folder.write("prometheus.yml", "global: {scrape_interval: 1h}\n")
      process = try Program(
        program,
        [
          "--config.file=\(folder.file("prometheus.yml"))", "--storage.tsdb.path=\(folder.file("data"))",
          "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
        ] + (takesSamples ? ["--web.enable-remote-write-receiver"] : []), log: folder.file("log"))
      try await eventually("Prometheus is ready", atMost: 60) { get("/-/ready") != nil }
    case .victoriaMetrics:
      process = try Program(
        program,
        [
          "-storageDataPath=\(folder.file("data"))", "-httpListenAddr=127.0.0.1:\(port)",
          "-retentionPeriod=1y",
          "-search.latencyOffset=0s",
        ], log: folder.file("log"))
      try await eventually("VictoriaMetrics is ready", atMost: 60) { get("/health") != nil }
    }
  }

  func stop() {
    process?.end(SIGTERM)
    process = nil
  }

  /// The body of a GET, or nil without a response of status 200.
  func get(_ target: String) -> [UInt8]? {
    let answer = try? Loopback.get(target, port: UInt16(port), version: "1.0", deadline: 20)
    return answer?.status == 200 ? answer?.bytes : nil
  }

  struct NotJSON: Error {}

  /// The JSON of a GET.
  func json(_ target: String) throws -> JSONValue {
    let bytes = try #require(get(target))
    guard let value = JSONValue(bytes.span) else { throw NotJSON() }
    return value
  }

  /// All values of the machine "box" since a time, without stale markers.
  func points(since start: Double, to end: Double) throws -> [String: [Int64: Double]] {
    var result: [String: [Int64: Double]] = [:]
    func add(_ labels: JSONValue?, _ time: Double?, _ value: Double?) {
      guard let labels, let time, let value, !value.isNaN else { return }
      guard case .object(let members) = labels else { return }
      let text = seriesText(members.map { (name: $0.key, value: $0.value.text ?? "") })
      result[text, default: [:]][Int64((time * 1_000).rounded())] = value
    }
    switch kind {
    case .prometheus:
      let seconds = Int(end - start) + 10
      let query = "%7Binstance%3D%22box%22%7D%5B\(seconds)s%5D"
      let answer = try json("/api/v1/query?query=\(query)&time=\(Int(end) + 5)")
      for series in answer["data"]?["result"]?.elements ?? [] {
        for pair in series["values"]?.elements ?? [] {
          add(series["metric"], pair.elements.first?.number, pair.elements.last?.text.flatMap { Double($0) })
        }
      }
    case .victoriaMetrics:
      _ = get("/internal/force_flush")
      let target = "/api/v1/export?match%5B%5D=%7Binstance%3D%22box%22%7D&start=\(Int(start) - 5)&end=\(Int(end) + 5)"
      for line in try #require(get(target)).split(separator: 0x0A) {
        let bytes = Array(line)
        guard let series = JSONValue(bytes.span) else { throw NotJSON() }
        for (value, time) in zip(series["values"]?.elements ?? [], series["timestamps"]?.elements ?? []) {
          add(series["metric"], time.number.map { $0 / 1_000 }, value.number)
        }
      }
    }
    return result
  }
}
