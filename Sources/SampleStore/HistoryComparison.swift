internal import AgentMetrics
package import Query

extension History {
  /// Compares the stored samples around two times; nil if one of them has none.
  ///
  /// - Parameter window: seconds around each time; less if they are closer. Without a sample in its window a time has the
  ///   nearest one within three intervals.
  package func comparison(
    _ first: Double, _ second: Double, window: Double
  ) async throws(Columns.TooLarge) -> Comparison? {
    let window = min(window, abs(second - first))
    guard let before = try await means(around: first, window), let after = try await means(around: second, window)
    else { return nil }
    return Comparison(before, at: first, after, at: second, window: window)
  }

  private func means(around time: Double, _ window: Double) async throws(Columns.TooLarge) -> WindowMeans? {
    var sum = WindowMeans()
    try await visitSamples(from: time - window / 2, to: time + window / 2) { sum.add($0) }
    guard sum.count == 0 else { return sum }
    var nearest: Sample?
    func distance(_ sample: Sample) -> Double { abs(sample.timestamp.seconds - time) }
    let reach = max(window, Double(3 * interval))
    try await visitSamples(from: time - reach, to: time + reach) { sample in
      if nearest.map({ distance(sample) < distance($0) }) ?? true { nearest = sample }
    }
    guard let nearest else { return nil }
    sum.add(nearest)
    return sum
  }

  /// Sums resources that workloads or users held without use between two times.
  package func waste(
    from start: Double, to end: Double, by grouping: WasteGrouping, limit: Int
  ) async throws(Columns.TooLarge) -> WasteReport {
    let window = SampleWindow(from: start, to: end)
    var sum = WasteSum(by: grouping, in: window)
    try await visitSamples(in: window, lead: max(WasteSum.lead, Double(3 * interval))) { sum.add($0) }
    return sum.report(limit: limit)
  }
}
