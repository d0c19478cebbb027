internal import AgentMetrics

/// Values and lists in the words of an event.
enum EventText {
  /// "45s", "3m 20s", "2h 05m", "3d 4h".
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds.isFinite ? seconds : 0), 1e9).rounded())
    if whole < 60 { return "\(whole)s" }
    if whole < 3_600 { return "\(whole / 60)m \(twoDigits(whole % 60))s" }
    if whole < 86_400 { return "\(whole / 3_600)h \(twoDigits(whole / 60 % 60))m" }
    return "\(whole / 86_400)d \(whole / 3_600 % 24)h"
  }

  private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  /// "1 process", "3 processes".
  static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)" + (number == 1 ? "" : noun.hasSuffix("s") ? "es" : "s")
  }

  /// "container web", "job 4711", "nginx.service".
  static func workload(_ kind: WorkloadKind, _ name: String) -> String {
    name.hasSuffix(".service") ? name : (kind == .other ? "group" : kind.rawValue) + " " + name
  }

  /// "97%".
  static func percent(_ share: Double) -> String {
    "\(Int((min(max(0, share), 10) * 100).rounded()))%"
  }

  /// At most one decimal place: "2.5", "8".
  static func tenths(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "?" }
    let rounded = (value * 10).rounded() / 10
    return rounded == rounded.rounded() ? String(Int64(rounded)) : "\(rounded)"
  }

  /// "10 Gbit/s" for bytes per second.
  static func linkSpeed(_ speed: Double) -> String {
    let megabits = speed * 8 / 1e6
    return megabits >= 1_000 ? tenths(megabits / 1_000) + " Gbit/s" : tenths(megabits) + " Mbit/s"
  }

  /// Growth of a counter of occurrences; 0 where a value is absent or the counter was reset.
  static func growth(_ old: Double, _ new: Double) -> Int {
    let growth = new - old
    return growth >= 1 && growth < 1e9 ? Int(growth.rounded()) : 0
  }
}
