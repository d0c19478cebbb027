import Glibc
import SystemIO
import Testing

/// A receiver that people run, as Debian has it, on a free port of the loopback with a folder for its data.
final class RealReceiver {
  enum Kind: String, CaseIterable, Sendable {
    case prometheus
    case victoriaMetrics = "victoria-metrics"

    var path: String? { ServerProcess.path(of: rawValue) }
  }

  let kind: Kind
  let port: Int
  private let folder = try? TemporaryFolder()
  private var process: ServerProcess?

  init(_ kind: Kind) throws {
    self.kind = kind
    port = try freePort()
  }

  /// Where samples are sent to.
  var url: String { "http://127.0.0.1:\(port)/api/v1/write" }

  /// Starts it and waits until it takes samples.
  func start() async throws {
    let folder = try #require(folder)
    let program = try #require(kind.path)
    switch kind {
    case .prometheus:
      try folder.write("prometheus.yml", "global: {scrape_interval: 1h}\n")
      process = try ServerProcess(
        [
          program, "--config.file=\(folder.file("prometheus.yml"))", "--storage.tsdb.path=\(folder.file("data"))",
          "--web.listen-address=127.0.0.1:\(port)", "--web.enable-remote-write-receiver", "--log.level=warn",
        ], log: folder.file("log"))
      try await eventually("Prometheus is ready", atMost: 60) { get(port: port, "/-/ready") != nil }
    case .victoriaMetrics:
      process = try ServerProcess(
        [
          program, "-storageDataPath=\(folder.file("data"))", "-httpListenAddr=127.0.0.1:\(port)",
          "-retentionPeriod=1y",
          "-search.latencyOffset=0s",
        ], log: folder.file("log"))
      try await eventually("VictoriaMetrics is ready", atMost: 60) { get(port: port, "/health") != nil }
    }
  }

  func stop() {
    process?.end(SIGTERM)
    process = nil
  }

  /// All values of the machine "box" since a moment, stale markers left out.
  func points(since start: Double, to end: Double) throws -> [String: [Int64: Double]] {
    var result: [String: [Int64: Double]] = [:]
    func add(_ labels: JSON?, _ moment: Double?, _ value: Double?) {
      guard let labels, let moment, let value, !value.isNaN else { return }
      let text = seriesText(labels.members.map { (name: $0.key, value: $0.value.text ?? "") })
      result[text, default: [:]][Int64((moment * 1_000).rounded())] = value
    }
    switch kind {
    case .prometheus:
      let seconds = Int(end - start) + 10
      let query = "%7Binstance%3D%22box%22%7D%5B\(seconds)s%5D"
      let answer = try JSON(try #require(get(port: port, "/api/v1/query?query=\(query)&time=\(Int(end) + 5)")))
      for series in answer["data"]?["result"]?.list ?? [] {
        for pair in series["values"]?.list ?? [] {
          add(series["metric"], pair.list.first?.number, pair.list.last?.text.flatMap { Double($0) })
        }
      }
    case .victoriaMetrics:
      _ = get(port: port, "/internal/force_flush")
      let target = "/api/v1/export?match%5B%5D=%7Binstance%3D%22box%22%7D&start=\(Int(start) - 5)&end=\(Int(end) + 5)"
      for line in try #require(get(port: port, target)).split(separator: 0x0A) {
        let series = try JSON(line)
        for (value, moment) in zip(series["values"]?.list ?? [], series["timestamps"]?.list ?? []) {
          add(series["metric"], moment.number.map { $0 / 1_000 }, value.number)
        }
      }
    }
    return result
  }
}
