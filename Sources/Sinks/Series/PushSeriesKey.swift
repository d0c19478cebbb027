/// What tells one series of a machine from another, before the labels that the operator adds.
struct PushSeriesKey: Hashable, Sendable {
  /// Place of its family in `PrometheusNames.families`; ``probe`` for the one series that is not of the catalog.
  let family: Int
  /// Names and values in turn, in the order of the catalog; no value is empty.
  let labels: [String]

  /// `agent_push_probe`, which asks a receiver whether it takes samples of a moment (``Pusher``).
  static let probe = PushSeriesKey(family: -1, labels: [])
}
