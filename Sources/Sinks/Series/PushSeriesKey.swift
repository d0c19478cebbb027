/// Identifies a series of a machine, before the operator's labels are added.
struct PushSeriesKey: Hashable, Sendable {
  /// Index of its family in `PrometheusNames.families`; ``probe`` for the only series that is not in the catalog.
  let family: Int
  /// Names and values in turn, in the order of the catalog; no value is empty.
  let labels: [String]

  /// `agent_push_probe`, which tests whether a receiver accepts samples of a time (``Pusher``).
  static let probe = PushSeriesKey(family: -1, labels: [])
}
