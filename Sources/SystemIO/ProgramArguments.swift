internal import CSystemIO

/// The command line that the program was started with.
package enum ProgramArguments {
  /// The arguments without the program's name; empty where there are none.
  ///
  /// `CommandLine.arguments` is the fallback only: on Linux it is lost when the environment moves before `main`, e.g. under
  /// `LD_PRELOAD=libfaketime.so.1`.
  package static let all: [String] = {
    var count: Int32 = 0
    guard let values = csystemio_arguments(&count) else { return Array(CommandLine.arguments.dropFirst()) }
    // argc is 0 where execve(2) was given an empty argv.
    return (1..<max(1, Int(count))).compactMap { index in values[index].map { String(cString: $0) } }
  }()
}
