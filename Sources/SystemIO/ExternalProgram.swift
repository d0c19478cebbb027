internal import CSystemIO

/// Another program, run without a shell.
package enum ExternalProgram {
  /// How a program ended.
  package enum End: Equatable, Sendable {
    case exited(Int32)
    case signaled(Int32)
    /// Killed with its children: the deadline passed, or it printed too much.
    case late, tooMuch
  }

  /// Runs a program to its end, its deadline or its limit, with an empty input; children that it leaves end with it.
  ///
  /// - Parameters:
  ///   - environment: `NAME=value`; ignored on Windows.
  ///   - limit: maximum bytes of output; `errors` keeps the first 4 KiB.
  /// - Throws: SystemError if it cannot be started or read.
  package static func run(
    _ path: String, _ arguments: [String], environment: [String], deadline: Double, limit: Int
  ) throws(SystemError) -> (end: End, output: [UInt8], errors: [UInt8]) {
    var run = csystemio_run()
    var result: Int32 = 0
    var errors = [UInt8](repeating: 0, count: 4_096)
    let output = withStrings([path] + arguments) { arguments in
      withStrings(environment) { environment in
        [UInt8](unsafeUninitializedCapacity: limit) { output, count in
          result = errors.withUnsafeMutableBytes { errors in
            csystemio_run_program(
              path, arguments, environment, deadline, output.baseAddress, Int64(limit), errors.baseAddress,
              Int64(errors.count), &run)
          }
          // The call has initialized that many bytes.
          count = Int(run.output_count)
        }
      }
    }
    if result != 0 { throw SystemError("start " + path) }
    let end: End =
      switch Int(run.end) {
      case CSYSTEMIO_EXITED: .exited(run.code)
      case CSYSTEMIO_SIGNALED: .signaled(run.code)
      case CSYSTEMIO_LATE: .late
      default: .tooMuch
      }
    // A copy, so that the large buffer is freed.
    return (end, output.withUnsafeBufferPointer { Array($0) }, Array(errors.prefix(Int(run.errors_count))))
  }

  /// Passes C strings, with a NULL after the last.
  private static func withStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
  ) -> Result {
    let bytes = texts.map { Array($0.utf8CString) }
    let ends = bytes.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
    return bytes.flatMap { $0 }.withUnsafeBufferPointer { all in
      // In range: each offset is the beginning of a text in `all`.
      let pointers = ends.dropLast().map { offset in all.baseAddress.map { $0 + offset } } + [nil]
      return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
  }
}
