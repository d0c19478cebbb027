internal import CWindows
internal import Collect

extension WideCounters {
  /// Adds a value that Windows may not report.
  mutating func add(reported value: UInt64, at index: Int) -> UInt64? {
    guard value != cwindows_absent else { return nil }
    add(UInt32(truncatingIfNeeded: value), at: index)
    return totals[index]
  }
}

/// The value, or nil for one that Windows does not report.
func known(_ value: UInt64) -> UInt64? { value == cwindows_absent ? nil : value }

/// The value as a number, or NaN for one that Windows does not report.
func number(_ value: UInt64) -> Double { value == cwindows_absent ? .nan : Double(value) }

/// Windows' text of an error code.
func errorText(_ code: UInt32) -> String {
  text(capacity: 512) { text, capacity in
    cwindows_error_text(code, text, capacity)
    return true
  } ?? "error \(code)"
}
