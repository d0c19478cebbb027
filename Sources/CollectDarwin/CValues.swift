internal import CDarwin
internal import Collect

/// The value, or nil for one that macOS does not report.
func known(_ value: UInt64) -> UInt64? { value == cdarwin_absent ? nil : value }

/// The value as a number, or NaN for one that macOS does not report.
func number(_ value: UInt64) -> Double { value == cdarwin_absent ? .nan : Double(value) }

/// The C library's text of an error code.
func errorText(_ code: Int32) -> String {
  text(capacity: 256) { text, capacity in
    cdarwin_error_text(code, text, capacity)
    return true
  } ?? "error \(code)"
}
