internal import AgentMetrics
internal import Collect
internal import Query
internal import SampleStore
internal import Synchronization
internal import SystemIO

/// Another agent's samples beyond this process's memory, fetched on demand.
final class RemoteArchive: SampleArchive {
  private let agent: RemoteAgent
  private let oldestKept = Mutex<Double?>(nil)

  init(of agent: RemoteAgent) {
    self.agent = agent
  }

  /// Only the oldest time is known here.
  var status: ArchiveStatus {
    var status = ArchiveStatus()
    status.oldest = oldest ?? .nan
    return status
  }

  /// The oldest time reported by the agent's last answer.
  var oldest: Double? { oldestKept.withLock { $0 } }

  /// Queries how far back the agent's samples reach.
  ///
  /// - Parameter remembered: time of the oldest sample in the agent's memory.
  func refresh(remembered: Double?) async {
    let bytes = try? await agent.request("/health").body(atMost: 65_536)
    let text = bytes.flatMap { JSONValue($0.span) }?["archive"]?["oldest"]?.text
    let archived = text.flatMap { Timestamp(rfc3339: $0)?.seconds }
    guard let oldest = [archived, remembered].compactMap(\.self).min() else { return }
    oldestKept.withLock { $0 = oldest }
  }

  func samples(from start: Double, to end: Double, step: Int?, limit: Int) async throws -> [Sample] {
    var samples: [Sample] = []
    _ = try await agent.request("/metrics/history?" + Self.range(start, end, step)).objects(
      of: "samples", atMost: RemoteLimits.history(samples: limit)
    ) { object in
      guard samples.count < limit else { throw Columns.TooLarge(ofRows: samples.count + 1) }
      if let sample = Sample(json: object.span) { samples.append(sample) }
    }
    return samples
  }

  func sample(at time: Double) async throws -> Sample? {
    let bytes: [UInt8]
    do {
      bytes = try await agent.request("/metrics/at?time=" + Timestamp(seconds: time).rfc3339)
        .body(atMost: ObjectSplitter.limit)
    } catch let failure as RemoteFailure where failure.status == 404 {
      return nil
    }
    return Sample(json: bytes.span)
  }

  func columns(
    _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?, extremes: Bool, limit: Int
  ) async throws -> Columns {
    let target =
      "/metrics/history?" + Self.range(start, end, step) + "&metrics=" + selectors.map(\.text).joined(separator: ",")
      + (extremes ? "&stats=mean,min,max" : "")
    let bytes = try await agent.request(target).body(atMost: RemoteLimits.columns)
    guard let columns = Columns(json: bytes.span) else {
      throw RemoteFailure(description: "unreadable columns in the response", isRefusal: true)
    }
    guard columns.series.count * columns.timestamps.count <= limit else {
      throw Columns.TooLarge(ofRows: columns.timestamps.count)
    }
    return columns
  }

  func events(_ query: EventQuery) async throws -> EventHistory? {
    var target = "/events?limit=\(min(10_000, max(1, query.limit)))"
    for case (let name, let time) in [("from", query.from), ("to", query.to)] where time.isFinite {
      target += "&\(name)=" + Timestamp(seconds: max(0, time)).rfc3339
    }
    if let kinds = query.kinds { target += "&kind=" + kinds.map(\.rawValue).sorted().joined(separator: ",") }
    let bytes: [UInt8]
    do {
      bytes = try await agent.request(target).body(atMost: RemoteLimits.events)
    } catch let failure as RemoteFailure where failure.status == 404 {
      // An earlier version.
      return nil
    }
    guard let found = EventHistory(json: bytes.span) else {
      throw RemoteFailure(description: "unreadable events in the response", isRefusal: true)
    }
    return found
  }

  private static func range(_ start: Double, _ end: Double, _ step: Int?) -> String {
    let (from, to) = (Timestamp(seconds: max(0, start)), Timestamp(seconds: max(0, end)))
    return "from=" + from.rfc3339 + "&to=" + to.rfc3339 + (step.map { "&step=" + String($0) } ?? "")
  }
}

extension EventHistory {
  /// Parses the body of `/events`; nil where it is malformed.
  ///
  /// Events without a time are omitted; a kind that this version does not know is ``EventKind/other``.
  init?(json bytes: Span<UInt8>) {
    guard let value = JSONValue(bytes, longestString: RemoteLimits.string), value["events"] != nil else { return nil }
    self = EventHistory.table.read(from: SampleReader(value: value))
    events.removeAll { !$0.time.isFinite }
  }
}

extension Columns {
  /// Parses the columns of `/metrics/history?metrics=…`; nil where they are malformed.
  ///
  /// Series that this version does not know are omitted.
  init?(json bytes: Span<UInt8>) {
    guard let value = JSONValue(bytes), let rows = value["timestamps"]?.elements, let means = value["series"],
      case .object(let series) = means
    else { return nil }
    let timestamps = rows.compactMap(\.number)
    guard timestamps.count == rows.count, zip(timestamps, timestamps.dropFirst()).allSatisfy({ $0 < $1 }) else {
      return nil
    }
    var columns: [Series] = []
    for (key, values) in series {
      guard let text = SeriesText(key.utf8), let metric = Catalog.shared[text.name],
        text.labels.count == metric.labels.count
      else { continue }
      let factor = metric.definition.unit.factor
      func numbers(_ values: JSONValue?) -> [Double]? {
        guard let values else { return [] }
        let numbers = values.elements.map { $0.number.map { $0 * factor } ?? .nan }
        return numbers.count == timestamps.count ? numbers : nil
      }
      guard let values = numbers(values), let minima = numbers(value["min"]?[key]),
        let maxima = numbers(value["max"]?[key])
      else { return nil }
      columns.append(
        Series(metric: metric, labels: text.labels.map(\.value), values: values, minima: minima, maxima: maxima))
    }
    columns.sort { left, right in
      if left.metric.number != right.metric.number { return left.metric.number < right.metric.number }
      // In the order of list indexes: GPU 2 before GPU 10.
      return left.key.utf8.count == right.key.utf8.count
        ? left.key < right.key : left.key.utf8.count < right.key.utf8.count
    }
    self.init(timestamps: timestamps, series: columns)
  }
}
