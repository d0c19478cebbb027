/// Calls of NVML for one device: skips metrics that it does not support, and notices the failure of the whole device.
final class NVMLCalls {
  /// Microseconds of samples that the first reading takes, without a previous one as the start.
  static let firstWindow: UInt64 = 5_000_000

  let handle: NVML.Device
  /// Time of the reading.
  private(set) var now = 0.0
  /// Failure of the device or the library as a whole, rather than of one metric.
  private(set) var failure: NVML.Status?

  private var metrics = NVMLMetrics()
  private var answers = 0
  private var unknowns = 0

  init(_ handle: NVML.Device) {
    self.handle = handle
  }

  /// Begins a reading.
  func begin(at instant: Double) {
    now = instant
    failure = nil
    answers = 0
    unknowns = 0
  }

  /// Ends a reading.
  func end() {
    // "Unknown error" for one metric is a driver bug of that metric; for all metrics it means that the device is gone.
    if failure == nil, answers == 0, unknowns > 0 { failure = .unknown }
  }

  /// Tries unsupported metrics again.
  func reset() {
    metrics.reset()
  }

  /// Calls a function and returns whether it succeeded; a refused metric is skipped for a while.
  func ask(_ metric: NVMLMetrics.NVMLMetric, _ call: () -> Int32) -> Bool {
    var status = NVML.Status.success
    return ask(metric, status: &status, call)
  }

  /// - Parameter isOwn: whether the metric is the device's own. An error of a MIG instance's metric has no
  ///   consequences.
  func ask(
    _ metric: NVMLMetrics.NVMLMetric, status: inout NVML.Status, accepting other: NVML.Status = .success,
    isOwn: Bool = true, _ call: () -> Int32
  ) -> Bool {
    guard isOwn else {
      status = NVML.Status(code: call())
      return status == .success
    }
    if failure != nil || !metrics.isWorthAsking(metric, at: now) {
      // Not the refusal itself, which has further consequences.
      status = .functionNotFound
      return false
    }
    status = NVML.Status(code: call())
    metrics.note(metric, isRefused: status.isRefused, at: now)
    if status.isLost || status.needsInitialisation { failure = status }
    if status == .unknown { unknowns += 1 }
    guard status == .success || status == other else { return false }
    answers += 1
    return true
  }

  func number(_ metric: NVMLMetrics.NVMLMetric, _ call: NVML.DeviceNumber?) -> Double {
    var value: UInt32 = 0
    guard let call, ask(metric, { call(handle, &value) }) else { return .nan }
    return Double(value)
  }

  func number(_ metric: NVMLMetrics.NVMLMetric, _ call: NVML.DeviceNumberOf?, _ which: UInt32) -> Double {
    var value: UInt32 = 0
    guard let call, ask(metric, { call(handle, which, &value) }) else { return .nan }
    return Double(value)
  }

  func first(_ metric: NVMLMetrics.NVMLMetric, _ call: NVML.DevicePair?) -> Double {
    var value: UInt32 = 0
    var other: UInt32 = 0
    guard let call, ask(metric, { call(handle, &value, &other) }) else { return .nan }
    return Double(value)
  }

  func text(_ metric: NVMLMetrics.NVMLMetric, _ call: NVML.DeviceText?) -> String? {
    guard let call else { return nil }
    return NVML.text { characters, length in
      var code = NVML.Status.notSupported.code
      _ = ask(metric) {
        code = call(handle, characters, length)
        return code
      }
      return code
    }
  }

  /// Converts a percentage to a share; NaN above 100, which drivers report if the value is unknown.
  static func share(_ percent: Double) -> Double {
    percent >= 0 && percent <= 100 ? percent / 100 : .nan
  }
}
